// Runs a TypeScript entry of this repository on the Node it pins, installing what is missing first.
// Plain JavaScript, because the system's Node that starts it may be as old as 18.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const binaries = join(root, 'node_modules', '.bin');
const pinnedNode = join(binaries, 'node');
const heartbeat = 10_000;

const [entry, ...args] = process.argv.slice(2);
if (!entry) fail('usage: node deploy/local/bootstrap.mjs <entry.ts> [arguments]');
if (!isInstalled()) await install();
if (!pinnedNodeWorks()) repairPinnedNode();
runEntry();

/**
 * Compares what npm says it installed with what the lock file asks for. File times would not do: a checkout renews them.
 * Optional packages are for other platforms when they are absent.
 */
function isInstalled() {
  const wanted = readPackages('package-lock.json');
  const present = readPackages('node_modules/.package-lock.json');
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (!path.includes('node_modules/') || optional) return true;
    return link ? existsSync(join(root, path)) : present[path]?.version === version;
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** `npm ci`, with a sign of life: npm itself shows nothing for minutes where its output is not a terminal. */
async function install() {
  const began = Date.now();
  const seconds = () => `${String(Math.round((Date.now() - began) / 1000)).padStart(3)} s`;
  console.log('[  0 s] Installing the npm packages of package-lock.json (npm ci)');
  const timer = setInterval(() => console.log(`[${seconds()}] npm ci is still working`), heartbeat);
  // Warnings there are about the Node that installs, and the packages run on the pinned one.
  const npm = spawn('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
  });
  const code = await new Promise((resolve) => {
    npm.once('error', (error) => fail(`npm cannot be run: ${error.message}`));
    npm.once('close', resolve);
  });
  clearInterval(timer);
  if (code !== 0) fail(`npm ci ended with code ${code}.`);
  console.log(`[${seconds()}] The npm packages are installed`);
}

function pinnedNodeWorks() {
  const major = readFileSync(join(root, '.nvmrc'), 'utf8').trim();
  const { status, stdout } = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' });
  return status === 0 && stdout.startsWith(`v${major}.`);
}

/** The "node" package fetches its binary in an install script; where npm is set to run none, it is run here. */
function repairPinnedNode() {
  console.log(
    'node_modules/.bin/node does not run: fetching the pinned Node (was its install script blocked?)',
  );
  const cwd = join(root, 'node_modules', 'node');
  spawnSync(process.execPath, ['installArchSpecificPackage'], { cwd, stdio: 'inherit' });
  if (!pinnedNodeWorks()) {
    fail(
      'The pinned Node could not be installed. Allow the install script of the npm package "node"\n' +
        '(npm config set ignore-scripts false, then npm ci) and try again.',
    );
  }
}

function runEntry() {
  const env = { ...process.env, PATH: binaries + delimiter + (process.env.PATH ?? '') };
  const child = spawn(pinnedNode, [join(root, entry), ...args], { cwd: root, env, stdio: 'inherit' });
  // Ctrl-C reaches the child by itself, but a signal sent to this process alone would not.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => fail(`The pinned Node cannot be run: ${error.message}`));
  child.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

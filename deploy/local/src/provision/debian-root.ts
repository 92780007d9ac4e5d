import { existsSync, mkdirSync, readdirSync, renameSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from '../backing/cache.ts';
import { tryLock } from '../backing/lock.ts';
import { beginStep, createDebootstrapReader, describeAptStatus } from './progress.ts';
import type { Report } from './progress.ts';
import { recipe, recipeVersion } from './recipe.ts';
import { run } from './run.ts';
import { sandboxed } from './sandbox.ts';

const bytesNeeded = 2.5e9;
const noQuestions = { DEBIAN_FRONTEND: 'noninteractive' };

/** Where the finished root of the present recipe is, or will be. */
export function debianRootPath(): string {
  return join(cacheFolder(), `root-${recipeVersion}`);
}

/**
 * Gives the private Debian root, building it first when this machine has none (about a minute and 1.2 GB of disk).
 * A root is built aside and renamed when complete, so a half-built one is never used.
 */
export async function provideDebianRoot(report: Report): Promise<string> {
  const root = debianRootPath();
  if (existsSync(root)) return root;
  const release = await waitForLock(join(cacheFolder(), 'provision.lock'), report);
  try {
    if (!existsSync(root)) await buildRoot(root, report);
    return root;
  } finally {
    release();
  }
}

async function waitForLock(path: string, report: Report): Promise<() => void> {
  let said = false;
  for (;;) {
    const lock = tryLock(path);
    if (typeof lock === 'function') return lock;
    if (!said) report(`Process ${lock.owner.pid} is building the private Debian root; waiting for it.`);
    said = true;
    await sleep(500);
  }
}

async function buildRoot(root: string, report: Report): Promise<void> {
  const logFile = join(cacheFolder(), 'provision.log');
  checkSpace(dirname(root));
  report(`Building a private Debian root with PostgreSQL/DocumentDB and RabbitMQ (once; log: ${logFile})`);
  await removeHalfBuilt(dirname(root), logFile);
  await installDebootstrap(report, logFile);
  const building = `${root}.building`;
  await installBase(building, report, logFile);
  writeFiles(building);
  await installPackages(building, report, logFile);
  renameSync(building, root);
  report(`The private Debian root is ready: ${root}`);
}

function checkSpace(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= bytesNeeded) return;
  throw new Error(
    `${folder} has ${Math.round((bavail * bsize) / 1e6)} MB free; the private root needs ${bytesNeeded / 1e6} MB.`,
  );
}

/** What an interrupted build left. Its mounts died with it; `--one-file-system` is a second safeguard against following one. */
async function removeHalfBuilt(folder: string, logFile: string): Promise<void> {
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.building'))) {
    await run('rm', ['-rf', '--one-file-system', join(folder, name)], { logFile });
  }
}

async function installDebootstrap(report: Report, logFile: string): Promise<void> {
  if (existsSync('/usr/sbin/debootstrap')) return;
  const step = beginStep('Installing debootstrap on this machine', report);
  const env = { ...process.env, ...noQuestions };
  await run('apt-get', ['update'], { env, logFile });
  // The keyring is not a dependency of debootstrap on Ubuntu, and without it Debian's signatures cannot be verified.
  const packages = ['debootstrap', 'debian-archive-keyring'];
  await run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env, logFile });
  step.done();
}

async function installBase(target: string, report: Report, logFile: string): Promise<void> {
  const step = beginStep(`Installing the Debian ${recipe.suite} base system`, report);
  const describe = createDebootstrapReader();
  // An older debootstrap has no script for the newest suite; all of Debian's share the one of "sid".
  // The empty third argument leaves the mirror at the tool's own default.
  const script = existsSync(`/usr/share/debootstrap/scripts/${recipe.suite}`) ? recipe.suite : 'sid';
  // debootstrap mounts /proc inside its target: in a namespace of its own, so that nothing stays mounted.
  const args = [
    '--mount',
    '--propagation',
    'private',
    'debootstrap',
    '--variant=minbase',
    recipe.suite,
    target,
    '',
    script,
  ];
  const onLine = (line: string) => {
    const detail = describe(line);
    if (detail) step.update(detail);
  };
  await run('unshare', args, { env: { ...process.env, ...noQuestions }, logFile, onLine });
  step.done();
}

function writeFiles(root: string): void {
  for (const [name, content] of Object.entries(recipe.files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: content.startsWith('#!') ? 0o755 : 0o644 });
  }
}

async function installPackages(root: string, report: Report, logFile: string): Promise<void> {
  const apt = async (label: string, ...command: string[]) => {
    const step = beginStep(label, report);
    const options = recipe.aptOptions.flatMap((option) => ['-o', option]);
    const env = { ...noQuestions, ...proxySettings() };
    const { command: program, args } = sandboxed({
      root,
      env,
      command: ['apt-get', '-y', ...options, ...command],
    });
    const onLine = (line: string) => {
      const detail = describeAptStatus(line);
      if (detail) step.update(detail);
    };
    await run(program, args, { logFile, onLine });
    step.done();
  };
  await apt('Reading the package lists', 'update');
  await apt(`Installing ${recipe.packages.join(', ')}`, 'install', ...recipe.packages);
  await apt('Removing the downloaded packages', 'clean');
}

/** A machine behind a proxy needs it inside the root too. */
function proxySettings(): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

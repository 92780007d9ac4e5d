import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { repositoryRoot } from './backing/cache.ts';
import { watchInterrupts } from './interrupt.ts';
import { outputOf, projectsWith, runMany, temporaryLog } from './nx.ts';

/** `npm run check`: types, lint with module boundaries, formatting, unused code. One line each; details only when red. */
const logFile = temporaryLog('check');
const interrupted = watchInterrupts();
const checks: [name: string, check: () => Promise<string>][] = [
  ['types and lint', checkProjects],
  [
    'formatting',
    () => runTool('node_modules/prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']),
  ],
  [
    'unused code',
    () =>
      runTool('node_modules/knip/bin/knip.js', [
        '--config',
        '.config/knip.mjs',
        '--no-progress',
        '--no-config-hints',
      ]),
  ],
];

let red = 0;
for (const [name, check] of checks) {
  const began = Date.now();
  const problems = interrupted.aborted ? `interrupted by ${String(interrupted.reason)}` : await check();
  if (problems) red++;
  console.log(`${problems ? '✗' : '✓'} ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  if (problems) console.log(`${problems}\n`);
}
rmSync(logFile, { force: true });
process.exit(red > 0 ? 1 : 0);

/** @returns what is wrong, or an empty string */
async function checkProjects(): Promise<string> {
  const targets = ['typecheck', 'lint'];
  const projects = await projectsWith('typecheck');
  const code = await runMany({ targets, projects, logFile, interrupted });
  if (code === 0) return '';
  const log = readFileSync(logFile, 'utf8').replaceAll('\r', '');
  const failed = projects.flatMap((project) => targets.map((target) => ({ project, target })));
  const outputs = failed
    .map(({ project, target }) => outputOf(log, project, target))
    .filter(saysMoreThanItsCommand);
  return outputs.join('\n\n') || log;
}

/** A green task prints two lines: its own name and its command. */
function saysMoreThanItsCommand(output: string): boolean {
  return output.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('> ')).length > 0;
}

function runTool(script: string, args: string[]): Promise<string> {
  const child = spawn(process.execPath, [script, ...args], { cwd: repositoryRoot, signal: interrupted });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) =>
      resolve(code === 0 ? '' : output.trim() || `${script} ended with code ${code}`),
    );
  });
}

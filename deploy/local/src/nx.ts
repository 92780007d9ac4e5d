import { spawn, execFile } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from './backing/cache.ts';

const nx = join(repositoryRoot, 'node_modules/nx/dist/bin/nx.js');

/** Commands of the targets must find the pinned Node first; Nx must neither draw nor call home. */
function environment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: join(repositoryRoot, 'node_modules/.bin') + delimiter + (process.env['PATH'] ?? ''),
    NX_TUI: 'false',
    FORCE_COLOR: '0',
    NO_COLOR: '1',
    ...extra,
  };
}

/** The projects that have a target, by their short names (`@pipedesk/crm` is `crm`). */
export async function projectsWith(target: string): Promise<string[]> {
  const args = [nx, 'show', 'projects', '--with-target', target, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: repositoryRoot,
    env: environment(),
  });
  return (JSON.parse(stdout.slice(stdout.indexOf('['))) as string[]).map(shortName).sort();
}

export function shortName(project: string): string {
  return project.replace(/^@pipedesk\//, '');
}

/** What one run of Nx says is kept here while it lasts. Named by process: two runs at once must not mix. */
export function temporaryLog(name: string): string {
  return join(repositoryRoot, `node_modules/.cache/pipedesk/${name}-${process.pid}.log`);
}

export interface RunMany {
  targets: string[];
  projects: string[];
  /** Handed to each target's command. */
  args?: string[];
  env?: NodeJS.ProcessEnv;
  logFile: string;
  /** Milliseconds after which the run is ended. */
  timeout?: number;
  /** Ends the run when it aborts. */
  interrupted: AbortSignal;
}

/** Runs targets of several projects; their output goes to the log file. @returns Nx's exit code, or null when it was ended */
export async function runMany({
  targets,
  projects,
  args = [],
  env,
  logFile,
  timeout,
  interrupted,
}: RunMany): Promise<number | null> {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = createWriteStream(logFile);
  const names = projects.map((project) => `@pipedesk/${project}`).join(',');
  const command = [nx, 'run-many', '-t', ...targets, `--projects=${names}`, '--output-style=static', ...args];
  const child = spawn(process.execPath, command, {
    cwd: repositoryRoot,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
  });
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
  const end = () => child.kill('SIGTERM');
  interrupted.addEventListener('abort', end);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  interrupted.removeEventListener('abort', end);
  await new Promise((resolve) => log.end(resolve));
  return code;
}

/** The part of Nx's static output that one task wrote, or an empty string. */
export function outputOf(log: string, project: string, target: string): string {
  const blocks = log.split(/^(?=> nx run )/m);
  const block = blocks.find((text) => text.startsWith(`> nx run @pipedesk/${project}:${target}`));
  return (block ?? '').split(/^\s*(?:—{5,}| NX {3})/m)[0]?.trim() ?? '';
}

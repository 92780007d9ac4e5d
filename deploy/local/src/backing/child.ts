import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { descendants, identify, isAlive, isStopped, signal } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { waitUntil } from './wait.ts';

export interface ChildOptions {
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Both output streams are appended here. */
  logFile: string;
  /** Records the process, so that a later run can end it if this one dies without doing so. */
  recordFile: string;
  /** The signal that asks the process to end in order, and how long (ms) to wait before it is killed. */
  stopSignal?: NodeJS.Signals;
  stopTimeout?: number;
}

/** A process this program started and answers for. */
export interface Child {
  readonly name: string;
  readonly logFile: string;
  pid(): number;
  isRunning(): boolean;
  /** Started and not asked to end since: when it is not running either, it crashed. */
  isWanted(): boolean;
  start(): void;
  /** Asks it to end, kills it when it does not, and waits until it and all its descendants are gone. */
  stop(): Promise<void>;
  /** SIGKILL; with `tree`, to every descendant too. Waits until they are gone. */
  kill(options?: { tree: boolean }): Promise<void>;
  /** SIGSTOP for the process and every descendant. Waits until all stand still: a thread that does not may still answer. */
  freeze(): Promise<void>;
  /** SIGCONT for all of them. */
  thaw(): void;
  /** Has the handler called whenever the process ends although nobody asked it to. */
  onCrash(handler: (how: string) => void): void;
  /** The last lines it wrote, for error messages. */
  logTail(): string;
}

/** Prepares a process; nothing runs until `start()`. It gets a session of its own, so that Ctrl-C reaches only its owner. */
export function createChild(options: ChildOptions): Child {
  let running: ProcessIdentity | undefined;
  let wanted = false;
  let crashed: ((how: string) => void) | undefined;

  function start(): void {
    if (running && isAlive(running)) throw new Error(`${options.name} is already running`);
    const child = spawnLogged(options);
    if (child.pid === undefined) throw new Error(`${options.name}: cannot run ${options.command}`);
    const current = identify(child.pid);
    running = current;
    wanted = true;
    mkdirSync(dirname(options.recordFile), { recursive: true });
    writeFileSync(options.recordFile, JSON.stringify(current));
    child.once('exit', (code, sign) => {
      if (wanted && running === current) crashed?.(sign ? `by ${sign}` : `with code ${code}`);
    });
    child.unref();
  }

  async function end(first: NodeJS.Signals, tree: boolean, timeout: number): Promise<void> {
    wanted = false;
    if (!running) return;
    const identity = running;
    const family = [identity, ...descendants(identity.pid)];
    for (const member of tree ? family : [identity]) signal(member, first);
    const gone = () => !family.some(isAlive);
    if (!(await waitUntil(gone, timeout))) {
      for (const member of [...family, ...descendants(identity.pid)]) signal(member, 'SIGKILL');
      await waitUntil(gone, 5_000);
    }
    rmSync(options.recordFile, { force: true });
    running = undefined;
  }

  function signalFamily(name: NodeJS.Signals): ProcessIdentity[] {
    const family = running ? [running, ...descendants(running.pid)] : [];
    for (const member of family) signal(member, name);
    return family;
  }

  return {
    name: options.name,
    logFile: options.logFile,
    pid: () => {
      if (!running) throw new Error(`${options.name} is not running`);
      return running.pid;
    },
    isRunning: () => running !== undefined && isAlive(running),
    isWanted: () => wanted,
    start,
    stop: async () => {
      signalFamily('SIGCONT');
      await end(options.stopSignal ?? 'SIGTERM', false, options.stopTimeout ?? 10_000);
    },
    kill: ({ tree } = { tree: false }) => end('SIGKILL', tree, 5_000),
    freeze: async () => {
      const family = signalFamily('SIGSTOP');
      if (!(await waitUntil(() => family.every(isStopped), 5_000)))
        throw new Error(`${options.name} does not stand still 5 s after SIGSTOP`);
    },
    thaw: () => void signalFamily('SIGCONT'),
    onCrash: (handler) => void (crashed = handler),
    logTail: () => tail(options.logFile),
  };
}

/**
 * Makes a command end with this program even when that is killed and cannot stop it. Only Linux can; elsewhere the command
 * stays as it is and the next run finds it by its record.
 */
export function boundToParent(command: string, args: string[]): { command: string; args: string[] } {
  if (!existsSync('/usr/bin/setpriv')) return { command, args };
  return { command: '/usr/bin/setpriv', args: ['--pdeathsig', 'TERM', '--', command, ...args] };
}

function spawnLogged(options: ChildOptions) {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a');
  try {
    return spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
}

/** The last lines of a text file, or a word that there are none. */
export function tail(file: string, lines = 15): string {
  try {
    const text = readFileSync(file, 'utf8').trimEnd();
    return text === '' ? '(empty)' : text.split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log file)';
  }
}

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createChild } from './child.ts';
import { clearStalePostmaster, endLeftovers } from './leftovers.ts';
import { tryLock } from './lock.ts';
import { identify, isAlive, parseStat } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { waitUntil } from './wait.ts';

let folder: string;
const started: ProcessIdentity[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipedesk-processes-'));
});

afterEach(() => {
  for (const identity of started.splice(0)) if (isAlive(identity)) process.kill(identity.pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function sleeper(cwd = folder): ProcessIdentity {
  const child = spawn('sleep', ['60'], { cwd, detached: true, stdio: 'ignore' });
  if (child.pid === undefined) throw new Error('sleep does not run');
  const identity = identify(child.pid);
  started.push(identity);
  return identity;
}

function record(name: string, content: unknown): void {
  mkdirSync(join(folder, 'processes'), { recursive: true });
  writeFileSync(join(folder, 'processes', `${name}.json`), JSON.stringify(content));
}

describe("a process's identity", () => {
  it('reads the start time behind a command name with spaces and parentheses', () => {
    const fields = ['S', '7', ...Array.from({ length: 17 }, (_, index) => `f${index}`), '424242', 'rest'];
    expect(parseStat(`123 (a) b (c)) ${fields.join(' ')}`)).toEqual({
      state: 'S',
      ppid: 7,
      startTime: '424242',
    });
  });

  it('does not take a later process with the same pid, or one of another boot, for the same', () => {
    const identity = sleeper();
    expect(isAlive(identity)).toBe(true);
    expect(isAlive({ ...identity, startTime: '1' })).toBe(false);
    expect(isAlive({ ...identity, bootId: 'an earlier boot' })).toBe(false);
  });
});

describe('what an earlier run left', () => {
  it('is ended and forgotten', async () => {
    const left = sleeper();
    record('rabbitmq', left);
    expect(await endLeftovers(join(folder, 'processes'))).toEqual(['rabbitmq']);
    expect(isAlive(left)).toBe(false);
    expect(existsSync(join(folder, 'processes', 'rabbitmq.json'))).toBe(false);
  });

  it('is left alone when its pid now belongs to someone else, or its record is broken', async () => {
    const stranger = sleeper();
    record('postgres', { ...stranger, startTime: '1' });
    record('gateway', 'cut sho');
    expect(await endLeftovers(join(folder, 'processes'))).toEqual([]);
    expect(isAlive(stranger)).toBe(true);
  });

  it('includes a postmaster.pid whose pid another program got meanwhile', () => {
    const stranger = sleeper(tmpdir());
    writeFileSync(join(folder, 'postmaster.pid'), `${stranger.pid}\n/mnt/data\n`);
    clearStalePostmaster(folder);
    expect(existsSync(join(folder, 'postmaster.pid'))).toBe(false);
  });

  it('does not include the postmaster.pid of a server that works in the folder', () => {
    writeFileSync(join(folder, 'postmaster.pid'), `${sleeper(folder).pid}\n/mnt/data\n`);
    clearStalePostmaster(folder);
    expect(existsSync(join(folder, 'postmaster.pid'))).toBe(true);
  });
});

describe('a lock', () => {
  it('names its owner to the second who asks, and is free again when given back', () => {
    const path = join(folder, 'owner.lock');
    const release = tryLock(path);
    if (typeof release !== 'function') throw new Error('the lock was not free');
    expect(tryLock(path)).toEqual({ owner: identify(process.pid) });
    release();
    expect(tryLock(path)).toBeInstanceOf(Function);
  });

  it.each([
    ['whose owner is gone', JSON.stringify({ pid: process.pid, startTime: '1', bootId: 'x' })],
    ['that holds nothing readable', ''],
  ])('%s is taken over', (_, content) => {
    const path = join(folder, 'owner.lock');
    writeFileSync(path, content);
    expect(tryLock(path)).toBeInstanceOf(Function);
    expect(tryLock(path)).toEqual({ owner: identify(process.pid) });
  });
});

describe('a child process', () => {
  const stubborn = (script: string) =>
    createChild({
      name: 'stubborn',
      command: 'sh',
      args: ['-c', script],
      logFile: join(folder, 'stubborn.log'),
      recordFile: join(folder, 'processes', 'stubborn.json'),
      stopTimeout: 300,
    });

  it('that ignores the request to end is killed with its descendants', async () => {
    const file = join(folder, 'descendant');
    const child = stubborn(`trap "" TERM; sleep 60 & echo $! > ${file}.part; mv ${file}.part ${file}; wait`);
    child.start();
    expect(await waitUntil(() => existsSync(file), 5_000)).toBe(true);
    const descendant = identify(Number(readFileSync(file, 'utf8')));
    await child.stop();
    expect([child.isRunning(), isAlive(descendant)]).toEqual([false, false]);
    expect(existsSync(join(folder, 'processes', 'stubborn.json'))).toBe(false);
  });

  it('reports a crash, but not an end that was asked for', async () => {
    const crashes: string[] = [];
    const child = stubborn('exit 3');
    child.onCrash((how) => crashes.push(how));
    child.start();
    await waitUntil(() => crashes.length > 0, 5_000);
    expect(crashes).toEqual(['with code 3']);

    const asked = stubborn('sleep 60');
    asked.onCrash((how) => crashes.push(how));
    asked.start();
    await asked.kill();
    expect(crashes).toHaveLength(1);
  });
});

import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { descendants, isAlive, signal } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { waitUntil } from './wait.ts';

/**
 * Ends what an earlier run of this instance left behind (its owner was killed and could not stop them). Only processes
 * whose record matches in pid, start time and boot are touched.
 * @returns the names of what was ended
 */
export async function endLeftovers(recordFolder: string): Promise<string[]> {
  const ended: string[] = [];
  for (const file of listRecords(recordFolder)) {
    const path = join(recordFolder, file);
    const identity = readRecord(path);
    if (identity && isAlive(identity)) {
      await endFamily(identity);
      ended.push(file.replace(/\.json$/, ''));
    }
    rmSync(path, { force: true });
  }
  return ended;
}

function listRecords(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}

/** A record cut short by a crash identifies nobody. */
function readRecord(path: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<ProcessIdentity>;
    return typeof value.pid === 'number' ? { ...value, pid: value.pid } : undefined;
  } catch {
    return undefined;
  }
}

async function endFamily(identity: ProcessIdentity): Promise<void> {
  const family = [identity, ...descendants(identity.pid)];
  for (const member of family) signal(member, 'SIGCONT');
  signal(identity, 'SIGTERM');
  if (await waitUntil(() => !family.some(isAlive), 5_000)) return;
  for (const member of family) signal(member, 'SIGKILL');
  await waitUntil(() => !family.some(isAlive), 5_000);
}

/**
 * Removes a `postmaster.pid` that nobody holds. PostgreSQL refuses to start when the pid in it was meanwhile given to any
 * other process; a real postmaster of this data folder is recognised by its working directory, which is that folder.
 */
export function clearStalePostmaster(dataFolder: string): void {
  const lock = join(dataFolder, 'postmaster.pid');
  let pid: number;
  try {
    pid = Number(readFileSync(lock, 'utf8').split('\n')[0]);
  } catch {
    return;
  }
  if (!worksIn(pid, dataFolder)) rmSync(lock, { force: true });
}

function worksIn(pid: number, folder: string): boolean {
  try {
    const [theirs, ours] = [statSync(`/proc/${pid}/cwd`), statSync(folder)];
    return theirs.dev === ours.dev && theirs.ino === ours.ino;
  } catch {
    return false;
  }
}

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../provision/progress.ts';
import { cacheFolder } from './cache.ts';
import { endLeftovers } from './leftovers.ts';
import { tryLock } from './lock.ts';

const ephemeralMark = 'ephemeral';

/**
 * Makes this process the one that runs an instance, and ends what a run that was killed left behind.
 * @returns gives the instance back
 * @throws when another process runs it
 */
export async function claimInstance(
  folder: string,
  { ephemeral, report }: { ephemeral: boolean; report: Report },
): Promise<() => void> {
  const lock = tryLock(join(folder, 'owner.lock'));
  if (typeof lock !== 'function')
    throw new Error(`This stack already runs, started by process ${lock.owner.pid}; stop it there first.`);
  if (ephemeral) writeFileSync(join(folder, ephemeralMark), '');
  const ended = await endLeftovers(join(folder, 'processes'));
  if (ended.length > 0) report(`Ended what an earlier run had left: ${ended.join(', ')}`);
  return lock;
}

/** Removes ephemeral instances whose owners died before they could. */
export async function discardAbandoned(): Promise<void> {
  const all = join(cacheFolder(), 'instances');
  mkdirSync(all, { recursive: true });
  for (const name of readdirSync(all)) {
    const folder = join(all, name);
    if (!existsSync(join(folder, ephemeralMark))) continue;
    const lock = tryLock(join(folder, 'owner.lock'));
    if (typeof lock !== 'function') continue;
    await endLeftovers(join(folder, 'processes'));
    rmSync(folder, { recursive: true, force: true });
  }
}

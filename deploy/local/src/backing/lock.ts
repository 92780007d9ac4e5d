import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { identify, isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** Another process holds the lock. */
export interface Held {
  owner: ProcessIdentity;
}

/**
 * Takes a lock file that names its owner. A lock whose owner is gone is taken over. The record is written aside and linked
 * into place, so nobody can ever read a half-written lock.
 * @returns a function that gives it back, or who holds it
 */
export function tryLock(path: string): (() => void) | Held {
  mkdirSync(dirname(path), { recursive: true });
  const own = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(own, JSON.stringify(identify(process.pid)));
  try {
    for (;;) {
      if (link(own, path)) return () => rmSync(path, { force: true });
      const owner = readOwner(path);
      if (owner && isAlive(owner)) return { owner };
      discardStale(path, owner);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

/** Moves the stale lock away before deleting it: if someone took it over in between, what moved is theirs and goes back. */
function discardStale(path: string, stale: ProcessIdentity | undefined): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = readOwner(aside);
  if (moved && moved.pid !== stale?.pid && isAlive(moved)) link(aside, path);
  rmSync(aside, { force: true });
}

import { setTimeout as sleep } from 'node:timers/promises';
import { isUnreachable } from './connection-loss.ts';

const PATIENCE_MS = 5_000;
const OUTAGE_PAUSE_MS = 100;
const CONFLICT_TRIES = 5;
/** Serialization failure and deadlock: PostgreSQL undid the statement. */
const CONFLICTS = new Set<unknown>(['40001', '40P01']);

/**
 * Runs one statement again where that is harmless, as MongoDB does inside: after a conflict, which undid it, always; after the
 * connection broke under it only if it is `repeatable`, and for some seconds at most. The statement must be a transaction of its own.
 */
export async function insist<T>(run: () => Promise<T>, repeatable: boolean): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let conflicts = 0; ;) {
    try {
      return await run();
    } catch (error) {
      const broken = repeatable && isUnreachable(error) && Date.now() < deadline;
      const conflict = CONFLICTS.has((error as { code?: unknown }).code) && (conflicts += 1) < CONFLICT_TRIES;
      if (!broken && !conflict) throw error;
      // Those that met in a deadlock must not meet again in step.
      await sleep(broken ? OUTAGE_PAUSE_MS : Math.random() * 20 * conflicts);
    }
  }
}

import { statements } from '../postgres/statements.ts';
import { collectionOf } from './arguments.ts';
import type { Command } from './command.ts';

/** What the engine fails with when two transactions create one collection: the loser's snapshot does not show it. */
const ENGINE_INTERNAL_ERROR = 'M0000';
const CREATING = new Set(['insert', 'update', 'findAndModify', 'findandmodify']);

/**
 * True when a write in a transaction failed because another one creates the same collection. It is made sure of here, outside the
 * transaction, which is over; run again it finds the collection.
 */
export async function lostRaceToCreate(error: unknown, { request, services }: Command): Promise<boolean> {
  if ((error as { code?: unknown }).code !== ENGINE_INTERNAL_ERROR || !CREATING.has(request.name))
    return false;
  const [row] = await services.pool
    .run(statements.createCollection, [request.db, collectionOf(request)])
    .catch(() => []);
  return row !== undefined;
}

import type { Connection } from './connection.ts';

/**
 * Removes records for good whose events audit has, all of them: a record with anything in its outbox stays, however old. Only
 * for records that are written for their event alone; it leaves no event itself.
 * @param before records created earlier
 * @returns how many
 */
export async function removeSettled({ db }: Connection, collection: string, before: Date): Promise<number> {
  if (!db) throw new Error('removing needs an open connection');
  const hasNothingWaiting = { _outbox: { $exists: false }, _outboxAt: { $exists: false } };
  const { deletedCount } = await db
    .collection(collection)
    .deleteMany({ createdAt: { $lt: before }, ...hasNothingWaiting });
  return deletedCount;
}

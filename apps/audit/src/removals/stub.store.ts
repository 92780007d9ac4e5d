import type { Connection, Migration } from '@pipedesk/mongo';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { removedIn, type RemovedRecord } from '../seals/format/removed.ts';
import { sealId, type SegmentRange, type StoredSeal } from '../seals/seal.store.ts';

const collection = 'auditseals';
export const stubIndex = 'removed_record';

/** A record that is there, and how many of its values are erased. */
export type Present = Pick<AuditLog, '_id' | 'erased'>;

export type StubStore = ReturnType<typeof createStubStore>;

/** Attempts to change one list of stubs, each after another process was faster. */
const attempts = 10;

/** The stubs of removed records in their seals, and the records themselves as far as removal needs them. */
export function createStubStore(connection: Connection) {
  const seals = connection.collection<StoredSeal>(collection);
  const records = connection.collection<AuditLog>('auditrecords');
  const get = (tenantId: string, segment: number) => seals.findOne({ _id: sealId(tenantId, segment) });

  return {
    get,
    /** Seals of a range that are older than a time and not empty, in the order of the chain. */
    sealedBefore: (tenantId: string, { from, to }: SegmentRange, time: string) =>
      seals
        .find({
          _id: { $gte: sealId(tenantId, from), $lte: sealId(tenantId, to) },
          sealedAt: { $lt: time },
          emptied: { $ne: true },
        })
        .sort({ _id: 1 }),
    /**
     * Changes the stubs of a segment: to what is made of the list that was read, or not at all. undefined leaves them.
     * @returns the seal as it is then; null when there is none
     */
    async change(
      tenantId: string,
      segment: number,
      edit: (seal: StoredSeal, stubs: RemovedRecord[]) => RemovedRecord[] | undefined,
    ): Promise<StoredSeal | null> {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const seal = await get(tenantId, segment);
        const removed = seal && edit(seal, removedIn(seal.removed));
        if (!removed) return seal;
        const { removedRevision: read } = seal;
        const next = { removed, removedRevision: (read ?? 0) + 1 };
        const { matchedCount } = await seals.updateOne(
          { _id: seal._id, removedRevision: read ?? { $exists: false } },
          { $set: next },
        );
        if (matchedCount === 1) return { ...seal, ...next };
      }
      throw new Error(
        `the stubs of segment ${segment} are changed by too many at once; the next round goes on`,
      );
    },
    /** Notes that a segment has no record left, so that nobody looks into it again. */
    markEmptied: async (tenantId: string, segment: number): Promise<void> =>
      void (await seals.updateOne({ _id: sealId(tenantId, segment) }, { $set: { emptied: true } })),
    /** Which of some records are there, and what is erased of them. */
    present: (ids: string[]): Promise<Present[]> =>
      records.find({ _id: { $in: ids } }, { projection: { 'erased.values': 1 }, batchSize: 1_025 }).toArray(),
    /** Deletes records of a tenant, but none of which more was erased than the caller knows. @returns how many */
    async remove(tenantId: string, some: Present[]): Promise<number> {
      const [whole, erased] = [some.filter((one) => !one.erased), some.filter((one) => one.erased)];
      const ids = whole.map(({ _id }) => _id);
      const untouched = { tenantId, 'erased.values': { $exists: false } };
      let deleted =
        ids.length > 0 ? (await records.deleteMany({ ...untouched, _id: { $in: ids } })).deletedCount : 0;
      for (const { _id, erased: { values = [] } = {} } of erased) {
        const asRead = { _id, tenantId, 'erased.values': { $size: values.length } };
        deleted += (await records.deleteOne(asRead)).deletedCount;
      }
      return deleted;
    },
  };
}

export const stubMigrations: Migration[] = [
  {
    id: '2026-11-26-audit-stub-indexes',
    // Empty for whoever removes nothing.
    up: (db) =>
      db
        .collection(collection)
        .createIndex(
          { 'removed.id': 1 },
          { name: stubIndex, partialFilterExpression: { 'removed.id': { $exists: true } } },
        ),
  },
];

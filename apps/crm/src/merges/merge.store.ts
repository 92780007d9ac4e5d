import type { ContactMergeStatus, MergeContacts } from '@pipedesk/contracts';
import { type Connection, isDuplicateKey, type Migration } from '@pipedesk/mongo';
import type { TenantContext } from '@pipedesk/service-kit';

const collection = 'contactmerges';

/** A merge that was accepted: it is carried out to its end, by whichever replica. */
export interface StoredMerge {
  _id: string;
  tenantId: string;
  /** Who merges, by which right; its operation is the merge's own id. */
  context: TenantContext;
  survivorId: string;
  /** Sorted. */
  ids: string[];
  fields: MergeContacts['fields'];
  status: ContactMergeStatus;
  /** The contacts of a running merge: none is in two at once. */
  locks?: string[];
  merged: string[];
  /** Tasks are missing in merges of before there were any. */
  moved: { notes: number; deals: number; tasks?: number };
  leasedUntil: Date;
  /** Nothing is left to do: requests that began before the merge have ended, and what they wrote has been looked after. */
  settled: boolean;
}

export type MovedKind = keyof StoredMerge['moved'];
export type MergeStore = ReturnType<typeof createMergeStore>;

const leaseMs = 15_000;
/** Longer than any request takes, ms. */
const afterlife = 60_000;
const inFuture = (ms: number) => new Date(Date.now() + ms);

export function createMergeStore(connection: Connection) {
  const merges = connection.collection<StoredMerge>(collection);
  return {
    /** False when one of its contacts is in a running merge. */
    async accept(merge: Pick<StoredMerge, '_id' | 'tenantId' | 'context' | 'survivorId' | 'ids' | 'fields'>) {
      const whole: StoredMerge = {
        ...merge,
        status: 'running',
        locks: [merge.survivorId, ...merge.ids],
        merged: [],
        moved: { notes: 0, deals: 0, tasks: 0 },
        leasedUntil: inFuture(leaseMs),
        settled: false,
      };
      try {
        await merges.insertOne(whole);
        return true;
      } catch (error) {
        if (isDuplicateKey(error, 'locks')) return false;
        throw error;
      }
    },
    read: (id: string) => merges.findOne({ _id: id }),
    /** The newest of these contacts into this one. */
    latest: (tenantId: string, survivorId: string, ids: string[]) =>
      merges.findOne({ tenantId, survivorId, ids }, { sort: { _id: -1 } }),
    isRunning: async (contactId: string): Promise<boolean> =>
      (await merges.findOne({ locks: contactId }, { projection: { _id: 1 } })) !== null,
    /** Takes one that nobody works on; null when there is none. */
    claim: () =>
      merges.findOneAndUpdate(
        { settled: false, leasedUntil: { $lt: new Date() } },
        { $set: { leasedUntil: inFuture(leaseMs) } },
        { sort: { leasedUntil: 1 }, returnDocument: 'after' },
      ),
    /** One record more refers to the contact that stays; whoever works on the merge is alive. */
    countMoved: (id: string, kind: MovedKind) =>
      merges.updateOne(
        { _id: id },
        { $inc: { [`moved.${kind}`]: 1 }, $max: { leasedUntil: inFuture(leaseMs) } },
      ),
    finish: (id: string, status: ContactMergeStatus, merged: string[]) =>
      merges.updateOne(
        { _id: id, status: 'running' },
        { $set: { status, merged, leasedUntil: inFuture(afterlife) }, $unset: { locks: 1 } },
      ),
    settle: (id: string) => merges.updateOne({ _id: id }, { $set: { settled: true } }),
  };
}

export const mergeMigrations: Migration[] = [
  {
    id: '2026-11-26-contact-merge-indexes',
    up: (db) =>
      db.collection(collection).createIndexes([
        { key: { tenantId: 1, survivorId: 1, _id: -1 }, name: 'tenant_survivor' },
        { key: { settled: 1, leasedUntil: 1 }, name: 'claim' },
        // Of an array: no contact is in the locks of two merges.
        {
          key: { locks: 1 },
          name: 'locks',
          unique: true,
          partialFilterExpression: { locks: { $exists: true } },
        },
      ]),
  },
];

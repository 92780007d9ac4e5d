import { type Connection, isDuplicateKey } from '@pipedesk/mongo';
import { randomUUID } from 'node:crypto';

/** Ids that are about to be stored, in the order in which they came. */
export interface IntakeEntry {
  /** Sorts by time. */
  _id: string;
  tenantId: string;
  at: Date;
  ids: string[];
  /** Records that are not what was stored; they are kept out of every seal. */
  refused?: string[];
}

/** What waits to be sealed: one entry a tenant and batch, written before the records, so that none can be forgotten. */
export interface Intake {
  announce(idsByTenant: Map<string, string[]>, at: Date): Promise<void>;
  /** Up to `limit` entries behind one, oldest first. */
  entries(tenantId: string, after: string, limit: number): Promise<IntakeEntry[]>;
  tenants(): Promise<string[]>;
  /** Keeps of an entry what is still to be done. */
  reduce(entry: IntakeEntry, left: Pick<IntakeEntry, 'ids' | 'refused'>): Promise<void>;
  /** Takes entries out of which nothing is left to be done. */
  remove(entries: IntakeEntry[]): Promise<void>;
}

export const intakeCollection = 'auditintake';

export function createIntake(connection: Connection): Intake {
  const collection = connection.collection<IntakeEntry>(intakeCollection);
  return {
    async announce(idsByTenant, at) {
      const entries = [...idsByTenant].map(([tenantId, ids]) => ({ _id: entryId(at), tenantId, at, ids }));
      if (entries.length === 0) return;
      await collection.insertMany(entries, { ordered: false }).catch(ignoreOwnRepeat);
    },
    entries: (tenantId, after, limit) =>
      collection
        .find({ tenantId, _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray(),
    tenants: () => collection.distinct('tenantId'),
    async reduce(entry, left) {
      const { _id } = entry;
      const refused = left.refused ?? [];
      if (left.ids.length !== entry.ids.length || refused.length !== (entry.refused?.length ?? 0))
        await collection.updateOne({ _id }, { $set: { ids: left.ids, refused } });
    },
    async remove(entries) {
      if (entries.length > 0) await collection.deleteMany({ _id: { $in: entries.map(({ _id }) => _id) } });
    },
  };
}

/** The driver repeats a write whose answer was lost; ids are random, so a taken one is our own. */
function ignoreOwnRepeat(error: unknown): void {
  if (!isDuplicateKey(error)) throw error;
}

function entryId(at: Date): string {
  return `${at.toISOString()}/${randomUUID()}`;
}

import { type Connection, isDuplicateKey, type Migration } from '@pipedesk/mongo';
import type { KeySecret } from '@pipedesk/service-kit';
import { createHmac, createSecretKey } from 'node:crypto';
import { canonical } from '../seals/format/canonical.ts';

export const removalCollection = 'auditremovals';

/** What is taken of one segment. */
export interface PlannedSegment {
  segment: number;
  /** Places in the segment, ascending. */
  indexes: number[];
  /** Over numbers and ids of the records at these places; see the format. */
  digest: string;
}

/** What is to be removed, fixed in one document before anything is done, and signed by the service. */
export interface RemovalPlan {
  _id: string;
  tenantId: string;
  createdAt: Date;
  /** The settings by which the records were too old. */
  retention: { id: string; version: number };
  segments: PlannedSegment[];
  records: number;
  /** Of each entity type. */
  types: Record<string, number>;
}

/** Which records a removal left where they were. */
export type Spared = Pick<PlannedSegment, 'segment' | 'indexes' | 'digest'>;

/** A removal with how far it has come. */
export interface StoredRemoval extends RemovalPlan {
  /** Keyed hash over the plan: whoever holds the database cannot order or widen a removal. */
  mac: string;
  /** The tenant while the removal runs: a tenant has one at a time. */
  open?: string;
  /** When its own record was stored; nothing goes before. */
  statedAt: Date | null;
  /** Since when nothing was left to be deleted but what is spared. */
  restedAt: Date | null;
  /** The result, once it stands. */
  concludedAt: Date | null;
  spared: Spared[];
  finishedAt: Date | null;
}

/** How far planning has come in a tenant's chain, by one day's settings. */
interface Scan {
  _id: string;
  basis: string;
  segment: number;
}

export type RemovalStore = ReturnType<typeof createRemovalStore>;

export function createRemovalStore(connection: Connection, secret: KeySecret) {
  const removals = connection.collection<StoredRemoval>(removalCollection);
  const scans = connection.collection<Scan>('auditremovalscans');
  const key = createSecretKey(secret.derive('plans of removals'));
  const macOf = ({ _id, tenantId, createdAt, retention, segments, records, types }: RemovalPlan): string =>
    createHmac('sha256', key)
      .update(canonical({ _id, tenantId, createdAt, retention, segments, records, types }))
      .digest('hex');
  const running = { open: { $exists: true } };

  return {
    /** The commit of a plan. False while another removal of the tenant runs. */
    async add(plan: RemovalPlan): Promise<boolean> {
      const undone = { statedAt: null, restedAt: null, concludedAt: null, spared: [], finishedAt: null };
      try {
        await removals.insertOne({ ...plan, mac: macOf(plan), open: plan.tenantId, ...undone });
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    /** Whether the plan is what this service made it. */
    isAuthentic: (removal: StoredRemoval): boolean => removal.mac === macOf(removal),
    get: (id: string) => removals.findOne({ _id: id }),
    running: () => removals.find(running).sort({ _id: 1 }).toArray(),
    isRunning: async (tenantId: string): Promise<boolean> =>
      (await removals.countDocuments({ open: tenantId }, { limit: 1 })) > 0,
    /** How many run, and since when the oldest. */
    async underway(): Promise<{ count: number; since: Date | null }> {
      const found = await removals.find(running, { projection: { createdAt: 1 } }).toArray();
      const times = found.map(({ createdAt }) => createdAt.getTime());
      return { count: found.length, since: times.length > 0 ? new Date(Math.min(...times)) : null };
    },
    /** Notes a step, unless it is noted already. @returns the removal as it stands then, whoever noted it */
    async note(
      { _id }: RemovalPlan,
      step: 'statedAt' | 'restedAt' | 'concludedAt',
      change: Partial<Pick<StoredRemoval, 'statedAt' | 'restedAt' | 'concludedAt' | 'spared'>>,
    ): Promise<StoredRemoval | null> {
      await removals.updateOne({ _id, [step]: null }, { $set: change });
      return removals.findOne({ _id });
    },
    /** Something was deleted after all. */
    unrest: async ({ _id }: RemovalPlan): Promise<void> =>
      void (await removals.updateOne({ _id, concludedAt: null }, { $set: { restedAt: null } })),
    finish: async ({ _id }: RemovalPlan, finishedAt: Date): Promise<void> =>
      void (await removals.updateOne(
        { _id, finishedAt: null },
        { $set: { finishedAt }, $unset: { open: '' } },
      )),
    /** The last segment that was looked into on this basis. */
    scannedTo: async (tenantId: string, basis: string): Promise<number> =>
      (await scans.findOne({ _id: tenantId, basis }))?.segment ?? 0,
    noteScan: async (tenantId: string, basis: string, segment: number): Promise<void> =>
      void (await scans.updateOne({ _id: tenantId }, { $set: { basis, segment } }, { upsert: true })),
  };
}

export const removalMigrations: Migration[] = [
  {
    id: '2026-11-26-audit-removal-indexes',
    up: (db) =>
      db
        .collection(removalCollection)
        .createIndex(
          { open: 1 },
          { name: 'one_at_a_time', unique: true, partialFilterExpression: { open: { $exists: true } } },
        ),
  },
];

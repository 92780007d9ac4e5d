import { type Connection, isDuplicateKey, type Migration } from '@pipedesk/mongo';
import { mongo } from 'mongoose';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { splitHashes } from './format/merkle.ts';
import { removedIn, type RemovedRecord } from './format/removed.ts';
import type { Seal } from './format/seal.ts';
import type { Segment } from './format/segment-check.ts';
import { intakeCollection } from './intake.ts';

const collection = 'auditseals';

/**
 * A seal as stored. The id is tenant and segment number, so of several sealers one writes each segment; the list of
 * records is in the same document, so a segment is there whole or not at all.
 */
export interface StoredSeal extends Seal {
  _id: string;
  ids: string[];
  /** The leaf hashes, one behind the other. */
  leaves: mongo.Binary;
  /** What retention took of the segment. */
  removed?: RemovedRecord[];
  /** Counts the changes of `removed`: a change is made to the list that was read, or not at all. */
  removedRevision?: number;
  /** Retention has taken all of it. */
  emptied?: true;
}

export interface SegmentRange {
  from: number;
  to: number;
}

export type SealStore = ReturnType<typeof createSealStore>;

/** Records that are in memory at once, besides the largest segment. */
const recordsAtOnce = 1_024;
const sealsAtOnce = 32;
const endOfChain = 10 ** 10 - 1;

export function createSealStore(connection: Connection) {
  const seals = connection.collection<StoredSeal>(collection);
  const records = connection.collection<AuditLog>('auditrecords');

  const inRange = (tenantId: string, { from, to }: SegmentRange) =>
    seals.find({ _id: { $gte: sealId(tenantId, from), $lte: sealId(tenantId, to) } }).sort({ _id: 1 });

  const recordsOf = (ids: string[]): Promise<AuditLog[]> =>
    records.find({ _id: { $in: ids } }, { batchSize: ids.length + 1 }).toArray();

  async function withRecords(some: StoredSeal[]): Promise<Segment[]> {
    const ids = some.flatMap(idsOf);
    const found = await recordsOf(ids);
    const byId = new Map(found.map((record) => [record._id, record]));
    const stubs = await stubsOf(some, found.length < ids.length);
    return some.map((seal) => ({ ...toSegment(seal, byId), removed: stubs.get(seal._id) ?? [] }));
  }

  /**
   * What is removed of some segments whose records have just been read. Seals may have been read long before: when a record was
   * not there, they are asked again, since its stub is older than its absence.
   */
  async function stubsOf(some: StoredSeal[], isAnyMissing: boolean): Promise<Map<string, RemovedRecord[]>> {
    const _id = { $in: some.map((seal) => seal._id) };
    const latest = isAnyMissing ? await seals.find({ _id }, { projection: { removed: 1 } }).toArray() : some;
    return new Map(latest.map((seal) => [seal._id, removedIn(seal.removed)]));
  }

  return {
    /** Records by their ids, of whatever tenant, in no order. */
    records: recordsOf,
    stubsOf,
    head: (tenantId: string): Promise<StoredSeal | null> =>
      seals
        .find({ _id: { $gte: sealId(tenantId, 0), $lte: sealId(tenantId, endOfChain) } })
        .sort({ _id: -1 })
        .limit(1)
        .next(),
    get: (tenantId: string, segment: number): Promise<StoredSeal | null> =>
      seals.findOne({ _id: sealId(tenantId, segment) }),
    /** The seal that covers a record. */
    of: (tenantId: string, recordId: string): Promise<StoredSeal | null> =>
      seals.findOne({ ids: recordId, tenantId }),
    /** Ids of every sealed record of an entity type, by what the tenants' seals say; an index over all ids serves it. */
    async idsOf(tenantIds: string[], entityType: string): Promise<{ tenantId: string; id: string }[]> {
      const [from, to] = [`${entityType}:`, `${entityType};`];
      const own = { $and: [{ $gte: ['$$this', from] }, { $lt: ['$$this', to] }] };
      const found = await seals
        .aggregate<{ tenantId: string; ids: string[] }>([
          { $match: { tenantId: { $in: tenantIds }, ids: { $elemMatch: { $gte: from, $lt: to } } } },
          { $project: { tenantId: 1, ids: { $filter: { input: '$ids', cond: own } } } },
        ])
        .toArray();
      return found.flatMap(({ tenantId, ids }) => ids.map((id) => ({ tenantId, id })));
    },
    /** The numbers of the first and last segment sealed in a range of time; null when there is none. */
    async sealedWithin(tenantId: string, from = '', to = '~'): Promise<SegmentRange | null> {
      const filter = { tenantId, sealedAt: { $gte: from, $lt: to } };
      const edge = (direction: 1 | -1) =>
        seals
          .find(filter, { projection: { segment: 1 } })
          .sort({ sealedAt: direction })
          .limit(1)
          .next();
      const [first, last] = await Promise.all([edge(1), edge(-1)]);
      return first && last ? { from: first.segment, to: last.segment } : null;
    },
    /** Those of the ids that some segment has. */
    async sealed(ids: string[]): Promise<Set<string>> {
      const wanted = new Set(ids);
      const found = await seals.find({ ids: { $in: ids } }, { projection: { ids: 1 } }).toArray();
      return new Set(found.flatMap((seal) => seal.ids).filter((id) => wanted.has(id)));
    },
    /** False when the segment is there already, by whomever. */
    async add(seal: Seal, ids: string[], leaves: Buffer[]): Promise<boolean> {
      const _id = sealId(seal.tenantId, seal.segment);
      try {
        await seals.insertOne({ _id, ...seal, ids, leaves: new mongo.Binary(Buffer.concat(leaves)) });
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    },
    /** Seals in order, as many at once as have records that may be read at once. */
    groups: (tenantId: string, range: SegmentRange): AsyncGenerator<StoredSeal[]> =>
      grouped(inRange(tenantId, range).batchSize(sealsAtOnce)),
    /** Records by their ids as the database wrote them: BSON, in no order. */
    rawRecords: async (ids: string[]): Promise<Uint8Array[]> => {
      const options = { raw: true, batchSize: ids.length + 1 };
      return (await records.find({ _id: { $in: ids } }, options).toArray()) as unknown as Uint8Array[];
    },
    /** Whole segments in order. Reads ahead while one is worked on; memory does not grow with the range. */
    async *segments(tenantId: string, range: SegmentRange): AsyncGenerator<Segment> {
      let next: Promise<Segment[]> | undefined;
      for await (const some of this.groups(tenantId, range)) {
        const ahead = withRecords(some);
        // Awaited one round later; a failure until then is nobody's unhandled rejection.
        ahead.catch(() => undefined);
        if (next) yield* await next;
        next = ahead;
      }
      if (next) yield* await next;
    },
  };
}

/** Seals whose records together are few enough to be read at once: small segments are not read one by one. */
async function* grouped(seals: AsyncIterable<StoredSeal>): AsyncGenerator<StoredSeal[]> {
  let group: StoredSeal[] = [];
  let size = 0;
  for await (const seal of seals) {
    if (group.length > 0 && size + seal.count > recordsAtOnce) {
      yield group;
      [group, size] = [[], 0];
    }
    group.push(seal);
    size += seal.count;
  }
  if (group.length > 0) yield group;
}

function toSegment({ leaves, ...seal }: StoredSeal, records: Map<string, AuditLog>): Segment {
  const ids = idsOf(seal);
  return { seal, ids, leaves: leavesOf({ leaves }), records: ids.map((id) => records.get(id)) };
}

/** Whoever changed a seal need not have kept its shape: what is no list is an empty one. */
export function idsOf({ ids }: Pick<StoredSeal, 'ids'>): string[] {
  return Array.isArray(ids) ? ids : [];
}

export const leavesOf = (seal: Pick<StoredSeal, 'leaves'>): Buffer[] => splitHashes(bytesOfLeaves(seal));

export function bytesOfLeaves({ leaves }: Pick<StoredSeal, 'leaves'>): Uint8Array {
  return leaves instanceof mongo.Binary ? leaves.buffer : new Uint8Array();
}

/** Sorts by segment within a tenant. */
export function sealId(tenantId: string, segment: number): string {
  return `${tenantId}/${String(segment).padStart(10, '0')}`;
}

export const sealMigrations: Migration[] = [
  {
    id: '2026-11-22-audit-seal-indexes',
    up: async (db) => {
      await db.collection(collection).createIndexes([
        { name: 'record', key: { ids: 1 } },
        { name: 'tenant_sealed', key: { tenantId: 1, sealedAt: 1 } },
      ]);
      await db.collection(intakeCollection).createIndex({ tenantId: 1, _id: 1 }, { name: 'tenant_oldest' });
    },
  },
];

import { type AuditGap, eventId, type VersionClaim } from '@pipedesk/contracts';
import mongoose, { type Model } from 'mongoose';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import type { RemovedRecords } from '../removals/removed-records.ts';

/** More in one record are found by the next pass, when these are filled. */
const gapsPerRecord = 100;
/** Versions that are looked up at once among the removed. */
const looksAtOnce = 1_000;

type Claimed = VersionClaim['records'][number];

/** Finds the versions that owners of records claim and that are neither stored nor removed. */
export function createGapFinder(logs: Model<AuditLog>, removed: Pick<RemovedRecords, 'find'>) {
  return async ({ records }: VersionClaim): Promise<AuditGap[]> => {
    const complete = await lengthsOf(records.map(({ entityId }) => entityId));
    const doubtful = records.filter(({ entityId, version }) => (complete.get(entityId) ?? 0) < version);
    const missing = await missingOf(doubtful);
    const gaps: AuditGap[] = [];
    for (const record of doubtful) gaps.push(...(await gapsOf(record, missing.get(record.entityId) ?? [])));
    return gaps;
  };

  /** How many versions there are of each record whose versions have no gap, i.e. whose number is also the highest. */
  async function lengthsOf(entityIds: string[]): Promise<Map<string, number>> {
    const found = await logs.aggregate<{ _id: string; count: number; highest: number }>([
      { $match: { entityId: { $in: entityIds } } },
      { $group: { _id: '$entityId', count: { $sum: 1 }, highest: { $max: '$version' } } },
    ]);
    const complete = found.filter(({ count, highest }) => count === highest);
    return new Map(complete.map(({ _id, count }) => [_id, count]));
  }

  /** The versions of each record that are neither stored nor removed. Of records that retention shortened there may be many at once. */
  async function missingOf(records: Claimed[]): Promise<Map<string, number[]>> {
    if (records.length === 0) return new Map();
    const stored = await logs
      .find({ entityId: mongoose.trusted({ $in: records.map(({ entityId }) => entityId) }) })
      .select({ entityType: 1, entityId: 1, version: 1 })
      .lean<AuditLog[]>();
    const known = new Set(stored.map((log) => eventId(log.entityType, log.entityId, log.version)));
    const absent = records.flatMap((record) => versionsOf(record).filter(({ id }) => !known.has(id)));
    const missing: Version[] = [];
    for (let start = 0; start < absent.length; start += looksAtOnce) {
      const some = absent.slice(start, start + looksAtOnce);
      const gone = await removed.find(some.map(({ id }) => id));
      missing.push(...some.filter(({ id }) => !gone.has(id)));
    }
    const byEntity = Map.groupBy(missing, ({ entityId }) => entityId);
    return new Map([...byEntity].map(([entityId, all]) => [entityId, all.map(({ version }) => version)]));
  }

  function gapsOf({ entityType, entityId }: Claimed, missing: number[]): Promise<AuditGap[]> {
    const some = missing.slice(0, gapsPerRecord);
    return Promise.all(some.map((version) => describeGap(entityType, entityId, version)));
  }

  async function describeGap(
    entityType: Claimed['entityType'],
    entityId: string,
    version: number,
  ): Promise<AuditGap> {
    const beside = await logs
      .find({ entityId, entityType, version: mongoose.trusted({ $in: [version - 1, version + 1] }) })
      .lean<AuditLog[]>();
    const neighbour = (number: number) => beside.find((log) => log.version === number);
    const before = neighbour(version - 1)?.after ?? null;
    return { entityType, entityId, version, before, after: neighbour(version + 1)?.before ?? null };
  }
}

interface Version {
  id: string;
  entityId: string;
  version: number;
}

function versionsOf({ entityType, entityId, version: last }: Claimed): Version[] {
  return Array.from({ length: last }, (_, index) => ({
    id: eventId(entityType, entityId, index + 1),
    entityId,
    version: index + 1,
  }));
}

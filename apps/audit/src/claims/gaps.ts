import type { AuditGap, VersionClaim } from '@pipedesk/contracts';
import mongoose, { type Model } from 'mongoose';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';

/** More in one record are found by the next pass, when these are filled. */
const gapsPerRecord = 100;

type Claimed = VersionClaim['records'][number];

/** Finds the versions that owners of records claim and that are not stored. */
export function createGapFinder(logs: Model<AuditLog>) {
  return async ({ records }: VersionClaim): Promise<AuditGap[]> => {
    const complete = await lengthsOf(records.map(({ entityId }) => entityId));
    const gaps: AuditGap[] = [];
    for (const record of records)
      if ((complete.get(record.entityId) ?? 0) < record.version) gaps.push(...(await gapsOf(record)));
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

  async function gapsOf({ entityType, entityId, version }: Claimed): Promise<AuditGap[]> {
    const stored = await logs.find({ entityId, entityType }).select({ version: 1 }).lean<AuditLog[]>();
    const known = new Set(stored.map((log) => log.version));
    const all = Array.from({ length: version }, (_, index) => index + 1);
    const missing = all.filter((each) => !known.has(each)).slice(0, gapsPerRecord);
    return Promise.all(missing.map((each) => describeGap(entityType, entityId, each)));
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

import { mongo } from 'mongoose';
import type { AuditLog, AuditLogModels } from '../audit-logs/audit-log.model.ts';

export interface LogStore {
  /** Inserts all it can. @returns the ids that are stored already */
  insert(logs: AuditLog[]): Promise<string[]>;
  hashesOf(ids: string[]): Promise<Map<string, string>>;
  /** Those of the entities of which another tenant has logs. */
  ownedByOthers(tenantId: string, entityIds: string[]): Promise<Set<string>>;
}

const duplicateKey = 11000;

/** The one place that writes logs: plain inserts by the driver, since nothing here needs mongoose's documents. */
export function createLogStore({ all }: AuditLogModels): LogStore {
  const collection = all.collection as unknown as mongo.Collection<AuditLog>;
  return {
    async insert(logs) {
      if (logs.length === 0) return [];
      try {
        await collection.insertMany(logs, { ordered: false });
        return [];
      } catch (error) {
        return duplicatesIn(error, logs);
      }
    },
    async hashesOf(ids) {
      if (ids.length === 0) return new Map();
      const stored = await collection
        .find({ _id: { $in: ids } }, { projection: { payloadHash: 1 } })
        .toArray();
      return new Map(stored.map((log) => [log._id, log.payloadHash]));
    },
    async ownedByOthers(tenantId, entityIds) {
      const foreign = await collection
        .find(
          { entityId: { $in: [...new Set(entityIds)] }, tenantId: { $ne: tenantId } },
          { projection: { entityId: 1 } },
        )
        .toArray();
      return new Set(foreign.map((log) => log.entityId));
    },
  };
}

/** @throws the error itself when anything but a taken id kept a log out */
function duplicatesIn(error: unknown, logs: AuditLog[]): string[] {
  if (!(error instanceof mongo.MongoBulkWriteError)) throw error;
  const failures = [error.writeErrors].flat();
  const others = failures.some(({ code }) => code !== duplicateKey);
  if (others || error.result.getWriteConcernError()) throw error;
  return failures.flatMap(({ index }) => logs[index]?._id ?? []);
}

import { mongo } from 'mongoose';
import type { AuditLog, AuditLogModels } from '../audit-logs/audit-log.model.ts';

export interface LogStore {
  /** Inserts all it can. @returns the ids that are stored already */
  insert(logs: AuditLog[]): Promise<string[]>;
  /** Payload hashes by id; none for logs that lost theirs with erased values. */
  hashesOf(ids: string[]): Promise<Map<string, string>>;
  /** The tenants of the entities of which one of these logs is stored, by entity id. */
  tenantsOf(ids: string[]): Promise<Map<string, string>>;
  /** Takes logs back that this process has stored itself, and no others under their ids. */
  remove(logs: AuditLog[]): Promise<void>;
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
      return new Map(
        stored.flatMap(({ _id, payloadHash }) => (payloadHash === null ? [] : [[_id, payloadHash] as const])),
      );
    },
    async tenantsOf(ids) {
      if (ids.length === 0) return new Map();
      const stored = await collection
        .find({ _id: { $in: ids } }, { projection: { entityId: 1, tenantId: 1 } })
        .toArray();
      return new Map(stored.map((log) => [log.entityId, log.tenantId]));
    },
    async remove(logs) {
      for (const { _id, mac } of logs) if (mac) await collection.deleteOne({ _id, mac });
    },
  };
}

/** @throws the error itself when anything but a taken id kept a log out */
function duplicatesIn(error: unknown, logs: AuditLog[]): string[] {
  if (!(error instanceof mongo.MongoBulkWriteError)) throw error;
  const failures = [error.writeErrors].flat();
  const others = failures.some(({ code }) => code !== duplicateKey);
  // None at all means that the command itself failed, as by a lost connection: nothing is known to be stored.
  if (failures.length === 0 || others || error.result.getWriteConcernError()) throw error;
  return failures.flatMap(({ index }) => logs[index]?._id ?? []);
}

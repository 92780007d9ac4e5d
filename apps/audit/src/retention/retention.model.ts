import type { AuditRetentionSettings } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  type Connection,
  createAuditedRepository,
  type Migration,
  type Outbox,
  type RecordBase,
} from '@pipedesk/mongo';

export const retentionCollection = 'auditretentions';

/** A tenant's settings as stored: one document, which is changed and never deleted. */
export type StoredRetention = RecordBase & AuditRetentionSettings;
export type RetentionRepository = AuditedRepository<StoredRetention>;

export function createRetentionRepository(deps: {
  connection: Connection;
  outbox: Outbox;
}): RetentionRepository {
  return createAuditedRepository<StoredRetention>({
    ...deps,
    entityType: 'audit_retention',
    collection: retentionCollection,
    fields: {
      defaultDays: { type: Number, default: null },
      rules: { type: [Object], required: true },
    },
  });
}

export const retentionMigrations: Migration[] = [
  {
    id: '2026-11-26-audit-retention-indexes',
    up: (db) =>
      db
        .collection(retentionCollection)
        .createIndexes([...auditedIndexes, { name: 'one_a_tenant', key: { tenantId: 1 }, unique: true }]),
  },
];

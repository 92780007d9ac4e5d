import type { Import } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import type { StoreDeps } from '../records/store-deps.ts';

const collection = 'imports';

export type ImportRepository = AuditedRepository<Import>;

/** The audited record of an import: who brought what, and how it ended. Running counts live in its job. */
export function createImportRepository(deps: StoreDeps): ImportRepository {
  return createAuditedRepository<Import>({
    ...deps,
    entityType: 'import',
    collection,
    fields: {
      type: { type: String, required: true },
      status: { type: String, required: true },
      currency: { type: String, required: true },
      operationId: { type: String, required: true },
      sha256: { type: String, required: true },
      rows: { type: Number, required: true },
      processed: { type: Number, required: true },
      imported: { type: Number, required: true },
      rejected: { type: Number, required: true },
      warnings: { type: Number, required: true },
      failure: { type: String, default: null },
      finishedAt: { type: Date, default: null },
      ownerId: { type: String, default: null },
      teamId: { type: String, default: null },
    },
  });
}

const week = 7 * 24 * 3600;

export const importMigrations: Migration[] = [
  {
    id: '2026-11-22-import-indexes',
    up: async (db) => {
      await db.collection(collection).createIndexes([...auditedIndexes]);
      await db.collection('importjobs').createIndex({ state: 1, leasedUntil: 1 }, { name: 'claim' });
      await db.collection('importchunks').createIndexes([
        { key: { importId: 1, position: 1 }, name: 'import_position', unique: true },
        // Chunks go when their import ends; this catches those of uploads that never did.
        { key: { createdAt: 1 }, name: 'expiry', expireAfterSeconds: week },
      ]);
      await db
        .collection('importreports')
        .createIndex({ tenantId: 1, importId: 1, key: 1 }, { name: 'import_key' });
    },
  },
];

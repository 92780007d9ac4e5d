import type { Tenant } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import type { StoreDeps } from '../store-deps.ts';

const collection = 'tenants';

/** A tenant's record lies in the tenant itself: its id is also its tenantId. */
export type TenantRepository = AuditedRepository<Tenant>;

export function createTenantRepository(deps: StoreDeps): TenantRepository {
  return createAuditedRepository<Tenant>({
    ...deps,
    entityType: 'tenant',
    collection,
    fields: { name: { type: String, required: true }, notBefore: { type: Date, default: null } },
  });
}

export const tenantMigrations: Migration[] = [
  {
    id: '2026-11-22-tenant-not-before',
    up: (db) =>
      db.collection(collection).updateMany({ notBefore: { $exists: false } }, { $set: { notBefore: null } }),
  },
  {
    id: '2026-11-22-tenant-indexes',
    up: (db) => db.collection(collection).createIndexes([...auditedIndexes]),
  },
];

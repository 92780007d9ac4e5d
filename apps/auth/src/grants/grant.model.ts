import type { Grant } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import type { StoreDeps } from '../store-deps.ts';

const collection = 'grants';

export type GrantRepository = AuditedRepository<Grant>;

export function createGrantRepository(deps: StoreDeps): GrantRepository {
  return createAuditedRepository<Grant>({
    ...deps,
    entityType: 'grant',
    collection,
    fields: {
      permission: { type: String, required: true },
      scope: { type: String, required: true },
      to: { type: Object, required: true },
      reason: { type: String, required: true },
      expiresAt: { type: Date, default: null },
      grantedBy: { type: Object, required: true },
    },
  });
}

export const grantMigrations: Migration[] = [
  {
    id: '2026-11-26-grant-indexes',
    up: (db) =>
      db
        .collection(collection)
        .createIndexes([
          ...auditedIndexes,
          { key: { tenantId: 1, permission: 1, _id: -1 }, name: 'tenant_permission' },
          { key: { updatedAt: 1 }, name: 'changed' },
        ]),
  },
];

import type { Lead } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import type { StoreDeps } from '../records/store-deps.ts';

const collection = 'leads';

export type LeadRepository = AuditedRepository<Lead>;

export function createLeadRepository(deps: StoreDeps): LeadRepository {
  return createAuditedRepository<Lead>({
    ...deps,
    entityType: 'lead',
    collection,
    fields: {
      name: { type: String, required: true },
      email: { type: String, default: null },
      phone: { type: String, default: null },
      companyName: { type: String, default: null },
      status: { type: String, required: true },
      source: { type: String, default: null },
      customFields: { type: Object, default: {} },
      ownerId: { type: String, default: null },
      teamId: { type: String, default: null },
    },
  });
}

export const leadMigrations: Migration[] = [
  {
    id: '2026-11-22-lead-indexes',
    up: (db) =>
      db
        .collection(collection)
        .createIndexes([
          ...auditedIndexes,
          { key: { tenantId: 1, status: 1, _id: -1 }, name: 'tenant_status' },
        ]),
  },
];

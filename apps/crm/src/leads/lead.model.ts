import type { Lead, Link } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import { companyLink } from '../records/owned-records.ts';
import type { StoreDeps } from '../records/store-deps.ts';

const collection = 'leads';

export type LeadRepository = AuditedRepository<Lead>;

export function createLeadRepository(deps: StoreDeps): LeadRepository {
  return createAuditedRepository<Lead>({
    ...deps,
    entityType: 'lead',
    collection,
    linksOf: convertedInto,
    fields: {
      name: { type: String, required: true },
      email: { type: String, default: null },
      phone: { type: String, default: null },
      companyName: { type: String, default: null },
      status: { type: String, required: true },
      source: { type: String, default: null },
      convertedTo: { type: Object, default: null },
      customFields: { type: Object, default: {} },
      ownerId: { type: String, default: null },
      teamId: { type: String, default: null },
    },
  });
}

/** A conversion is on the timelines of what it made. Leads of before conversions do not have the field. */
function convertedInto({ convertedTo }: Partial<Lead>): Link[] {
  if (!convertedTo) return [];
  return [{ entityType: 'deal', entityId: convertedTo.dealId }, ...companyLink(convertedTo.companyId)];
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

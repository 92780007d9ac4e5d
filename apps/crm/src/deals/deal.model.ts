import { type Deal, dealSchema, type Link } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  keepUnique,
  type Migration,
} from '@pipedesk/mongo';
import { companyLink } from '../records/owned-records.ts';
import type { StoreDeps } from '../records/store-deps.ts';

const collection = 'deals';

export type DealRepository = AuditedRepository<Deal>;

export function createDealRepository(deps: StoreDeps): DealRepository {
  return createAuditedRepository<Deal>({
    ...deps,
    entityType: 'deal',
    collection,
    // The number another system knows the deal by: two imports at once must not make two of it.
    unique: ({ externalId }) => externalId,
    linksOf: (deal) => [...companyLink(deal.companyId), ...contactLinks(deal)],
    fields: {
      name: { type: String, required: true },
      companyId: { type: String, default: null },
      contactIds: { type: [String], default: [] },
      product: { type: String, default: null },
      amount: { type: Object, default: null },
      pipeline: { type: String, required: true },
      stage: { type: String, required: true },
      probability: { type: Number, required: true },
      engagedOn: { type: String, default: null },
      expectedCloseOn: { type: String, default: null },
      closedOn: { type: String, default: null },
      externalId: { type: String, default: null },
      customFields: { type: Object, default: {} },
      ownerId: { type: String, default: null },
      teamId: { type: String, default: null },
    },
  });
}

function contactLinks(deal: Partial<Deal>): Link[] {
  const ids = dealSchema.shape.contactIds.parse(deal.contactIds);
  return ids.map((entityId) => ({ entityType: 'contact', entityId }));
}

export const dealMigrations: Migration[] = [
  {
    id: '2026-11-22-deal-indexes',
    up: (db) =>
      db
        .collection(collection)
        .createIndexes([
          ...auditedIndexes,
          { key: { tenantId: 1, stage: 1, _id: -1 }, name: 'tenant_stage' },
          { key: { tenantId: 1, companyId: 1, _id: -1 }, name: 'tenant_company' },
          { key: { tenantId: 1, externalId: 1 }, name: 'tenant_external_id' },
        ]),
  },
  {
    id: '2026-11-26-deal-external-id-unique',
    up: (db) => keepUnique(db.collection(collection), 'externalId'),
  },
  {
    id: '2026-11-26-deal-contact-index',
    up: (db) =>
      db
        .collection(collection)
        .createIndex({ tenantId: 1, contactIds: 1, _id: -1 }, { name: 'tenant_contact' }),
  },
];

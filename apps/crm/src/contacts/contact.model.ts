import type { Contact } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import { companyLink } from '../records/owned-records.ts';
import type { StoreDeps } from '../records/store-deps.ts';

const collection = 'contacts';

/** Every address of a contact, in one index. */
export const addressPath = 'emails.address';

export type ContactRepository = AuditedRepository<Contact>;

export function createContactRepository(deps: StoreDeps): ContactRepository {
  return createAuditedRepository<Contact>({
    ...deps,
    entityType: 'contact',
    collection,
    linksOf: (contact) => companyLink(contact.companyId),
    fields: {
      name: { type: String, required: true },
      title: { type: String, default: null },
      emails: [
        {
          _id: false,
          address: { type: String, required: true },
          label: { type: String, default: null },
          primary: { type: Boolean, required: true },
        },
      ],
      phones: [
        { _id: false, number: { type: String, required: true }, label: { type: String, default: null } },
      ],
      companyId: { type: String, default: null },
      customFields: { type: Object, default: {} },
      mergedInto: { type: String, default: null },
      ownerId: { type: String, default: null },
      teamId: { type: String, default: null },
    },
  });
}

export const contactMigrations: Migration[] = [
  {
    id: '2026-11-26-contact-indexes',
    up: (db) =>
      db
        .collection(collection)
        .createIndexes([
          ...auditedIndexes,
          { key: { tenantId: 1, companyId: 1, _id: -1 }, name: 'tenant_company' },
          { key: { tenantId: 1, [addressPath]: 1, _id: -1 }, name: 'tenant_address' },
        ]),
  },
];

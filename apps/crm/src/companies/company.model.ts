import type { Company } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import type { StoreDeps } from '../records/store-deps.ts';

const collection = 'companies';

export type CompanyRepository = AuditedRepository<Company>;

export function createCompanyRepository(deps: StoreDeps): CompanyRepository {
  return createAuditedRepository<Company>({
    ...deps,
    entityType: 'company',
    collection,
    fields: {
      name: { type: String, required: true },
      domain: { type: String, default: null },
      industry: { type: String, default: null },
      employees: { type: Number, default: null },
      foundedYear: { type: Number, default: null },
      location: { type: String, default: null },
      customFields: { type: Object, default: {} },
      ownerId: { type: String, default: null },
      teamId: { type: String, default: null },
    },
  });
}

export const companyMigrations: Migration[] = [
  {
    id: '2026-11-22-company-indexes',
    up: (db) =>
      db
        .collection(collection)
        .createIndexes([...auditedIndexes, { key: { tenantId: 1, name: 1 }, name: 'tenant_name' }]),
  },
];

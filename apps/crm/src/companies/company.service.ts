import type { Company, CompanyListQuery, CompanyPatch, NewCompany, Page } from '@pipedesk/contracts';
import type { TenantContext } from '@pipedesk/service-kit';
import { createOwnedRecords, type NewOwner, type WriteOptions } from '../records/owned-records.ts';
import type { CompanyRepository } from './company.model.ts';

export type CompanyService = ReturnType<typeof createCompanyService>;

export function createCompanyService({ companies }: { companies: CompanyRepository }) {
  const records = createOwnedRecords(companies, 'companies');
  const change = (
    context: TenantContext,
    id: string,
    options: WriteOptions,
    patch: CompanyPatch,
  ): Promise<Company> => records.change(context, id, options, (company) => Object.assign(company, patch));
  return {
    ...records,
    create: (context: TenantContext, fields: NewCompany, key?: string): Promise<Company> =>
      records.create(context, fields, key),
    list: (context: TenantContext, { ownerId, name, ...page }: CompanyListQuery): Promise<Page<Company>> =>
      records.list(context, { ownerId, name }, page),
    change,
    assign: (context: TenantContext, id: string, options: WriteOptions, owner: NewOwner): Promise<Company> =>
      records.handOver(context, id, { ...options, by: 'companies:assign' }, owner),
    /** Values of an earlier version. */
    restoreFields: change,
  };
}

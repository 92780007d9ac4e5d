import {
  changeCompanyBody,
  companyListQuery,
  companyPage,
  companySchema,
  restorableCompany,
  createCompanyBody,
} from '@pipedesk/contracts';
import type { AuditClient } from '../restores/audit-client.ts';
import { restoreRoutes } from '../restores/restore-routes.ts';
import { recordRoutes } from '../records/record-routes.ts';
import type { CompanyService } from './company.service.ts';

export const companyRoutes = (service: CompanyService, audit: AuditClient) => [
  ...recordRoutes({
    resource: 'companies',
    event: 'crm.company',
    createBody: createCompanyBody,
    changeBody: changeCompanyBody,
    listQuery: companyListQuery,
    record: companySchema,
    shows: 'company',
    page: companyPage,
    service,
  }),
  ...restoreRoutes({
    resource: 'companies',
    entityType: 'company',
    record: companySchema,
    restorable: restorableCompany,
    service,
    audit,
  }),
];

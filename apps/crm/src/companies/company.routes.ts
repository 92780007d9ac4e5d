import {
  changeCompanyBody,
  companyListQuery,
  companyPage,
  companySchema,
  restorableCompany,
  createCompanyBody,
} from '@pipedesk/contracts';
import type { AuditClient } from '../restores/audit-client.ts';
import type { Directory } from '../owners/directory.ts';
import { assignRoute } from '../owners/owner-routes.ts';
import { restoreRoutes } from '../restores/restore-routes.ts';
import { recordRoutes } from '../records/record-routes.ts';
import type { CompanyService } from './company.service.ts';

interface CompanyRouteDeps {
  service: CompanyService;
  audit: AuditClient;
  directory: Directory;
}

export const companyRoutes = ({ service, audit, directory }: CompanyRouteDeps) => [
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
  assignRoute({ resource: 'companies', entityType: 'company', record: companySchema, service, directory }),
  ...restoreRoutes({
    resource: 'companies',
    entityType: 'company',
    record: companySchema,
    restorable: restorableCompany,
    service,
    audit,
  }),
];

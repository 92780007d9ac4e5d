import {
  changeCompanyBody,
  companyListQuery,
  companyPage,
  companySchema,
  createCompanyBody,
} from '@pipedesk/contracts';
import { recordRoutes } from '../records/record-routes.ts';
import type { CompanyService } from './company.service.ts';

export const companyRoutes = (service: CompanyService) =>
  recordRoutes({
    resource: 'companies',
    event: 'crm.company',
    createBody: createCompanyBody,
    changeBody: changeCompanyBody,
    listQuery: companyListQuery,
    record: companySchema,
    shows: 'company',
    page: companyPage,
    service,
  });

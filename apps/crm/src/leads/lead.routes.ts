import { changeLeadBody, createLeadBody, leadListQuery, leadPage, leadSchema } from '@pipedesk/contracts';
import { recordRoutes } from '../records/record-routes.ts';
import type { LeadService } from './lead.service.ts';

export const leadRoutes = (service: LeadService) =>
  recordRoutes({
    resource: 'leads',
    event: 'crm.lead',
    createBody: createLeadBody,
    changeBody: changeLeadBody,
    listQuery: leadListQuery,
    record: leadSchema,
    shows: 'lead',
    page: leadPage,
    service,
  });

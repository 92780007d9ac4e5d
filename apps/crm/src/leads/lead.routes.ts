import {
  changeLeadBody,
  createLeadBody,
  leadListQuery,
  leadPage,
  leadSchema,
  restorableLead,
} from '@pipedesk/contracts';
import type { AuditClient } from '../restores/audit-client.ts';
import { restoreRoutes } from '../restores/restore-routes.ts';
import { recordRoutes } from '../records/record-routes.ts';
import type { LeadService } from './lead.service.ts';

export const leadRoutes = (service: LeadService, audit: AuditClient) => [
  ...recordRoutes({
    resource: 'leads',
    event: 'crm.lead',
    createBody: createLeadBody,
    changeBody: changeLeadBody,
    listQuery: leadListQuery,
    record: leadSchema,
    shows: 'lead',
    page: leadPage,
    service,
  }),
  ...restoreRoutes({
    resource: 'leads',
    entityType: 'lead',
    record: leadSchema,
    restorable: restorableLead,
    service,
    audit,
  }),
];

import {
  changeLeadBody,
  createLeadBody,
  leadListQuery,
  leadPage,
  leadSchema,
  restorableLead,
} from '@pipedesk/contracts';
import type { BulkEdits } from '../bulk/bulk-edits.ts';
import { bulkRoute } from '../bulk/bulk-route.ts';
import type { AuditClient } from '../restores/audit-client.ts';
import { restoreRoutes } from '../restores/restore-routes.ts';
import { recordRoutes } from '../records/record-routes.ts';
import type { LeadService } from './lead.service.ts';

export const leadRoutes = (service: LeadService, audit: AuditClient, edits: BulkEdits) => [
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
  bulkRoute({ resource: 'leads', event: 'crm.lead', patch: changeLeadBody, service, edits }),
  ...restoreRoutes({
    resource: 'leads',
    entityType: 'lead',
    record: leadSchema,
    restorable: restorableLead,
    service,
    audit,
  }),
];

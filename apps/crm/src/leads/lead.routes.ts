import {
  changeLeadBody,
  createLeadBody,
  idParams,
  leadListQuery,
  leadPage,
  leadSchema,
  restorableLead,
} from '@pipedesk/contracts';
import { audited, route } from '@pipedesk/service-kit';
import type { BulkEdits } from '../bulk/bulk-edits.ts';
import { bulkRoute } from '../bulk/bulk-route.ts';
import type { AuditClient } from '../restores/audit-client.ts';
import type { Directory } from '../owners/directory.ts';
import { assignRoute, bulkAssignRoute } from '../owners/owner-routes.ts';
import { restoreRoutes } from '../restores/restore-routes.ts';
import { recordRoutes } from '../records/record-routes.ts';
import type { LeadService } from './lead.service.ts';

interface LeadRouteDeps {
  service: LeadService;
  edits: BulkEdits;
  audit: AuditClient;
  directory: Directory;
}

export const leadRoutes = ({ service, edits, audit, directory }: LeadRouteDeps) => [
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
  route({
    method: 'post',
    path: '/leads/:id/claim',
    summary: 'Take a lead that nobody has; a repeat answers the lead',
    permission: 'leads:claim',
    audit: audited('crm.lead.updated'),
    params: idParams,
    response: leadSchema,
    shows: 'lead',
    handle: ({ context, params, ifMatch }) => service.claim(context, params.id, { ifMatch }),
  }),
  bulkRoute({ resource: 'leads', event: 'crm.lead', patch: changeLeadBody, service, edits }),
  assignRoute({ resource: 'leads', entityType: 'lead', record: leadSchema, service, directory }),
  bulkAssignRoute({ resource: 'leads', entityType: 'lead', service, directory, edits }),
  ...restoreRoutes({
    resource: 'leads',
    entityType: 'lead',
    record: leadSchema,
    restorable: restorableLead,
    service,
    audit,
  }),
];

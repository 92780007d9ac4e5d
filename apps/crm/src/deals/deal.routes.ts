import {
  changeDealBody,
  createDealBody,
  dealListQuery,
  dealPage,
  dealSchema,
  restorableDeal,
  idParams,
  moveStageBody,
} from '@pipedesk/contracts';
import { audited, type Route, route } from '@pipedesk/service-kit';
import type { BulkEdits } from '../bulk/bulk-edits.ts';
import { bulkRoute } from '../bulk/bulk-route.ts';
import type { AuditClient } from '../restores/audit-client.ts';
import type { Directory } from '../owners/directory.ts';
import { assignRoute, bulkAssignRoute } from '../owners/owner-routes.ts';
import { restoreRoutes } from '../restores/restore-routes.ts';
import { recordRoutes } from '../records/record-routes.ts';
import type { DealService } from './deal.service.ts';

interface DealRouteDeps {
  service: DealService;
  edits: BulkEdits;
  audit: AuditClient;
  directory: Directory;
}

export const dealRoutes = ({ service, edits, audit, directory }: DealRouteDeps): Route[] => [
  ...recordRoutes({
    resource: 'deals',
    event: 'crm.deal',
    createBody: createDealBody,
    changeBody: changeDealBody,
    listQuery: dealListQuery,
    record: dealSchema,
    shows: 'deal',
    page: dealPage,
    service,
  }),
  route({
    method: 'post',
    path: '/deals/:id/stage',
    summary: 'Move a deal to a stage of its pipeline',
    permission: 'deals:edit',
    audit: audited('crm.deal.updated'),
    params: idParams,
    body: moveStageBody,
    response: dealSchema,
    shows: 'deal',
    handle: ({ context, params, body, ifMatch }) => service.moveStage(context, params.id, { ifMatch }, body),
  }),
  bulkRoute({ resource: 'deals', event: 'crm.deal', patch: changeDealBody, service, edits }),
  assignRoute({ resource: 'deals', entityType: 'deal', record: dealSchema, service, directory }),
  bulkAssignRoute({ resource: 'deals', entityType: 'deal', service, directory, edits }),
  ...restoreRoutes({
    resource: 'deals',
    entityType: 'deal',
    record: dealSchema,
    restorable: restorableDeal,
    service,
    audit,
  }),
];

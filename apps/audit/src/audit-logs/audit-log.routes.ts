import {
  auditEntityParams,
  auditEntityQuery,
  auditIdParams,
  auditListQuery,
  auditPage,
  auditRecordSchema,
  auditUserParams,
} from '@pipedesk/contracts';
import { audited, notAudited, type Route, route } from '@pipedesk/service-kit';
import type { AuditLogService } from './audit-log.service.ts';

const accessRecorded = audited('audit.access.occurred');
const ofOneRecord = notAudited('the history of a record is read beside the record');

export const auditLogRoutes = (service: AuditLogService): Route[] => [
  route({
    method: 'get',
    path: '/audit-logs',
    summary: 'Every captured change of the tenant, newest first',
    permission: 'audit:list',
    audit: accessRecorded,
    query: auditListQuery,
    response: auditPage,
    shows: 'audit_record',
    handle: ({ context, query }) => service.list(context, query),
  }),
  route({
    method: 'get',
    path: '/audit-logs/entity/:entityType/:entityId',
    summary: 'The captured changes of one record, newest first',
    permission: 'audit:read',
    audit: ofOneRecord,
    params: auditEntityParams,
    query: auditEntityQuery,
    response: auditPage,
    shows: 'audit_record',
    handle: ({ context, params, query }) =>
      service.ofEntity(context, params.entityType, params.entityId, query),
  }),
  route({
    method: 'get',
    path: '/audit-logs/user/:userId',
    summary: 'What one user did, newest first: own for sales, the team for managers',
    permission: 'audit:read',
    audit: accessRecorded,
    params: auditUserParams,
    query: auditEntityQuery,
    response: auditPage,
    shows: 'audit_record',
    handle: ({ context, params, query }) => service.ofUser(context, params.userId, query),
  }),
  route({
    method: 'get',
    path: '/audit-logs/:id',
    summary: 'One captured change',
    permission: 'audit:read',
    audit: ofOneRecord,
    params: auditIdParams,
    response: auditRecordSchema,
    shows: 'audit_record',
    handle: ({ context, params }) => service.get(context, params.id),
  }),
];

import {
  auditEntityParams,
  auditEntityQuery,
  auditIdParams,
  auditListQuery,
  auditPage,
  auditRecordSchema,
  auditUserParams,
} from '@pipedesk/contracts';
import { notAudited, type Route, route } from '@pipedesk/service-kit';
import type { AuditLogService } from './audit-log.service.ts';

const audit = notAudited('reads of the audit log change nothing');

export const auditLogRoutes = (service: AuditLogService): Route[] => [
  route({
    method: 'get',
    path: '/audit-logs',
    summary: 'Every captured change of the tenant, newest first',
    permission: 'audit:list',
    audit,
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
    audit,
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
    audit,
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
    audit,
    params: auditIdParams,
    response: auditRecordSchema,
    shows: 'audit_record',
    handle: ({ context, params }) => service.get(context, params.id),
  }),
];

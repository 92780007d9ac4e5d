import {
  auditHoldListQuery,
  auditHoldPage,
  auditHoldSchema,
  auditRetentionBody,
  auditRetentionSchema,
  createAuditHoldBody,
  idParams,
} from '@pipedesk/contracts';
import { audited, notAudited, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import type { HoldService } from './hold.service.ts';
import type { RetentionService } from './retention.service.ts';

const reading = {
  method: 'get',
  permission: 'audit:retain',
  audit: notAudited('a page of settings shows nobody’s records'),
} as const;
const writing = { permission: 'audit:retain', stepUp: true } as const;

/** Before `/audit-logs/:id`, which would take `retention` and `holds` for ids. */
export const retentionRoutes = (service: RetentionService, holds: HoldService): Route[] => [
  route({
    ...reading,
    path: '/audit-logs/retention',
    summary: 'For how long audit records are kept, and whether removal goes by it',
    response: auditRetentionSchema,
    handle: ({ context }) => service.get(context),
  }),
  route({
    ...writing,
    method: 'put',
    path: '/audit-logs/retention',
    summary: 'Sets for how long audit records are kept: by entity type, and all others',
    audit: audited('audit.retention.created', 'audit.retention.updated'),
    body: auditRetentionBody,
    response: auditRetentionSchema,
    handle: ({ context, body, ifMatch }) => service.put(context, body, ifMatch),
  }),
  ...holdRoutes(holds),
];

const holdRoutes = (service: HoldService): Route[] => [
  route({
    ...writing,
    method: 'post',
    path: '/audit-logs/holds',
    summary: 'Keeps records whatever their age: of the tenant, of an entity type, or of one entity',
    audit: audited('audit.hold.created'),
    body: createAuditHoldBody,
    response: auditHoldSchema,
    status: 201,
    handle: ({ context, body, idempotencyKey }) => service.create(context, body, idempotencyKey),
  }),
  route({
    ...reading,
    path: '/audit-logs/holds',
    summary: 'The holds in force, newest first',
    query: auditHoldListQuery,
    response: auditHoldPage,
    handle: ({ context, query }) => service.list(context, query),
  }),
  route({
    ...reading,
    path: '/audit-logs/holds/:id',
    summary: 'One hold',
    params: idParams,
    response: auditHoldSchema,
    handle: ({ context, params }) => service.get(context, params.id),
  }),
  route({
    ...writing,
    method: 'delete',
    path: '/audit-logs/holds/:id',
    summary: 'Lifts a hold; that it was there stays on record',
    audit: audited('audit.hold.deleted'),
    params: idParams,
    response: z.void(),
    status: 204,
    handle: ({ context, params, ifMatch }) => service.lift(context, params.id, ifMatch),
  }),
];

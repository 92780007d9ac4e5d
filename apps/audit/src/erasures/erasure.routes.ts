import { erasureParams, erasureRequestSchema, erasureSchema } from '@pipedesk/contracts';
import { audited, notAudited, type Route, route } from '@pipedesk/service-kit';
import type { ErasureService } from './erasure.service.ts';

export const erasureRoutes = (service: ErasureService): Route[] => [
  route({
    method: 'post',
    path: '/audit-logs/erasures',
    summary: 'Erases a person’s values everywhere in audit; the chain of seals stays verifiable',
    permission: 'audit:erase',
    stepUp: true,
    audit: audited('audit.erasure.created', 'audit.erasure.updated'),
    body: erasureRequestSchema,
    response: erasureSchema,
    status: 202,
    handle: ({ context, body, idempotencyKey }) => service.request(context, body, idempotencyKey),
  }),
  route({
    method: 'get',
    path: '/audit-logs/erasures/:erasureId',
    summary: 'How far an erasure has come, and what it took',
    permission: 'audit:erase',
    stepUp: true,
    audit: notAudited('reads of the audit log change nothing'),
    params: erasureParams,
    response: erasureSchema,
    handle: ({ context, params }) => service.get(context, params.erasureId),
  }),
];

import { createGrantBody, grantListQuery, grantPage, grantSchema, idParams } from '@pipedesk/contracts';
import { audited, notAudited, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import type { GrantService } from './grant.service.ts';

export const grantRoutes = (service: GrantService): Route[] => [
  route({
    method: 'post',
    path: '/auth/grants',
    summary:
      'Give a permission to a role, a user or a team on top of what roles have; it holds within a second',
    permission: 'grants:manage',
    stepUp: true,
    audit: audited('auth.grant.created'),
    body: createGrantBody,
    response: grantSchema,
    status: 201,
    handle: ({ context, body, idempotencyKey }) => service.create(context, body, idempotencyKey),
  }),
  route({
    method: 'get',
    path: '/auth/grants',
    summary: 'The grants of the tenant, newest first, with those that have expired',
    permission: 'grants:manage',
    audit: notAudited('reads of single pages are not changes'),
    query: grantListQuery,
    response: grantPage,
    handle: ({ context, query }) => service.list(context, query),
  }),
  route({
    method: 'get',
    path: '/auth/grants/:id',
    summary: 'Read one grant',
    permission: 'grants:manage',
    audit: notAudited('reads of single records are not changes'),
    params: idParams,
    response: grantSchema,
    handle: ({ context, params }) => service.get(context, params.id),
  }),
  route({
    method: 'delete',
    path: '/auth/grants/:id',
    summary: 'Take a grant back; nobody has it any more within a second',
    permission: 'grants:manage',
    audit: audited('auth.grant.deleted'),
    params: idParams,
    response: z.void(),
    status: 204,
    handle: ({ context, params, ifMatch }) => service.revoke(context, params.id, { ifMatch }),
  }),
];

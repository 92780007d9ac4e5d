import { idParams, sessionListQuery, sessionPage } from '@pipedesk/contracts';
import { audited, notAudited, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import type { SessionService } from './session.service.ts';

export const sessionRoutes = (service: SessionService): Route[] => [
  route({
    method: 'get',
    path: '/auth/sessions',
    summary: 'Open sessions, newest first: the own ones, for admins those of any user',
    permission: 'sessions:read',
    audit: notAudited('reads of single pages are not changes'),
    query: sessionListQuery,
    response: sessionPage,
    handle: ({ context, caller, query }) => service.list(context, caller, query),
  }),
  route({
    method: 'delete',
    path: '/auth/sessions/:id',
    summary: 'End a session',
    permission: 'sessions:revoke',
    audit: audited('auth.session.deleted'),
    params: idParams,
    response: z.void(),
    status: 204,
    handle: ({ context, params }) => service.revoke(context, params.id),
  }),
  route({
    method: 'post',
    path: '/auth/sessions/revoke-all',
    summary: 'End every session of the tenant, the own one as well',
    permission: 'sessions:revoke_all',
    stepUp: true,
    audit: audited('auth.tenant.updated'),
    response: z.void(),
    status: 204,
    handle: ({ context }) => service.revokeAll(context),
  }),
];

import { idParams, permissionsQuery, permissionsSchema } from '@pipedesk/contracts';
import { notAudited, type Route, route } from '@pipedesk/service-kit';
import type { PermissionService } from './permission.service.ts';

export const permissionRoutes = (service: PermissionService): Route[] => [
  route({
    method: 'get',
    path: '/auth/permissions',
    summary: 'What the caller may do, how far, by which rule, and whether on a record of this owner and team',
    permission: 'profile:read',
    audit: notAudited('reads of the rules are not changes'),
    query: permissionsQuery,
    response: permissionsSchema,
    handle: ({ context, caller, query }) => service.ofCaller(context, caller, query),
  }),
  route({
    method: 'get',
    path: '/users/:id/permissions',
    summary: 'The same of another user',
    permission: 'users:manage',
    audit: notAudited('reads of the rules are not changes'),
    params: idParams,
    query: permissionsQuery,
    response: permissionsSchema,
    handle: ({ context, params, query }) => service.ofUser(context, params.id, query),
  }),
];

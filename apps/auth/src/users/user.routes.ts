import {
  changeUserBody,
  createUserBody,
  idParams,
  userListQuery,
  userPage,
  userSchema,
} from '@pipedesk/contracts';
import { audited, notAudited, type Route, route } from '@pipedesk/service-kit';
import type { UserService } from './user.service.ts';

export const userRoutes = (service: UserService): Route[] => [
  route({
    method: 'post',
    path: '/users',
    summary: 'Create a user of the own tenant',
    permission: 'users:manage',
    audit: audited('auth.user.created'),
    body: createUserBody,
    response: userSchema,
    status: 201,
    handle: ({ context, body, idempotencyKey }) => service.create(context, body, idempotencyKey),
  }),
  route({
    method: 'get',
    path: '/users',
    summary: 'The directory: users of the own tenant, newest first',
    permission: 'users:directory',
    audit: notAudited('reads of single pages are not changes'),
    query: userListQuery,
    response: userPage,
    handle: ({ context, query }) => service.list(context, query),
  }),
  route({
    method: 'get',
    path: '/users/:id',
    summary: 'Read one user of the own tenant',
    permission: 'users:directory',
    audit: notAudited('reads of single records are not changes'),
    params: idParams,
    response: userSchema,
    handle: ({ context, params }) => service.get(context, params.id),
  }),
  route({
    method: 'patch',
    path: '/users/:id',
    summary: "Change a user's name, role, team or status; disabling ends their sessions",
    permission: 'users:manage',
    audit: audited('auth.user.updated', 'auth.session.deleted'),
    params: idParams,
    body: changeUserBody,
    response: userSchema,
    handle: ({ context, params, body, ifMatch }) => service.change(context, params.id, { ifMatch }, body),
  }),
];

import {
  changeTeamBody,
  createTeamBody,
  idParams,
  teamListQuery,
  teamPage,
  teamSchema,
} from '@pipedesk/contracts';
import { audited, notAudited, type Route, route } from '@pipedesk/service-kit';
import type { TeamService } from './team.service.ts';

export const teamRoutes = (service: TeamService): Route[] => [
  route({
    method: 'post',
    path: '/teams',
    summary: 'Create a team, and say which managers have it beside their own',
    permission: 'teams:manage',
    audit: audited('auth.team.created'),
    body: createTeamBody,
    response: teamSchema,
    status: 201,
    handle: ({ context, body, idempotencyKey }) => service.create(context, body, idempotencyKey),
  }),
  route({
    method: 'get',
    path: '/teams',
    summary: 'The teams of the own tenant, newest first',
    permission: 'teams:read',
    audit: notAudited('reads of single pages are not changes'),
    query: teamListQuery,
    response: teamPage,
    handle: ({ context, query }) => service.list(context, query),
  }),
  route({
    method: 'get',
    path: '/teams/:id',
    summary: 'Read one team',
    permission: 'teams:read',
    audit: notAudited('reads of single records are not changes'),
    params: idParams,
    response: teamSchema,
    handle: ({ context, params }) => service.get(context, params.id),
  }),
  route({
    method: 'patch',
    path: '/teams/:id',
    summary: 'Rename a team, or change who manages it; the latter holds everywhere within a second',
    permission: 'teams:manage',
    audit: audited('auth.team.updated'),
    params: idParams,
    body: changeTeamBody,
    response: teamSchema,
    handle: ({ context, params, body, ifMatch }) => service.change(context, params.id, { ifMatch }, body),
  }),
];

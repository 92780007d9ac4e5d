import {
  acceptInvitationBody,
  createInvitationBody,
  idParams,
  invitationListQuery,
  invitationPage,
  invitationSchema,
  tokenSchema,
} from '@pipedesk/contracts';
import { audited, notAudited, publicRoute, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import { keepOutOfCaches } from '../accounts/account.routes.ts';
import type { InvitationService } from './invitation.service.ts';

export const invitationRoutes = (service: InvitationService): Route[] => [
  route({
    method: 'post',
    path: '/invitations',
    summary: 'Invite somebody by mail; managers invite sales and viewers to their team',
    permission: 'users:invite',
    audit: audited('auth.invitation.created'),
    body: createInvitationBody,
    response: invitationSchema,
    status: 201,
    handle: ({ context, body, idempotencyKey }) => service.create(context, body, idempotencyKey),
  }),
  route({
    method: 'get',
    path: '/invitations',
    summary: 'Invitations, newest first; managers see those to their team',
    permission: 'users:invite',
    audit: notAudited('reads of single pages are not changes'),
    query: invitationListQuery,
    response: invitationPage,
    handle: ({ context, query }) => service.list(context, query),
  }),
  route({
    method: 'delete',
    path: '/invitations/:id',
    summary: 'Withdraw an invitation; its link no longer works',
    permission: 'users:invite',
    audit: audited('auth.invitation.updated'),
    params: idParams,
    response: z.void(),
    status: 204,
    handle: ({ context, params }) => service.withdraw(context, params.id),
  }),
  route({
    method: 'post',
    path: '/invitations/accept',
    summary: 'Become a user by the link of an invitation, and log in',
    permission: publicRoute('the link is the proof; its reader has no account yet'),
    audit: audited('auth.user.created', 'auth.invitation.updated', 'auth.session.created'),
    body: acceptInvitationBody,
    response: tokenSchema,
    status: 201,
    handle: ({ body, origin, res }) => {
      keepOutOfCaches(res);
      return service.accept(body, origin);
    },
  }),
];

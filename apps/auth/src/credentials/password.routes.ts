import { changePasswordBody, resetPasswordBody, resetRequestBody } from '@pipedesk/contracts';
import { audited, notAudited, publicRoute, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import type { PasswordService } from './password.service.ts';

export const passwordRoutes = (service: PasswordService): Route[] => [
  route({
    method: 'post',
    path: '/auth/password',
    summary: 'Change the own password; all other sessions end',
    permission: 'profile:secure',
    audit: audited('auth.user.updated', 'auth.session.deleted'),
    body: changePasswordBody,
    response: z.void(),
    status: 204,
    handle: ({ caller, context, body }) => service.change(caller, context, body),
  }),
  route({
    method: 'post',
    path: '/auth/password/reset-request',
    summary: 'Ask for a link to set a new password; answers alike whether the address is known or not',
    permission: publicRoute('whoever has forgotten the password cannot log in'),
    audit: notAudited('nothing changes until the link is used'),
    body: resetRequestBody,
    response: z.object({}),
    status: 202,
    handle: async ({ body, origin }) => {
      await service.requestReset(body.email, origin);
      return {};
    },
  }),
  route({
    method: 'post',
    path: '/auth/password/reset',
    summary: 'Set a new password by the link of a mail; all sessions end',
    permission: publicRoute('the link is the proof'),
    audit: audited('auth.user.updated', 'auth.session.deleted'),
    body: resetPasswordBody,
    response: z.void(),
    status: 204,
    handle: ({ body, origin }) => service.reset(body, origin),
  }),
];

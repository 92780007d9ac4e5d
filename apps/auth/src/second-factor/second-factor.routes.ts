import {
  accessTokenSchema,
  confirmSecondFactorBody,
  idParams,
  recoveryCodesSchema,
  secondFactorSecretSchema,
  secondStepBody,
  startSecondFactorBody,
  stepUpBody,
  tokenSchema,
} from '@pipedesk/contracts';
import { audited, notAudited, publicRoute, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import { keepOutOfCaches } from '../accounts/account.routes.ts';
import type { SecondFactorService } from './second-factor.service.ts';

export const secondFactorRoutes = (service: SecondFactorService): Route[] => [
  route({
    method: 'post',
    path: '/auth/mfa',
    summary: 'Begin to use an authenticator app as second factor',
    permission: 'profile:secure',
    audit: notAudited('nothing changes until the app is confirmed'),
    body: startSecondFactorBody,
    response: secondFactorSecretSchema,
    handle: ({ caller, context, body, res }) => {
      keepOutOfCaches(res);
      return service.start(caller, context, body.password);
    },
  }),
  route({
    method: 'post',
    path: '/auth/mfa/confirm',
    summary: 'Confirm the app by a code; logins ask for one from now on',
    permission: 'profile:secure',
    audit: audited('auth.user.updated'),
    body: confirmSecondFactorBody,
    response: recoveryCodesSchema,
    handle: ({ caller, context, body, res }) => {
      keepOutOfCaches(res);
      return service.confirm(caller, context, body.code);
    },
  }),
  route({
    method: 'post',
    path: '/auth/mfa/recovery-codes',
    summary: 'New recovery codes; those of before no longer work',
    permission: 'profile:secure',
    stepUp: true,
    audit: notAudited('the second factor stays what it is'),
    response: recoveryCodesSchema,
    handle: ({ caller, context, res }) => {
      keepOutOfCaches(res);
      return service.renewRecoveryCodes(caller, context);
    },
  }),
  route({
    method: 'delete',
    path: '/auth/mfa',
    summary: 'Use no second factor any more',
    permission: 'profile:secure',
    stepUp: true,
    audit: audited('auth.user.updated'),
    response: z.void(),
    status: 204,
    handle: ({ caller, context }) => service.remove(context, caller.userId),
  }),
  route({
    method: 'delete',
    path: '/users/:id/mfa',
    summary: 'Take the second factor from a user who has lost it',
    permission: 'users:manage',
    stepUp: true,
    audit: audited('auth.user.updated'),
    params: idParams,
    response: z.void(),
    status: 204,
    handle: ({ context, params }) => service.remove(context, params.id),
  }),
  route({
    method: 'post',
    path: '/auth/login/mfa',
    summary: 'Finish a login with the second factor',
    permission: publicRoute('the challenge and the code are the proof'),
    audit: audited('auth.session.created', 'auth.login_attempt.created'),
    body: secondStepBody,
    response: tokenSchema,
    handle: ({ body, origin, res }) => {
      keepOutOfCaches(res);
      return service.finishLogin(body, origin);
    },
  }),
  route({
    method: 'post',
    path: '/auth/step-up',
    summary:
      'Prove who you are again, for what asks for it: a token that opens those routes for five minutes',
    permission: 'profile:secure',
    audit: notAudited('what the token is used for is audited'),
    body: stepUpBody,
    response: accessTokenSchema,
    handle: ({ caller, context, body, res }) => {
      keepOutOfCaches(res);
      return service.stepUp(caller, context, body);
    },
  }),
];

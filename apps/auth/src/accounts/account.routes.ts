import {
  loginBody,
  meSchema,
  refreshBody,
  secondFactorWantedSchema,
  signupBody,
  tokenSchema,
} from '@pipedesk/contracts';
import { audited, notAudited, publicRoute, type Route, route } from '@pipedesk/service-kit';
import type { Response } from 'express';
import { z } from 'zod';
import type { AccountService } from './account.service.ts';

export const accountRoutes = (service: AccountService): Route[] => [
  route({
    method: 'post',
    path: '/auth/signup',
    summary: 'Create a tenant with its first admin, and log in',
    permission: publicRoute('nobody has an account before the signup'),
    audit: audited('auth.tenant.created', 'auth.user.created', 'auth.session.created'),
    body: signupBody,
    response: tokenSchema,
    status: 201,
    handle: ({ body, origin, res }) => {
      keepOutOfCaches(res);
      return service.signup(body, origin);
    },
  }),
  route({
    method: 'post',
    path: '/auth/login',
    summary: 'Log in with mail address and password; with a second factor this is the first step',
    permission: publicRoute('this is where tokens come from'),
    audit: audited('auth.session.created', 'auth.login_attempt.created'),
    body: loginBody,
    response: z.union([tokenSchema, secondFactorWantedSchema]),
    handle: ({ body, origin, res }) => {
      keepOutOfCaches(res);
      return service.login(body, origin);
    },
  }),
  route({
    method: 'post',
    path: '/auth/refresh',
    summary: 'Exchange a refresh token for a new access token and the next refresh token',
    permission: publicRoute('the refresh token is the proof, for when the access token has expired'),
    // The session goes on; only a token that comes twice ends it.
    audit: audited('auth.session.deleted', 'auth.access_refusal.created'),
    body: refreshBody,
    response: tokenSchema,
    handle: ({ body, origin, res }) => {
      keepOutOfCaches(res);
      return service.refresh(body, origin);
    },
  }),
  route({
    method: 'post',
    path: '/auth/logout',
    summary: 'End the session of the token',
    permission: 'profile:read',
    audit: audited('auth.session.deleted'),
    response: z.void(),
    status: 204,
    handle: ({ caller, context }) => service.logout(caller, context),
  }),
  route({
    method: 'get',
    path: '/auth/me',
    summary: 'The caller and their tenant',
    permission: 'profile:read',
    audit: notAudited('reads of the own profile are not changes'),
    response: meSchema,
    handle: ({ context }) => service.me(context),
  }),
];

/** RFC 6749 section 5.1. */
export function keepOutOfCaches(res: Response): void {
  res.set('Cache-Control', 'no-store');
}

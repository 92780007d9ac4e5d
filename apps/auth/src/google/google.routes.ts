import { secondFactorWantedSchema, tokenSchema } from '@pipedesk/contracts';
import { audited, notAudited, notFound, publicRoute, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import { keepOutOfCaches } from '../accounts/account.routes.ts';
import type { GoogleSignIn } from './google-sign-in.ts';
import type { GoogleService } from './google.service.ts';

/** What Google sends along; it may send more. */
const callbackQuery = z.looseObject({
  code: z.string().max(2_000).optional(),
  state: z.string().max(200).optional(),
  error: z.string().max(200).optional(),
});

/** @param signIn undefined where it is not configured */
export const googleRoutes = (signIn: GoogleSignIn | undefined, service: GoogleService): Route[] => [
  route({
    method: 'get',
    path: '/auth/google',
    summary: 'Sign in with Google: sends the browser there',
    permission: publicRoute('this is where tokens come from'),
    audit: notAudited('nothing changes until Google has answered'),
    response: z.void(),
    status: 302,
    handle: async ({ res }) => {
      const url = await whereOn(signIn).begin(res);
      keepOutOfCaches(res);
      res.redirect(url);
    },
  }),
  route({
    method: 'get',
    path: '/auth/google/callback',
    summary: 'Where Google sends the browser back to: logs in, or asks for the second factor',
    permission: publicRoute('what Google says of the user is the proof'),
    audit: audited('auth.session.created', 'auth.user.updated', 'auth.login_attempt.created'),
    query: callbackQuery,
    response: z.union([tokenSchema, secondFactorWantedSchema]),
    handle: async ({ req, res, origin }) => {
      keepOutOfCaches(res);
      return service.enter(await whereOn(signIn).finish(req, res), origin);
    },
  }),
];

function whereOn(signIn: GoogleSignIn | undefined): GoogleSignIn {
  if (signIn) return signIn;
  throw notFound('google_sign_in_off', { detail: 'Sign-in with Google is not set up here.' });
}

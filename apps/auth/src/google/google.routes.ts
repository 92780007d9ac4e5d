import {
  googleSessionBody,
  secondFactorWantedSchema,
  signInChallengeSchema,
  tokenSchema,
} from '@pipedesk/contracts';
import {
  audited,
  badRequest,
  notAudited,
  notFound,
  publicRoute,
  type RequestOrigin,
  type Route,
  route,
} from '@pipedesk/service-kit';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { keepOutOfCaches } from '../accounts/account.routes.ts';
import type { RemoveGoogleLink } from './google-link.ts';
import type { GoogleReturn } from './google-return.ts';
import type { GoogleSignIn } from './google-sign-in.ts';
import type { GoogleService } from './google.service.ts';

/** What Google sends along; it may send more. */
const callbackQuery = z.looseObject({
  code: z.string().max(2_000).optional(),
  state: z.string().max(200).optional(),
  error: z.string().max(200).optional(),
});

interface GoogleParts {
  /** Undefined where it is not configured. */
  signIn: GoogleSignIn | undefined;
  service: GoogleService;
  /** Only where browsers go on to a front end. */
  back: GoogleReturn | undefined;
  removeLink: RemoveGoogleLink;
}

export const googleRoutes = ({ signIn, service, back, removeLink }: GoogleParts): Route[] => [
  route({
    method: 'get',
    path: '/auth/google',
    summary: 'Sign in with Google: sends the browser there',
    permission: publicRoute('this is where tokens come from'),
    audit: notAudited('nothing changes until Google has answered'),
    query: z.looseObject({ challenge: signInChallengeSchema.optional() }),
    response: z.void(),
    status: 302,
    handle: async ({ query: { challenge }, res }) => {
      const there = whereOn(signIn);
      if (back && challenge === undefined) throw challengeMissing();
      const url = await there.begin(res, challenge);
      keepOutOfCaches(res);
      res.redirect(url);
    },
  }),
  back ? callbackToPage({ signIn, service }, back) : callbackWithAnswer(signIn, service),
  route({
    method: 'post',
    path: '/auth/google/session',
    summary: 'The session for the code that a sign-in with Google has brought to a page of the front end',
    permission: publicRoute('the code and the secret of the page that began are the proof'),
    audit: audited('auth.session.created'),
    body: googleSessionBody,
    response: z.union([tokenSchema, secondFactorWantedSchema]),
    handle: async ({ body, origin, res }) => {
      if (!back) throw off();
      keepOutOfCaches(res);
      return service.open(await back.redeem(body), origin);
    },
  }),
  route({
    method: 'delete',
    path: '/auth/google',
    summary: 'Undo the link to a Google account; the next sign-in by a verified address links again',
    permission: 'profile:secure',
    stepUp: true,
    audit: audited('auth.user.updated', 'auth.session.deleted'),
    response: z.void(),
    status: 204,
    handle: ({ caller, context }) => removeLink(context, caller.sessionId),
  }),
];

const callback = {
  method: 'get',
  path: '/auth/google/callback',
  permission: publicRoute('what Google says of the user is the proof'),
  query: callbackQuery,
} as const;

function callbackWithAnswer(signIn: GoogleParts['signIn'], service: GoogleService): Route {
  return route({
    ...callback,
    summary: 'Where Google sends the browser back to: logs in, or asks for the second factor',
    audit: audited('auth.session.created', 'auth.user.updated', 'auth.login_attempt.created'),
    response: z.union([tokenSchema, secondFactorWantedSchema]),
    handle: async ({ req, res, origin }) => {
      keepOutOfCaches(res);
      return service.enter(await whereOn(signIn).finish(req, res), origin);
    },
  });
}

/** Whatever comes of the sign-in, the browser goes on to the page: a problem document would be the end of its way. */
function callbackToPage(
  { signIn, service }: Pick<GoogleParts, 'signIn' | 'service'>,
  back: GoogleReturn,
): Route {
  async function pageAfter(req: Request, res: Response, origin: RequestOrigin): Promise<string> {
    const from = whereOn(signIn);
    const challenge = from.challengeOf(req);
    try {
      const identity = await service.identify(await from.finish(req, res), origin);
      // Begun before there was a front end.
      if (challenge === undefined) throw challengeMissing();
      return await back.succeeded(identity, challenge);
    } catch (error) {
      return back.failed(error);
    }
  }

  return route({
    ...callback,
    summary:
      'Where Google sends the browser back to: sends it on to the front end, with a code for a session or why not',
    audit: audited('auth.user.updated', 'auth.login_attempt.created'),
    response: z.void(),
    status: 303,
    handle: async ({ req, res, origin }) => {
      keepOutOfCaches(res);
      res.redirect(303, await pageAfter(req, res, origin));
    },
  });
}

function challengeMissing() {
  return badRequest('challenge_missing', {
    detail:
      'Send the challenge of the page that begins: the SHA-256 of a secret that it keeps, in base64url.',
  });
}

function whereOn(signIn: GoogleSignIn | undefined): GoogleSignIn {
  if (signIn) return signIn;
  throw off();
}

function off() {
  return notFound('google_sign_in_off', {
    detail: 'Sign-in with Google is not set up here, or not for a front end.',
  });
}

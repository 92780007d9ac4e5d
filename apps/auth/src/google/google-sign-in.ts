import { type KeySecret, unavailable } from '@pipedesk/service-kit';
import type { Request, RequestHandler, Response } from 'express';
import { Passport } from 'passport';
import {
  createGoogleProvider,
  type GoogleIdentity,
  type GoogleOptions,
  isOutage,
} from './google-provider.ts';
import { createGoogleStrategy } from './google-strategy.ts';
import { refused } from './google.service.ts';
import { createSignInCookie } from './sign-in-cookie.ts';

/** The two requests of a browser that signs in with Google. */
export interface GoogleSignIn {
  /** @param challenge of the page that begins. @returns where the browser goes on */
  begin(res: Response, challenge?: string): Promise<string>;
  /** What the page gave that began in this browser. */
  challengeOf(req: Request): string | undefined;
  /** @throws ProblemError 401 `google_sign_in_refused`, 503 `google_unavailable` */
  finish(req: Request, res: Response): Promise<GoogleIdentity>;
}

export function createGoogleSignIn(
  options: GoogleOptions,
  secret: KeySecret,
  clock: () => Date,
): GoogleSignIn {
  const provider = createGoogleProvider(options);
  const cookie = createSignInCookie(secret, options.redirectUri.startsWith('https:'), clock);
  const passport = new Passport();
  passport.use(createGoogleStrategy(provider, cookie));
  return {
    begin: async (res, challenge) => {
      const { url, checks } = await provider.begin();
      cookie.set(res, { checks, challenge });
      return url;
    },
    challengeOf: (req) => cookie.read(req)?.challenge,
    finish: (req, res) => {
      // One attempt a sign-in, whatever comes of it.
      cookie.clear(res);
      return new Promise((resolve, reject) => {
        // A callback of our own: passport's default answers in plain text and looks for a session.
        const done = (error: unknown, identity: GoogleIdentity | false | null | undefined) => {
          if (!error && identity) resolve(identity);
          else reject(isOutage(error) ? unavailable('google_unavailable', { cause: error }) : refused(error));
        };
        const authenticate = passport.authenticate('google', { session: false }, done) as RequestHandler;
        void authenticate(req, res, reject);
      });
    },
  };
}

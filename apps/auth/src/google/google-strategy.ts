import type { Request } from 'express';
import type { Strategy } from 'passport';
import type { GoogleIdentity, GoogleProvider } from './google-provider.ts';
import type { SignInCookie } from './sign-in-cookie.ts';

/**
 * The callback of a sign-in as a passport strategy. The stock strategies for Google keep their state in a session of the
 * server, which this service does not have, or do not look at the ID token: see docs/adr.
 */
export function createGoogleStrategy(provider: GoogleProvider, cookie: SignInCookie): Strategy {
  async function identify(req: Request): Promise<GoogleIdentity> {
    const begun = cookie.read(req);
    if (!begun) throw new Error('this browser has begun no sign-in');
    const at = req.originalUrl.indexOf('?');
    return provider.finish(at < 0 ? '' : req.originalUrl.slice(at), begun.checks);
  }

  return {
    name: 'google',
    authenticate(req: Request) {
      identify(req).then(
        (identity) => {
          this.success(identity);
        },
        (error: unknown) => {
          this.error(error);
        },
      );
    },
  };
}

import type { Connection } from '@pipedesk/mongo';
import type { KeySecret, Logger, Route } from '@pipedesk/service-kit';
import type { AccountService } from '../accounts/account.service.ts';
import type { CredentialStore } from '../credentials/credential.model.ts';
import type { LoginAttempts } from '../login-attempts/login-attempts.ts';
import type { OneTimeTokens } from '../one-time/one-time-tokens.ts';
import type { SessionService } from '../sessions/session.service.ts';
import { createGoogleLookup, type EmailLookup, type UserRepository } from '../users/user.model.ts';
import { createRemoveGoogleLink } from './google-link.ts';
import type { GoogleOptions } from './google-provider.ts';
import { createGoogleReturn } from './google-return.ts';
import { googleRoutes } from './google.routes.ts';
import { createGoogleService } from './google.service.ts';
import { createGoogleSignIn } from './google-sign-in.ts';

interface GoogleDeps {
  /** Undefined where nobody signs in with Google. */
  options: GoogleOptions | undefined;
  connection: Connection;
  secret: KeySecret;
  users: UserRepository;
  findByEmail: EmailLookup;
  accounts: Pick<AccountService, 'enter'>;
  credentials: CredentialStore;
  sessions: SessionService;
  oneTime: OneTimeTokens;
  attempts: LoginAttempts;
  clock: () => Date;
  log: Logger;
}

/** Everything about Google accounts as a way in. */
export function createGoogleRoutes(deps: GoogleDeps): Route[] {
  const { options, connection, secret, oneTime, clock } = deps;
  const findByGoogle = createGoogleLookup(connection);
  const url = options?.returnUrl;
  return googleRoutes({
    signIn: options && createGoogleSignIn(options, secret, clock),
    service: createGoogleService({ ...deps, findByGoogle }),
    back: url === undefined ? undefined : createGoogleReturn({ url, secret, oneTime, findByGoogle }),
    removeLink: createRemoveGoogleLink(deps),
  });
}

import type { SecondFactorWanted, TokenAnswer } from '@pipedesk/contracts';
import { isDuplicateKey } from '@pipedesk/mongo';
import {
  type Logger,
  type ProblemError,
  type RequestOrigin,
  tenantContextOf,
  unauthorized,
} from '@pipedesk/service-kit';
import type { AccountService } from '../accounts/account.service.ts';
import { newCaller } from '../accounts/new-caller.ts';
import type { LoginAttempts } from '../login-attempts/login-attempts.ts';
import {
  type EmailLookup,
  googleIndex,
  type GoogleLookup,
  type Identity,
  type UserRepository,
} from '../users/user.model.ts';
import type { GoogleIdentity } from './google-provider.ts';

export type GoogleService = ReturnType<typeof createGoogleService>;

interface GoogleDeps {
  users: UserRepository;
  findByEmail: EmailLookup;
  findByGoogle: GoogleLookup;
  accounts: Pick<AccountService, 'enter'>;
  attempts: LoginAttempts;
  clock: () => Date;
  log: Logger;
}

export function createGoogleService(deps: GoogleDeps) {
  const { users, findByEmail, findByGoogle, accounts, attempts, clock, log } = deps;

  /**
   * By `sub` once linked, whatever becomes of either address; before that by an address that Google has verified. A user
   * who is linked already is nobody else's: whoever gets hold of an address later gets no account with it.
   */
  async function findUser(google: GoogleIdentity, origin: RequestOrigin): Promise<Identity | null> {
    const linked = await findByGoogle(google.sub);
    if (linked) return linked;
    const found = google.isEmailVerified ? await findByEmail(google.email) : null;
    if (found?.status !== 'active') return found;
    return found.googleSub === null ? link(found, google.sub, origin) : null;
  }

  /** The event of the user's record is what tells audit. @returns as tokens must know the user from now on */
  async function link(identity: Identity, sub: string, origin: RequestOrigin): Promise<Identity> {
    const context = tenantContextOf(newCaller(identity, clock()), origin, 'auth');
    try {
      const { version, status } = await users.change(context, identity.userId, {}, (user) => {
        if (user.status !== 'active' || (user.googleSub ?? sub) !== sub) throw refused();
        user.googleSub = sub;
      });
      return { ...identity, status, permissionVersion: version, googleSub: sub };
    } catch (error) {
      throw isDuplicateKey(error, googleIndex) ? refused(error) : error;
    }
  }

  /**
   * The user behind a Google account.
   * @throws ProblemError 401 `google_sign_in_refused`, the same for unknown, disabled and unverified
   */
  async function identify(google: GoogleIdentity, origin: RequestOrigin): Promise<Identity> {
    const identity = await findUser(google, origin);
    if (identity?.status === 'active') return identity;
    if (identity) attempts.failed(identity, origin, 'user_disabled');
    else log.warn({ requestId: origin.requestId }, 'sign-in with a Google account of nobody here');
    throw refused();
  }

  return {
    identify,
    /** The session, or the question for the second factor: Google does not replace it. */
    open: (identity: Identity, origin: RequestOrigin): Promise<TokenAnswer | SecondFactorWanted> =>
      accounts.enter(identity, origin),
    /** Both at once, as `identify` throws. */
    enter: async (google: GoogleIdentity, origin: RequestOrigin): Promise<TokenAnswer | SecondFactorWanted> =>
      accounts.enter(await identify(google, origin), origin),
  };
}

/** One answer to everybody who is not let in; why is the cause, for the log alone. */
export function refused(cause?: unknown): ProblemError {
  const detail = 'This Google account opens nothing here, or the sign-in was not completed.';
  return unauthorized('google_sign_in_refused', detail, cause);
}

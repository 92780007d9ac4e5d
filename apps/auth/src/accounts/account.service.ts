import type { Login, Refresh, SecondFactorWanted, Signup, TokenAnswer } from '@pipedesk/contracts';
import {
  type Caller,
  type Logger,
  ProblemError,
  type RequestOrigin,
  type TenantContext,
  tenantContextOf,
} from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import type { CredentialStore } from '../credentials/credential.model.ts';
import type { Passwords } from '../credentials/passwords.ts';
import type { LoginAttempts } from '../login-attempts/login-attempts.ts';
import type { OneTimeTokens } from '../one-time/one-time-tokens.ts';
import type { RefreshService } from '../refresh/refresh.service.ts';
import type { SessionService } from '../sessions/session.service.ts';
import type { TenantRepository } from '../tenants/tenant.model.ts';
import type { EmailLookup, Identity } from '../users/user.model.ts';
import { emailInUse, type UserService } from '../users/user.service.ts';
import type { LoginLimiter } from './login-limiter.ts';
import { newCaller } from './new-caller.ts';
import type { TokenAnswers } from './token-answers.ts';

export type AccountService = ReturnType<typeof createAccountService>;

interface AccountDeps {
  tenants: TenantRepository;
  users: UserService;
  findByEmail: EmailLookup;
  credentials: CredentialStore;
  passwords: Passwords;
  sessions: SessionService;
  refreshes: RefreshService;
  answers: TokenAnswers;
  oneTime: OneTimeTokens;
  attempts: LoginAttempts;
  limiter: LoginLimiter;
  clock: () => Date;
  log: Logger;
}

/** What a login of an unknown address is checked against, so that it costs the same look-ups as a known one. */
const nobody = { tenantId: 'none', userId: 'nobody' };

/** Between the two steps of a login, ms. */
const challengeLifetime = 300_000;

export function createAccountService(deps: AccountDeps) {
  const { tenants, users, findByEmail, credentials, passwords, sessions, refreshes, answers } = deps;
  const { oneTime, attempts, limiter, clock, log } = deps;

  /** The first admin is the actor of everything a signup creates. */
  async function signup(body: Signup, origin: RequestOrigin): Promise<TokenAnswer> {
    const { tenantName, name, email, password } = body;
    if (await findByEmail(email)) throw emailInUse();
    const hash = await passwords.hash(password);
    const ids = { userId: uuidv7(), tenantId: uuidv7() };
    const access = { role: 'admin' as const, teamId: null, permissionVersion: 1 };
    const caller = newCaller({ ...ids, name, ...access }, clock());
    const context = tenantContextOf(caller, origin, 'auth');
    await tenants.create(context, { name: tenantName, notBefore: null }, { id: caller.tenantId });
    await registerFirst(context, hash, body);
    return answers.open(caller, context);
  }

  /** The user comes last: until then the address is free, and a signup that broke off can simply be repeated. */
  async function registerFirst(
    context: TenantContext,
    hash: string,
    { name, email }: Pick<Signup, 'name' | 'email'>,
  ): Promise<void> {
    try {
      const fields = { name, email, role: 'admin' as const, teamId: null };
      await users.register(context, { id: context.subject.userId, fields, hash });
    } catch (error) {
      // Only a refusal is certain; after an outage the user may be there all the same.
      if (!(error instanceof ProblemError)) throw error;
      await tenants.remove(context, context.tenantId, {}).catch((failure: unknown) => {
        log.warn({ err: failure, tenantId: context.tenantId }, 'a tenant without users stays behind');
      });
      throw error;
    }
  }

  /** Unknown address, wrong password and disabled user answer alike, after the same work. */
  async function login(
    { email, password }: Login,
    origin: RequestOrigin,
  ): Promise<TokenAnswer | SecondFactorWanted> {
    await limiter.begin(email, origin.ip);
    const identity = await findByEmail(email);
    const owner = identity ?? nobody;
    const isRight = await passwords.isRight(await credentials.hashOf(owner), password);
    if (identity && !isRight) attempts.failed(identity, origin, 'wrong_password');
    else if (identity && identity.status !== 'active') attempts.failed(identity, origin, 'user_disabled');
    if (!identity || !isRight || identity.status !== 'active') throw invalidCredentials();
    await limiter.succeeded(email, origin.ip);
    return enter(identity, origin);
  }

  /** What follows a first proof of identity, whichever it was: the session, or the question for the second factor. */
  async function enter(identity: Identity, origin: RequestOrigin): Promise<TokenAnswer | SecondFactorWanted> {
    if (identity.hasSecondFactor) return askForSecondFactor(identity);
    const caller = newCaller(identity, clock());
    return answers.open(caller, tenantContextOf(caller, origin, 'auth'));
  }

  async function askForSecondFactor({ tenantId, userId }: Identity): Promise<SecondFactorWanted> {
    const owner = { tenantId, ownerId: userId };
    const challenge = await oneTime.issue('second_factor', owner, challengeLifetime);
    return { secondFactorRequired: true, challenge, expiresIn: challengeLifetime / 1000 };
  }

  async function refresh(body: Refresh, origin: RequestOrigin): Promise<TokenAnswer> {
    const { caller, refreshToken } = await refreshes.refresh(body.refreshToken, origin);
    return answers.next(caller, tenantContextOf(caller, origin, 'auth'), refreshToken);
  }

  return {
    signup,
    login,
    enter,
    refresh,
    me: answers.me,
    logout: (caller: Caller, context: TenantContext) => sessions.end(context, caller.sessionId),
  };
}

function invalidCredentials(): ProblemError {
  return new ProblemError(401, 'invalid_credentials', {
    detail: 'The mail address or the password is wrong.',
    headers: { 'WWW-Authenticate': 'Bearer' },
  });
}

import type { AccessTokenAnswer, SecondStep, StepUp, TokenAnswer } from '@pipedesk/contracts';
import {
  type Caller,
  conflict,
  forbidden,
  type RequestOrigin,
  type TenantContext,
  tenantContextOf,
  unauthorized,
} from '@pipedesk/service-kit';
import type { LoginLimiter } from '../accounts/login-limiter.ts';
import { newCaller } from '../accounts/new-caller.ts';
import type { TokenAnswers } from '../accounts/token-answers.ts';
import type { CredentialOwner } from '../credentials/credential.model.ts';
import type { PasswordService } from '../credentials/password.service.ts';
import type { LoginAttempts } from '../login-attempts/login-attempts.ts';
import type { OneTimeTokens } from '../one-time/one-time-tokens.ts';
import type { TokenIssuer } from '../tokens/token-issuer.ts';
import type { UserRepository } from '../users/user.model.ts';
import type { SecondFactors } from './second-factors.ts';

export type SecondFactorService = ReturnType<typeof createSecondFactorService>;

interface SecondFactorDeps {
  factors: SecondFactors;
  users: UserRepository;
  passwords: PasswordService;
  oneTime: OneTimeTokens;
  attempts: LoginAttempts;
  limiter: LoginLimiter;
  answers: TokenAnswers;
  tokens: TokenIssuer;
  clock: () => Date;
}

/** Wrong codes a login may come with before its password is asked for again. */
const attemptsPerLogin = 5;

export function createSecondFactorService(deps: SecondFactorDeps) {
  const { factors, users, passwords, oneTime, attempts, limiter, answers, tokens, clock } = deps;

  /** @throws ProblemError 429 after too many wrong codes from one network */
  async function isRight(owner: CredentialOwner, ip: string | null, code: string): Promise<boolean> {
    const account = `second factor ${owner.userId}`;
    await limiter.begin(account, ip);
    const right = await factors.isRight(owner, code);
    if (right) await limiter.succeeded(account, ip);
    return right;
  }

  /** The event of the user's record is what tells audit. */
  async function mark(context: TenantContext, userId: string, hasSecondFactor: boolean): Promise<void> {
    await users.change(context, userId, {}, (user) => {
      user.hasSecondFactor = hasSecondFactor;
    });
  }

  async function remove(context: TenantContext, userId: string): Promise<void> {
    await mark(context, userId, false);
    await factors.remove({ tenantId: context.tenantId, userId });
  }

  async function findCaller({ tenantId, userId }: CredentialOwner, origin: RequestOrigin) {
    const least = { name: '', role: 'viewer' as const, teamId: null, permissionVersion: 1 };
    const stranger = tenantContextOf(newCaller({ tenantId, userId, ...least }), origin, 'auth');
    const user = await users.find(stranger, { _id: userId });
    if (user?.status !== 'active') return null;
    const { name, role, teamId, version: permissionVersion } = user;
    return newCaller({ tenantId, userId, name, role, teamId, permissionVersion }, clock());
  }

  return {
    /** @throws ProblemError 403 `wrong_password`, 409 `second_factor_active` */
    start: async (caller: Caller, context: TenantContext, password: string) => {
      await passwords.requirePassword(caller, context.context.ip, password);
      const { email } = await users.get(context, caller.userId);
      const proposal = await factors.propose(caller, email);
      if (proposal) return proposal;
      throw conflict('second_factor_active', { detail: 'Remove the second factor in use first.' });
    },
    /** @throws ProblemError 403 `wrong_code` */
    confirm: async (caller: Caller, context: TenantContext, code: string) => {
      const account = `second factor ${caller.userId}`;
      await limiter.begin(account, context.context.ip);
      const recoveryCodes = await factors.confirm(caller, code);
      if (!recoveryCodes) throw wrongCode();
      await limiter.succeeded(account, context.context.ip);
      await mark(context, caller.userId, true);
      return { recoveryCodes };
    },
    renewRecoveryCodes: async (caller: Caller, context: TenantContext) => {
      const { hasSecondFactor } = await users.get(context, caller.userId);
      if (!hasSecondFactor) throw conflict('no_second_factor', { detail: 'There is no second factor.' });
      return { recoveryCodes: await factors.renewRecoveryCodes(caller) };
    },
    remove,
    /**
     * The second step of a login.
     * @throws ProblemError 401 `login_expired`, `wrong_code`
     */
    finishLogin: async ({ challenge, code }: SecondStep, origin: RequestOrigin): Promise<TokenAnswer> => {
      const found = await oneTime.attempt('second_factor', challenge, attemptsPerLogin);
      const owner = found && { tenantId: found.tenantId, userId: found.ownerId };
      const caller = owner && (await findCaller(owner, origin));
      if (!caller) throw unauthorized('login_expired', 'This login has expired. Log in again.');
      if (!(await isRight(caller, origin.ip, code))) {
        attempts.failed(caller, origin, 'wrong_code');
        throw unauthorized('wrong_code', 'The code is wrong.');
      }
      if (!(await oneTime.take('second_factor', challenge)))
        throw unauthorized('login_expired', 'This login was finished already. Log in again.');
      return answers.open(caller, tenantContextOf(caller, origin, 'auth'));
    },
    /**
     * A token that says its user has just proved who they are.
     * @throws ProblemError 403 `wrong_password`, `wrong_code`
     */
    stepUp: async (
      caller: Caller,
      context: TenantContext,
      { password, code }: StepUp,
    ): Promise<AccessTokenAnswer> => {
      const { ip } = context.context;
      await passwords.requirePassword(caller, ip, password);
      const { hasSecondFactor } = await users.get(context, caller.userId);
      if (hasSecondFactor && !(code !== undefined && (await isRight(caller, ip, code)))) throw wrongCode();
      const authenticatedAt = Math.floor(clock().getTime() / 1000);
      return { ...(await tokens.issue({ ...caller, authenticatedAt })), tokenType: 'Bearer' };
    },
  };
}

function wrongCode() {
  return forbidden('wrong_code', { detail: 'Send the current code of your second factor.' });
}

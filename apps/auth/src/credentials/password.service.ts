import type { PasswordChange, PasswordReset } from '@pipedesk/contracts';
import {
  type Caller,
  forbidden,
  type Logger,
  type RequestOrigin,
  type TenantContext,
  tenantContextOf,
} from '@pipedesk/service-kit';
import { newCaller } from '../accounts/new-caller.ts';
import type { LoginLimiter } from '../accounts/login-limiter.ts';
import type { Letters } from '../mail/letters.ts';
import type { Mailer } from '../mail/mailer.ts';
import { linkExpired } from '../one-time/link-expired.ts';
import type { OneTimeTokens } from '../one-time/one-time-tokens.ts';
import type { SessionService } from '../sessions/session.service.ts';
import type { EmailLookup, UserRepository } from '../users/user.model.ts';
import type { CredentialStore } from './credential.model.ts';
import type { Passwords } from './passwords.ts';

export type PasswordService = ReturnType<typeof createPasswordService>;

interface PasswordDeps {
  users: UserRepository;
  findByEmail: EmailLookup;
  credentials: CredentialStore;
  passwords: Passwords;
  sessions: SessionService;
  oneTime: OneTimeTokens;
  limiter: LoginLimiter;
  /** Requests for a reset, counted apart from logins. */
  resetLimiter: LoginLimiter;
  mailer: Mailer;
  letters: Letters;
  clock: () => Date;
  log: Logger;
}

/** Of a link to set a new password, ms. */
const linkLifetime = 30 * 60_000;

export function createPasswordService(deps: PasswordDeps) {
  const { users, findByEmail, credentials, passwords, sessions, oneTime, limiter, clock, log } = deps;

  /** The credential first: an event that tells of a change has one behind it. Links asked for before are void. */
  async function set(context: TenantContext, password: string, keep?: string): Promise<void> {
    const { tenantId } = context;
    const { userId } = context.subject;
    await credentials.set({ tenantId, userId }, await passwords.hash(password));
    const { email } = await users.change(context, userId, {}, (user) => {
      user.passwordChangedAt = clock().toISOString();
    });
    await oneTime.removeAllOf('password_reset', { tenantId, ownerId: userId });
    await sessions.endAllOf(context, userId, keep);
    deps.mailer.send(deps.letters.passwordChanged(email));
  }

  async function mailLink(email: string): Promise<void> {
    const identity = await findByEmail(email);
    if (identity?.status !== 'active') return;
    const owner = { tenantId: identity.tenantId, ownerId: identity.userId };
    const token = await oneTime.issue('password_reset', owner, linkLifetime);
    deps.mailer.send(deps.letters.passwordReset(email, token));
  }

  /** @throws ProblemError 403 `wrong_password`, 429 after too many of them */
  async function requirePassword(caller: Caller, ip: string | null, password: string): Promise<void> {
    const account = `user ${caller.userId}`;
    await limiter.begin(account, ip);
    if (!(await passwords.isRight(await credentials.hashOf(caller), password)))
      throw forbidden('wrong_password', { detail: 'The current password is wrong.' });
    await limiter.succeeded(account, ip);
  }

  return {
    requirePassword,
    /** Every other session of the user ends. */
    change: async (caller: Caller, context: TenantContext, body: PasswordChange): Promise<void> => {
      await requirePassword(caller, context.context.ip, body.currentPassword);
      await set(context, body.newPassword, caller.sessionId);
    },
    /** The same answer for every address, before anything is looked up. @throws ProblemError 429 */
    requestReset: async (email: string, origin: RequestOrigin): Promise<void> => {
      await deps.resetLimiter.begin(email, origin.ip);
      mailLink(email).catch((error: unknown) => {
        log.error({ err: error }, 'a link for a new password could not be made');
      });
    },
    /** The link works once; all sessions of the user end. @throws ProblemError 410 `link_expired` */
    reset: async ({ token, newPassword }: PasswordReset, origin: RequestOrigin): Promise<void> => {
      const owner = await oneTime.take('password_reset', token);
      if (!owner) throw linkExpired();
      const identity = { userId: owner.ownerId, tenantId: owner.tenantId };
      const least = { name: '', role: 'viewer' as const, teamId: null, permissionVersion: 1 };
      const stranger = tenantContextOf(newCaller({ ...identity, ...least }), origin, 'auth');
      const user = await users.find(stranger, { _id: owner.ownerId });
      if (user?.status !== 'active') throw linkExpired();
      const { name, role, teamId, version: permissionVersion } = user;
      const caller = newCaller({ ...identity, name, role, teamId, permissionVersion });
      await set(tenantContextOf(caller, origin, 'auth'), newPassword);
    },
  };
}

import {
  type Caller,
  type Logger,
  type RefusalLog,
  type RequestOrigin,
  startOf,
  tenantContextOf,
  unauthorized,
} from '@pipedesk/service-kit';
import type { SessionService } from '../sessions/session.service.ts';
import type { UserRepository } from '../users/user.model.ts';
import type { Family, RefreshTokens } from './refresh-tokens.ts';

export type RefreshService = ReturnType<typeof createRefreshService>;

interface RefreshDeps {
  refreshTokens: RefreshTokens;
  sessions: SessionService;
  users: UserRepository;
  refusals: RefusalLog;
  log: Logger;
}

const path = '/auth/refresh';

export function createRefreshService({ refreshTokens, sessions, users, refusals, log }: RefreshDeps) {
  /** The user as they are now: a token of before a promotion or demotion leads to the role of after it. */
  async function findCaller(family: Family, origin: RequestOrigin): Promise<Caller | null> {
    // Until the user is read nobody knows their role, so it is the least.
    const nobody = { name: '', role: 'viewer' as const, teamId: null, permissionVersion: 1 };
    const stranger = tenantContextOf(
      { ...family, ...nobody, authenticatedAt: 0, apiKey: null },
      origin,
      'auth',
    );
    const [session, user] = await Promise.all([
      sessions.findOpen(stranger, family.sessionId),
      users.find(stranger, { _id: family.userId }),
    ]);
    if (!session || user?.status !== 'active') return null;
    const { name, role, teamId, version: permissionVersion } = user;
    const authenticatedAt = Math.floor(startOf(session.id) / 1000);
    return { ...family, name, role, teamId, permissionVersion, authenticatedAt, apiKey: null };
  }

  return {
    /**
     * Exchanges a refresh token for its successor (RFC 9700 section 4.14.2). One that comes again after its grace was
     * copied: either side may be the thief, so the session ends for both.
     * @throws ProblemError 401 `refresh_token_invalid`, `refresh_token_reused`
     */
    refresh: async (token: string, origin: RequestOrigin) => {
      const family = await refreshTokens.familyOf(token);
      const caller = family && (await findCaller(family, origin));
      if (!caller) {
        const subject = family ?? undefined;
        refusals.note({ ...origin, path }, { reason: 'refresh_invalid', subject });
        throw unauthorized('refresh_token_invalid', 'The session has ended. Log in again.');
      }
      const refreshToken = await refreshTokens.exchange(token, caller);
      if (refreshToken === null) {
        const { tenantId, userId, sessionId } = caller;
        log.warn({ tenantId, userId, sessionId, ip: origin.ip }, 'refresh token reused; session ended');
        refusals.note({ ...origin, path }, { reason: 'refresh_reused', subject: caller });
        await sessions.end(tenantContextOf(caller, origin, 'auth'), sessionId);
        throw unauthorized('refresh_token_reused', 'This refresh token was used before. Log in again.');
      }
      return { caller, refreshToken };
    },
  };
}

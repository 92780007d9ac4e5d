import { ProblemError, type TenantContext } from '@pipedesk/service-kit';
import type { RefreshTokens } from '../refresh/refresh-tokens.ts';
import type { SessionRepository } from './session.model.ts';

export type SessionService = ReturnType<typeof createSessionService>;

interface SessionDeps {
  sessions: SessionRepository;
  refreshTokens: RefreshTokens;
  clock: () => Date;
}

/** However often it is refreshed, a session ends after this long, ms. */
const lifetime = 30 * 86_400_000;

/** Sessions open with a login and end with a logout, with their user, or when a refresh token was stolen. */
export function createSessionService({ sessions, refreshTokens, clock }: SessionDeps) {
  /** Ends a session; one that has ended already is fine. */
  async function end(context: TenantContext, sessionId: string): Promise<void> {
    await sessions.remove(context, sessionId, {}).catch(unlessGone);
    await refreshTokens.end(sessionId);
  }

  return {
    /** Opens the caller's own session under the id their tokens will carry. @returns its first refresh token */
    open: async (context: TenantContext, sessionId: string): Promise<string> => {
      const { ip, userAgent } = context.context;
      const expiresAt = new Date(clock().getTime() + lifetime).toISOString();
      const { userId } = context.subject;
      await sessions.create(context, { userId, ip, userAgent, expiresAt }, { id: sessionId });
      return refreshTokens.start({ tenantId: context.tenantId, userId, sessionId });
    },
    isOpen: async (context: TenantContext, sessionId: string): Promise<boolean> => {
      const session = await sessions.find(context, { _id: sessionId, userId: context.subject.userId });
      return session !== null && session.expiresAt > clock().toISOString();
    },
    end,
    endAllOf: async (context: TenantContext, userId: string): Promise<void> => {
      let cursor: string | undefined;
      do {
        const page = await sessions.list(context, { filter: { userId }, limit: 100, cursor });
        for (const { id } of page.items) await end(context, id);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
    },
  };
}

function unlessGone(error: unknown): void {
  if (!(error instanceof ProblemError) || error.status !== 404) throw error;
}

import type { TenantContext } from '@pipedesk/service-kit';
import type { Session, SessionRepository } from './session.model.ts';

export type SessionService = ReturnType<typeof createSessionService>;

interface SessionDeps {
  sessions: SessionRepository;
  /** Seconds a session lasts. */
  lifetime: number;
  clock: () => Date;
}

/** Sessions open with a login and end with a logout, or with their user. */
export function createSessionService({ sessions, lifetime, clock }: SessionDeps) {
  const end = async (context: TenantContext, sessionId: string): Promise<void> => {
    await sessions.remove(context, sessionId, {});
  };

  return {
    /** Opens the caller's own session under the id their token will carry. */
    open: async (context: TenantContext, sessionId: string): Promise<Session> => {
      const { ip, userAgent } = context.context;
      const expiresAt = new Date(clock().getTime() + lifetime * 1000).toISOString();
      const { userId } = context.subject;
      const { record } = await sessions.create(
        context,
        { userId, ip, userAgent, expiresAt },
        { id: sessionId },
      );
      return record;
    },
    isOpen: async (context: TenantContext, sessionId: string): Promise<boolean> =>
      (await sessions.find(context, { _id: sessionId, userId: context.subject.userId })) !== null,
    /** @throws ProblemError 404 when it has ended already */
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

import { decide, type Page, type SessionListQuery, type SessionView } from '@pipedesk/contracts';
import {
  authorize,
  type Caller,
  outOfReach,
  ProblemError,
  startOf,
  type TenantContext,
} from '@pipedesk/service-kit';
import type { RefreshTokens } from '../refresh/refresh-tokens.ts';
import type { TenantRepository } from '../tenants/tenant.model.ts';
import type { Session, SessionRepository } from './session.model.ts';

export type SessionService = ReturnType<typeof createSessionService>;

interface SessionDeps {
  sessions: SessionRepository;
  tenants: TenantRepository;
  refreshTokens: RefreshTokens;
  clock: () => Date;
}

/** However often it is refreshed, a session ends after this long, ms. */
const lifetime = 30 * 86_400_000;

/** Sessions open with a login and end with a logout, with their user, or when a refresh token was stolen. */
export function createSessionService({ sessions, tenants, refreshTokens, clock }: SessionDeps) {
  /** Ends a session; one that has ended already is fine. */
  async function end(context: TenantContext, sessionId: string): Promise<void> {
    await sessions.remove(context, sessionId, {}).catch(unlessGone);
    await refreshTokens.end(sessionId);
  }

  /** The caller's own session while it lasts. */
  async function findOpen(context: TenantContext, sessionId: string): Promise<Session | null> {
    const [session, tenant] = await Promise.all([
      sessions.find(context, { _id: sessionId, userId: context.subject.userId }),
      tenants.find(context, { _id: context.tenantId }),
    ]);
    if (!session || session.expiresAt <= clock().toISOString()) return null;
    return startOf(session.id) < Date.parse(tenant?.notBefore ?? '1970-01-01') ? null : session;
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
    findOpen,
    isOpen: async (context: TenantContext, sessionId: string): Promise<boolean> =>
      (await findOpen(context, sessionId)) !== null,
    end,
    /** @param except a session that goes on: that of whoever asks */
    endAllOf: async (context: TenantContext, userId: string, except?: string): Promise<void> => {
      let cursor: string | undefined;
      do {
        const page = await sessions.list(context, { filter: { userId }, limit: 100, cursor });
        for (const { id } of page.items) if (id !== except) await end(context, id);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
    },
    /** @throws ProblemError 403 for another's sessions, unless the caller's role reaches them */
    list: async (
      context: TenantContext,
      caller: Caller,
      { userId = caller.userId, limit, cursor }: SessionListQuery,
    ): Promise<Page<SessionView>> => {
      authorize(context, 'sessions:read', { ownerId: userId, teamId: null });
      const page = await sessions.list(context, { filter: { userId }, limit, cursor });
      const now = clock().toISOString();
      const { notBefore } = await tenants.get(context, context.tenantId);
      const isOpen = ({ id, expiresAt }: Session) =>
        expiresAt > now && startOf(id) >= Date.parse(notBefore ?? '1970-01-01');
      const items = page.items.filter(isOpen);
      return {
        ...page,
        items: items.map((session) => ({ ...session, isCurrent: session.id === caller.sessionId })),
      };
    },
    /** @throws ProblemError 404 for another's session too: whose it is, is nobody's business */
    revoke: async (context: TenantContext, id: string): Promise<void> => {
      const found = await sessions.find(context, { _id: id });
      const owned = found && { ownerId: found.userId, teamId: null };
      if (!owned || !decide(context.subject, 'sessions:revoke', owned))
        throw outOfReach(context.subject, 'sessions:revoke', 'session');
      await end(context, id);
    },
    /** Ends every session of the tenant, the caller's as well, by one write. */
    revokeAll: async (context: TenantContext): Promise<void> => {
      await tenants.change(context, context.tenantId, {}, (tenant) => {
        tenant.notBefore = clock().toISOString();
      });
    },
  };
}

function unlessGone(error: unknown): void {
  if (!(error instanceof ProblemError) || error.status !== 404) throw error;
}

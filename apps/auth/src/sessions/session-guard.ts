import { callerOf, originOf, tenantContextOf, unauthorized } from '@pipedesk/service-kit';
import type { Request, RequestHandler } from 'express';
import type { UserRepository } from '../users/user.model.ts';
import type { SessionService } from './session.service.ts';

interface GuardDeps {
  /** Verifies the token itself. */
  authenticate: RequestHandler;
  sessions: SessionService;
  users: UserRepository;
}

/**
 * A token outlives a logout, a demotion and a disabled account by up to its lifetime. This service has the truth at
 * hand, so it looks: ended sessions and disabled users are refused, and role and team are those of now.
 */
export function createSessionGuard({ authenticate, sessions, users }: GuardDeps): RequestHandler {
  async function admit(req: Request): Promise<void> {
    const caller = callerOf(req);
    const context = tenantContextOf(caller, originOf(req), 'auth');
    const [isOpen, user] = await Promise.all([
      sessions.isOpen(context, caller.sessionId),
      users.find(context, { _id: caller.userId }),
    ]);
    if (!isOpen || user?.status !== 'active')
      throw unauthorized('session_ended', 'This session has ended. Log in again.');
    Object.assign(caller, { name: user.name, role: user.role, teamId: user.teamId });
  }

  return (req, res, next) => {
    void authenticate(req, res, (error?: unknown) => {
      if (error) return next(error);
      admit(req).then(() => {
        next();
      }, next);
    });
  };
}

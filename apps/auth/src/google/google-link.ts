import { conflict, notFound, type TenantContext } from '@pipedesk/service-kit';
import type { CredentialStore } from '../credentials/credential.model.ts';
import type { SessionService } from '../sessions/session.service.ts';
import type { UserRepository } from '../users/user.model.ts';

interface GoogleLinkDeps {
  users: UserRepository;
  credentials: CredentialStore;
  sessions: SessionService;
}

/** Undoes the link of a user to their Google account. */
export type RemoveGoogleLink = (context: TenantContext, sessionId: string) => Promise<void>;

/**
 * Every other session of the user ends: one of them may be of whoever has the Google account now. The event of the user's
 * record is what tells audit.
 */
export function createRemoveGoogleLink({ users, credentials, sessions }: GoogleLinkDeps): RemoveGoogleLink {
  return async (context, sessionId) => {
    const { tenantId, subject } = context;
    const { userId } = subject;
    if ((await credentials.hashOf({ tenantId, userId })) === null) throw onlyWayIn();
    await users.change(context, userId, {}, (user) => {
      if (!user.googleSub) throw notLinked();
      user.googleSub = null;
    });
    await sessions.endAllOf(context, userId, sessionId);
  };
}

function onlyWayIn() {
  return conflict('no_other_sign_in', {
    detail:
      'There is no password: set one by a link (POST /auth/password/reset-request), or nothing would let you in.',
  });
}

function notLinked() {
  return notFound('google_not_linked', { detail: 'No Google account is linked to this user.' });
}

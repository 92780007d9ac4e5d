import { type AccessCheck, sessionEnded, tenantContextOf } from '@pipedesk/service-kit';
import type { ApiKeyService } from '../api-keys/api-key.service.ts';
import type { Entitle } from '../permissions/tenant-rights.ts';
import type { UserRepository } from '../users/user.model.ts';
import type { SessionService } from './session.service.ts';

interface AccessDeps {
  sessions: SessionService;
  apiKeys: ApiKeyService;
  users: UserRepository;
  entitle: Entitle;
}

const nowhere = { requestId: 'access check', ip: null, userAgent: null };

/**
 * A token outlives a logout, a demotion and a disabled account by up to its lifetime. This service has the truth at
 * hand, so it looks: ended sessions and disabled users are refused, and role and team are those of now.
 */
export function createSessionAccess(deps: AccessDeps): AccessCheck {
  const { sessions, apiKeys, users, entitle } = deps;
  return {
    admit: async (caller) => {
      const context = tenantContextOf(caller, nowhere, 'auth');
      const { apiKey, sessionId } = caller;
      const [isGood, user] = await Promise.all([
        apiKey ? apiKeys.isGood(context, apiKey.id) : sessions.isOpen(context, sessionId),
        users.find(context, { _id: caller.userId }),
      ]);
      if (!isGood || user?.status !== 'active') throw sessionEnded();
      const { name, role, teamId, version: permissionVersion } = user;
      return entitle(context, { ...caller, name, role, teamId, permissionVersion });
    },
  };
}

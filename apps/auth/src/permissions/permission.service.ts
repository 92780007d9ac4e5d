import type { Owned, PermissionsAnswer, PermissionsQuery, Subject } from '@pipedesk/contracts';
import { type Caller, subjectOfCaller, type TenantContext } from '@pipedesk/service-kit';
import { newCaller } from '../accounts/new-caller.ts';
import type { GrantService } from '../grants/grant.service.ts';
import type { UserService } from '../users/user.service.ts';
import { explain, explainDecision } from './explain.ts';
import type { Entitle } from './tenant-rights.ts';

export type PermissionService = ReturnType<typeof createPermissionService>;

interface PermissionDeps {
  users: UserService;
  grants: GrantService;
  entitle: Entitle;
}

export function createPermissionService({ users, grants, entitle }: PermissionDeps) {
  async function answer(
    context: TenantContext,
    subject: Subject,
    { permission, ...facts }: PermissionsQuery,
  ): Promise<PermissionsAnswer> {
    const { userId, role, teamId: ownTeam, teamIds = [] } = subject;
    return {
      userId,
      role,
      teamId: ownTeam,
      teamIds: [...teamIds],
      ...explain(subject, await grants.all(context)),
      ...(permission && { decision: explainDecision(subject, permission, recordWith(facts)) }),
    };
  }

  return {
    ofCaller: (context: TenantContext, caller: Caller, query: PermissionsQuery): Promise<PermissionsAnswer> =>
      answer(context, subjectOfCaller(caller), query),
    /** As they would be answered if they asked now, logged in. @throws ProblemError 404 */
    ofUser: async (
      context: TenantContext,
      id: string,
      query: PermissionsQuery,
    ): Promise<PermissionsAnswer> => {
      const { tenantId, name, role, teamId, version: permissionVersion } = await users.get(context, id);
      const person = newCaller({ userId: id, tenantId, name, role, teamId, permissionVersion });
      return answer(context, subjectOfCaller(await entitle(context, person)), query);
    },
  };
}

/** Facts that are not given are those of a record without owner or team. */
function recordWith({ ownerId, teamId }: Omit<PermissionsQuery, 'permission'>): Owned {
  return { ownerId: ownerId ?? null, teamId: teamId ?? null };
}

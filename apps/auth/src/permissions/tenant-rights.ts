import { type Caller, entitle, type TenantContext } from '@pipedesk/service-kit';
import type { GrantService } from '../grants/grant.service.ts';
import type { TeamService } from '../teams/team.service.ts';

/** Somebody with what their tenant says beside their role, as it is now. */
export type Entitle = (context: TenantContext, caller: Caller) => Promise<Caller>;

interface RightsDeps {
  grants: GrantService;
  teams: TeamService;
  clock: () => Date;
}

/** Other services are told of grants and teams; this one has them at hand. */
export function createEntitle({ grants, teams, clock }: RightsDeps): Entitle {
  return async (context, caller) => {
    const [given, managed] = await Promise.all([
      grants.all(context),
      teams.managedBy(context, caller.userId),
    ]);
    const { tenantId } = caller;
    const rights = { grants: given.map((grant) => ({ ...grant, tenantId })), teams: managed };
    return entitle(caller, rights, clock());
  };
}

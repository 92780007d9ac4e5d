import type { Grant, GrantHolder, GrantListQuery, NewGrant, Page } from '@pipedesk/contracts';
import { conflict, type TenantContext, unprocessable } from '@pipedesk/service-kit';
import type { TeamService } from '../teams/team.service.ts';
import type { UserRepository } from '../users/user.model.ts';
import type { GrantRepository } from './grant.model.ts';
import { requireMayGive } from './grant.policy.ts';

export type GrantService = ReturnType<typeof createGrantService>;

interface GrantDeps {
  grants: GrantRepository;
  users: UserRepository;
  teams: TeamService;
  clock: () => Date;
}

/** Of one tenant: every service keeps all of them in memory. */
const mostGrants = 500;

export function createGrantService({ grants, users, teams, clock }: GrantDeps) {
  const all = async (context: TenantContext): Promise<Grant[]> => {
    const found: Grant[] = [];
    let cursor: string | undefined;
    do {
      const page = await grants.list(context, { filter: {}, limit: mostGrants, cursor });
      found.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return found;
  };

  /** @throws ProblemError 422 when the holder is nobody of this tenant */
  async function requireHolder(context: TenantContext, to: GrantHolder): Promise<void> {
    if ('teamId' in to) await teams.requireTeam(context, to.teamId, 'to.teamId');
    if (!('userId' in to) || (await users.find(context, { _id: to.userId }))) return;
    throw unprocessable('unknown_user', {
      errors: [{ in: 'body', path: 'to.userId', message: 'must be a user of the tenant' }],
    });
  }

  function requireFuture({ expiresAt }: NewGrant): void {
    if (expiresAt === null || expiresAt > clock().toISOString()) return;
    throw unprocessable('invalid_expiry', {
      errors: [{ in: 'body', path: 'expiresAt', message: 'must be in the future' }],
    });
  }

  return {
    all,
    /** @throws ProblemError 403 `grant_above_own`, 409 `too_many_grants`, 422 */
    create: async (
      context: TenantContext,
      body: NewGrant,
      idempotencyKey: string | undefined,
    ): Promise<Grant> => {
      requireMayGive(context, body);
      requireFuture(body);
      await requireHolder(context, body.to);
      if ((await all(context)).length >= mostGrants)
        throw conflict('too_many_grants', {
          detail: `A tenant has ${mostGrants} grants at most. Take some back.`,
        });
      const { id, name } = context.actor;
      const fields = { ...body, grantedBy: { id, name } };
      return (await grants.create(context, fields, { idempotencyKey, request: body })).record;
    },
    get: (context: TenantContext, id: string): Promise<Grant> => grants.get(context, id),
    list: (context: TenantContext, { limit, cursor, permission }: GrantListQuery): Promise<Page<Grant>> =>
      grants.list(context, { filter: permission ? { permission } : {}, limit, cursor }),
    revoke: async (
      context: TenantContext,
      id: string,
      { ifMatch }: { ifMatch: number | undefined },
    ): Promise<void> => {
      await grants.remove(context, id, { expectedVersion: ifMatch });
    },
  };
}

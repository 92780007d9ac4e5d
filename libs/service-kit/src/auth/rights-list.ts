import {
  type ChangeEvent,
  type GrantState,
  grantStateSchema,
  type RevocationSnapshot,
  subjectOf,
  type TeamManagers,
  teamManagersSchema,
} from '@pipedesk/contracts';
import type { Caller } from '../request-context.ts';
import { entitle } from './entitlements.ts';

/** Event types that change what people may beside their roles. */
export const rightsEvents = [
  'auth.grant.created',
  'auth.grant.deleted',
  'auth.team.created',
  'auth.team.updated',
] as const;

interface Tenant {
  grants: Map<string, GrantState>;
  teams: Map<string, TeamManagers>;
}

export interface RightsList {
  /** The caller with what they may beside their role. */
  entitle(caller: Caller): Caller;
  add(event: ChangeEvent): void;
  addSnapshot(snapshot: Pick<RevocationSnapshot, 'grants' | 'teams'>): void;
  /** Forgets revocations so old that no snapshot on its way can bring back what they took. */
  prune(): void;
  size(): number;
}

/** For so long a revoked grant is remembered: a snapshot that was read before may still arrive, ms. */
const remembered = 600_000;

/**
 * All grants in force and all teams with managers, of all tenants: unlike a revocation, a right counts for as long as it
 * is there. Events and snapshots come in any order: a grant that was taken back stays away, of a team the latest version
 * counts.
 */
export function createRightsList(clock: () => number = Date.now): RightsList {
  const tenants = new Map<string, Tenant>();
  const revoked = new Map<string, number>();

  function tenantOf(id: string): Tenant {
    const known = tenants.get(id) ?? { grants: new Map(), teams: new Map() };
    tenants.set(id, known);
    return known;
  }

  function addGrant(grant: GrantState): void {
    if (!revoked.has(keyOf(grant))) tenantOf(grant.tenantId).grants.set(grant.id, grant);
  }

  function revoke(grant: Pick<GrantState, 'tenantId' | 'id'>): void {
    revoked.set(keyOf(grant), clock() + remembered);
    tenants.get(grant.tenantId)?.grants.delete(grant.id);
  }

  function addTeam(team: TeamManagers): void {
    const { teams } = tenantOf(team.tenantId);
    if ((teams.get(team.id)?.version ?? 0) < team.version) teams.set(team.id, team);
  }

  return {
    entitle: (caller) => {
      const tenant = tenants.get(caller.tenantId);
      if (!tenant) return caller;
      const rights = { grants: [...tenant.grants.values()], teams: [...tenant.teams.values()] };
      return entitle(caller, rights, new Date(clock()));
    },
    add: (event) => {
      const { entityType, entityId: id } = subjectOf(event);
      const { tenantid: tenantId, data } = event;
      if (entityType === 'grant' && data.action === 'deleted') revoke({ tenantId, id });
      else if (entityType === 'grant') addGrant(grantStateSchema.parse({ ...data.after, id, tenantId }));
      if (entityType === 'team')
        addTeam(
          teamManagersSchema.parse({ managerIds: [], ...data.after, id, tenantId, version: data.version }),
        );
    },
    addSnapshot: ({ grants, teams }) => {
      for (const { isRevoked, ...grant } of grants)
        if (isRevoked) revoke(grant);
        else addGrant(grant);
      for (const team of teams) addTeam(team);
    },
    prune: () => {
      const now = clock();
      for (const [key, until] of revoked) if (until < now) revoked.delete(key);
      for (const { grants } of tenants.values())
        for (const [id, { expiresAt }] of grants)
          if (expiresAt !== null && Date.parse(expiresAt) <= now) grants.delete(id);
    },
    size: () => [...tenants.values()].reduce((sum, { grants, teams }) => sum + grants.size + teams.size, 0),
  };
}

function keyOf({ tenantId, id }: Pick<GrantState, 'tenantId' | 'id'>): string {
  return `${tenantId}/${id}`;
}

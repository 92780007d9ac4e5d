import { grantsHeldBy, type GrantState } from '@pipedesk/contracts';
import { hash } from 'node:crypto';
import type { Caller } from '../request-context.ts';

/** What a tenant has said beside roles: its grants, and who manages which teams. */
export interface TenantRights {
  grants: readonly GrantState[];
  teams: readonly { id: string; managerIds: readonly string[] }[];
}

/** A caller with the teams they manage and what they hold of the tenant's grants at a time. */
export function entitle(caller: Caller, { grants, teams }: TenantRights, now: Date): Caller {
  const teamIds = managedBy(caller, teams);
  const person = teamIds.length === 0 ? caller : { ...caller, teamIds };
  const inForce = grants.filter(({ expiresAt }) => expiresAt === null || expiresAt > now.toISOString());
  if (inForce.length === 0) return person;
  const held = grantsHeldBy(person, inForce, now);
  return { ...person, grantsVersion: versionOfGrants(inForce), ...(held.length > 0 && { grants: held }) };
}

/** Teams are managed by managers: whoever is demoted manages none, whatever a team says. Admins reach all anyway. */
function managedBy({ role, userId }: Caller, teams: TenantRights['teams']): string[] {
  if (role !== 'manager') return [];
  return teams.flatMap(({ id, managerIds }) => (managerIds.includes(userId) ? [id] : [])).sort();
}

/** Grants never change, so their ids say all. */
function versionOfGrants(grants: readonly GrantState[]): string {
  const ids = grants.map(({ id }) => id).sort();
  return hash('sha256', ids.join()).slice(0, 12);
}

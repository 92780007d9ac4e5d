import { z } from 'zod';
import { idSchema, timeSchema } from '../ids.ts';
import { type HeldGrant, reachOf, scopeFor, type Subject } from './decisions.ts';
import { type Permission, permissionSchema, rules, type Scope, scopeSchema } from './permissions.ts';
import { type Role, roles, roleSchema } from './roles.ts';

/** Who holds a grant: everybody of a role or above, one user, or the members and managers of a team. Admins need none. */
export const grantHolderSchema = z.union([
  z.strictObject({ role: roleSchema.exclude(['admin']) }),
  z.strictObject({ userId: idSchema }),
  z.strictObject({ teamId: idSchema }),
]);
export type GrantHolder = z.infer<typeof grantHolderSchema>;

/** A grant as every service knows it. The permission is a text: during an update a service may not know it yet. */
export const grantStateSchema = z.object({
  id: idSchema,
  tenantId: idSchema,
  permission: z.string(),
  scope: scopeSchema,
  to: grantHolderSchema,
  expiresAt: timeSchema.nullable(),
});
export type GrantState = z.infer<typeof grantStateSchema>;

/**
 * Identity, administration and the audit log stay with roles: whoever could be granted these could take everything else,
 * or read what masks hide.
 */
const neverGranted = new Set(['profile', 'sessions', 'api_keys', 'users', 'teams', 'grants', 'audit']);

/** What admins alone may by the table is never granted either, such as `audit:erase`. */
export function isGrantable(permission: Permission): boolean {
  const [resource = ''] = permission.split(':');
  const isForAdminsAlone = Object.keys(rules[permission]).every((role) => role === 'admin');
  return !neverGranted.has(resource) && !isForAdminsAlone;
}

/** True when somebody may give away a permission as far as this: no further than they reach themselves. */
export function mayGive(subject: Subject, permission: Permission, scope: Scope): boolean {
  const own = scopeFor(subject, permission);
  return own !== undefined && reachOf(own) >= reachOf(scope);
}

type Person = Pick<Subject, 'userId' | 'role' | 'teamId' | 'teamIds'>;

/**
 * What somebody holds of their tenant's grants at a time, in the order of the grants. A role's grant is held by the roles
 * above it too, or the hierarchy would be upside down.
 */
export function grantsHeldBy(person: Person, grants: Iterable<GrantState>, now: Date): HeldGrant[] {
  const time = now.toISOString();
  return [...grants].flatMap(({ id, permission, scope, to, expiresAt }) => {
    const known = permissionSchema.safeParse(permission).data;
    const isHeld =
      known && isGrantable(known) && isHolder(person, to) && (expiresAt === null || expiresAt > time);
    return isHeld ? [{ id, permission: known, scope }] : [];
  });
}

function isHolder({ userId, role, teamId, teamIds = [] }: Person, to: GrantHolder): boolean {
  if ('role' in to) return isAtLeast(role, to.role);
  if ('userId' in to) return to.userId === userId;
  return to.teamId === teamId || teamIds.includes(to.teamId);
}

function isAtLeast(role: Role, least: Role): boolean {
  return roles.indexOf(role) <= roles.indexOf(least);
}

import { z } from 'zod';
import type { Role } from './roles.ts';

/** How far a grant reaches inside the tenant: every record, the records of the user's team and their own, or their own. */
export type Scope = 'all' | 'team' | 'own';

type Grants = Partial<Record<Role, Scope>>;

const everyone: Grants = { admin: 'all', manager: 'all', sales: 'all', viewer: 'all' };
const readers: Grants = { admin: 'all', manager: 'all', sales: 'team', viewer: 'all' };
const editors: Grants = { admin: 'all', manager: 'team', sales: 'own' };
/** What somebody wrote under their name is changed by nobody else. */
const authors: Grants = { admin: 'own', manager: 'own', sales: 'own' };
const creators: Grants = { admin: 'all', manager: 'all', sales: 'all' };
const stewards: Grants = { admin: 'all', manager: 'team' };
const admins: Grants = { admin: 'all' };
const keyHolders: Grants = { admin: 'all', manager: 'own', sales: 'own' };

/**
 * The one rule table: `resource:action` -> role -> scope. A role that is absent never may. Both the decision on one
 * record (`decide`) and the filter of a list (`filterFor`) read it, so the two cannot drift apart.
 */
export const rules = {
  'leads:read': readers,
  'leads:create': creators,
  'leads:edit': editors,
  'leads:delete': stewards,
  'deals:read': readers,
  'deals:create': creators,
  'deals:edit': editors,
  'deals:edit_closed': stewards,
  'deals:delete': stewards,
  'companies:read': readers,
  'companies:create': creators,
  'companies:edit': editors,
  'companies:delete': stewards,
  'notes:read': everyone,
  'notes:create': creators,
  'notes:edit': authors,
  'notes:delete': editors,
  'imports:create': stewards,
  'imports:read': stewards,
  'calendar:read': { admin: 'all', manager: 'all', sales: 'team' },
  'calendar:write': editors,
  'timeline:read': everyone,
  'audit:read': { admin: 'all', manager: 'team', sales: 'own' },
  'audit:list': admins,
  'audit:verify': admins,
  'audit:export': admins,
  'audit:erase': admins,
  'users:directory': everyone,
  'users:manage': admins,
  'users:invite': stewards,
  'teams:read': everyone,
  'teams:manage': admins,
  'profile:read': everyone,
  /** Password and second factor: nobody's but one's own. */
  'profile:secure': { admin: 'own', manager: 'own', sales: 'own', viewer: 'own' },
  'sessions:read': { admin: 'all', manager: 'own', sales: 'own', viewer: 'own' },
  'sessions:revoke': { admin: 'all', manager: 'own', sales: 'own', viewer: 'own' },
  /** Ends every session of the tenant at once. */
  'sessions:revoke_all': admins,
  'api_keys:read': keyHolders,
  'api_keys:create': keyHolders,
  'api_keys:revoke': keyHolders,
} as const satisfies Record<string, Grants>;

export type Permission = keyof typeof rules;

export const permissionSchema = z.enum(Object.keys(rules) as [Permission, ...Permission[]]);

/** Whoever asks: the verified claims that decisions rest on. */
export interface Subject {
  userId: string;
  role: Role;
  teamId: string | null;
  /** What an API key is limited to; without it everything the role may. */
  permissions?: readonly Permission[];
}

/** What a decision looks at in a record. */
export interface Owned {
  ownerId: string | null;
  teamId: string | null;
}

/** The scope a role has for a permission; undefined means never. */
export function scopeOf(role: Role, permission: Permission): Scope | undefined {
  const grants: Grants = rules[permission];
  return grants[role];
}

/** The scope a subject has for a permission: that of their role, unless they come with a key that does not have it. */
export function scopeFor(
  { role, permissions }: Pick<Subject, 'role' | 'permissions'>,
  permission: Permission,
): Scope | undefined {
  return permissions && !permissions.includes(permission) ? undefined : scopeOf(role, permission);
}

/** May this subject use the permission on this record? */
export function decide(subject: Subject, permission: Permission, record: Owned): boolean {
  switch (scopeFor(subject, permission)) {
    case 'all':
      return true;
    case 'team':
      return owns(subject, record) || sharesTeam(subject, record);
    case 'own':
      return owns(subject, record);
    case undefined:
      return false;
  }
}

/** The records `decide` would allow, as a MongoDB filter; null means none at all. */
export function filterFor(subject: Subject, permission: Permission): Record<string, unknown> | null {
  switch (scopeFor(subject, permission)) {
    case 'all':
      return {};
    case 'team':
      return subject.teamId === null
        ? { ownerId: subject.userId }
        : { $or: [{ ownerId: subject.userId }, { teamId: subject.teamId }] };
    case 'own':
      return { ownerId: subject.userId };
    case undefined:
      return null;
  }
}

function owns(subject: Subject, record: Owned): boolean {
  return record.ownerId === subject.userId;
}

function sharesTeam(subject: Subject, record: Owned): boolean {
  return subject.teamId !== null && record.teamId === subject.teamId;
}

import type { Role } from './roles.ts';

/** How far a grant reaches inside the tenant: every record, the records of the user's team and their own, or their own. */
export type Scope = 'all' | 'team' | 'own';

type Grants = Partial<Record<Role, Scope>>;

const everyone: Grants = { admin: 'all', manager: 'all', sales: 'all', viewer: 'all' };
const readers: Grants = { admin: 'all', manager: 'all', sales: 'team', viewer: 'all' };
const editors: Grants = { admin: 'all', manager: 'team', sales: 'own' };
const creators: Grants = { admin: 'all', manager: 'all', sales: 'all' };
const stewards: Grants = { admin: 'all', manager: 'team' };
const admins: Grants = { admin: 'all' };

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
  'notes:edit': editors,
  'notes:delete': editors,
  'imports:create': stewards,
  'imports:read': stewards,
  'calendar:read': { admin: 'all', manager: 'all', sales: 'team' },
  'calendar:write': editors,
  'timeline:read': everyone,
  'audit:read': { admin: 'all', manager: 'team', sales: 'own' },
  'audit:list': admins,
  'users:directory': everyone,
  'users:manage': admins,
  'profile:read': everyone,
} as const satisfies Record<string, Grants>;

export type Permission = keyof typeof rules;

/** Whoever asks: the verified claims that decisions rest on. */
export interface Subject {
  userId: string;
  role: Role;
  teamId: string | null;
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

/** May this subject use the permission on this record? */
export function decide(subject: Subject, permission: Permission, record: Owned): boolean {
  switch (scopeOf(subject.role, permission)) {
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
  switch (scopeOf(subject.role, permission)) {
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

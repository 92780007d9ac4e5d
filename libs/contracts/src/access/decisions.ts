import { type Permission, type Scope, scopeOf, scopes } from './permissions.ts';
import { type Role, roles } from './roles.ts';

/** What a tenant gives somebody on top of their role, as it holds for one subject. */
export interface HeldGrant {
  id: string;
  permission: Permission;
  scope: Scope;
}

/** Whoever asks: the verified claims that decisions rest on. */
export interface Subject {
  userId: string;
  role: Role;
  teamId: string | null;
  /** Teams they manage beside their own. */
  teamIds?: readonly string[];
  /** What they hold on top of their role. */
  grants?: readonly HeldGrant[];
  /** Of all grants of the tenant; absent where there are none. */
  grantsVersion?: string;
  /** What an API key is limited to; without it everything the role and the grants may. */
  permissions?: readonly Permission[];
}

/** What a decision looks at in a record. */
export interface Owned {
  ownerId: string | null;
  teamId: string | null;
}

/** One rule that is in force for a subject. */
export interface Rule {
  /** `deals:edit/team` in the table, `grant/<id>` beside it. */
  name: string;
  source: 'role' | 'grant';
  permission: Permission;
  scope: Scope;
  grantId?: string;
}

type Holder = Pick<Subject, 'role' | 'grants' | 'permissions'>;

/** The rules that give a subject a permission: their role's first, then grants; none for a key that is not to have it. */
export function rulesFor({ role, grants = [], permissions }: Holder, permission: Permission): Rule[] {
  if (permissions && !permissions.includes(permission)) return [];
  const scope = scopeOf(role, permission);
  const held = grants.filter((grant) => grant.permission === permission);
  return [
    ...(scope ? [{ name: `${permission}/${scope}`, source: 'role', permission, scope } as const] : []),
    ...held.map(({ id, scope: reach }) => ({
      name: `grant/${id}`,
      source: 'grant' as const,
      permission,
      scope: reach,
      grantId: id,
    })),
  ];
}

/** The rule with the widest scope that a subject has for a permission; the role's where a grant adds nothing. */
export function widestRule(subject: Holder, permission: Permission): Rule | undefined {
  return rulesFor(subject, permission).reduce<Rule | undefined>(
    (widest, rule) => (widest && reachOf(widest.scope) >= reachOf(rule.scope) ? widest : rule),
    undefined,
  );
}

/** The scope a subject has for a permission, by role or grant; undefined means never. */
export function scopeFor(subject: Holder, permission: Permission): Scope | undefined {
  return widestRule(subject, permission)?.scope;
}

/** The rule by which a subject may use the permission on this record; undefined when none allows it. */
export function ruleOn(subject: Subject, permission: Permission, record: Owned): Rule | undefined {
  return rulesFor(subject, permission).find(({ scope }) => covers(scope, subject, record));
}

/** May this subject use the permission on this record? */
export function decide(subject: Subject, permission: Permission, record: Owned): boolean {
  return ruleOn(subject, permission, record) !== undefined;
}

/** The records `decide` would allow, as a MongoDB filter; null means none at all. Scopes contain each other: the widest is all. */
export function filterFor(subject: Subject, permission: Permission): Record<string, unknown> | null {
  const { userId: ownerId } = subject;
  const [teamId, ...others] = teamsOf(subject);
  switch (scopeFor(subject, permission)) {
    case 'all':
      return {};
    case 'team':
      if (teamId === undefined) return { ownerId };
      return { $or: [{ ownerId }, { teamId: others.length === 0 ? teamId : { $in: [teamId, ...others] } }] };
    case 'own':
      return { ownerId };
    case undefined:
      return null;
  }
}

/** How scopes compare: a higher number contains the lower ones. */
export function reachOf(scope: Scope): number {
  return scopes.length - scopes.indexOf(scope);
}

/** The roles that have a permission by the table: what somebody would have to be. */
export function rolesWith(permission: Permission): Role[] {
  return roles.filter((role) => scopeOf(role, permission));
}

function covers(scope: Scope, subject: Subject, record: Owned): boolean {
  if (scope === 'all') return true;
  const isOwn = record.ownerId === subject.userId;
  return isOwn || (scope === 'team' && record.teamId !== null && teamsOf(subject).includes(record.teamId));
}

/** The own team and those one manages, each once. */
function teamsOf({ teamId, teamIds = [] }: Subject): string[] {
  return [...new Set([...(teamId === null ? [] : [teamId]), ...teamIds])];
}

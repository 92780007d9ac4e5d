import { z } from 'zod';
import type { Role } from './roles.ts';

/** How far a rule reaches inside the tenant: every record, the records of the user's teams and their own, or their own. */
export const scopes = ['all', 'team', 'own'] as const;
export const scopeSchema = z.enum(scopes);
export type Scope = z.infer<typeof scopeSchema>;

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
  'leads:bulk_edit': stewards,
  'leads:convert': editors,
  'leads:assign': stewards,
  /** Taking a lead of nobody out of the pool of its team. */
  'leads:claim': { admin: 'all', manager: 'all', sales: 'team' },
  'deals:read': readers,
  'deals:create': creators,
  'deals:edit': editors,
  'deals:edit_closed': stewards,
  'deals:delete': stewards,
  'deals:bulk_edit': stewards,
  'deals:assign': stewards,
  'companies:read': readers,
  'companies:create': creators,
  'companies:edit': editors,
  'companies:delete': stewards,
  'companies:assign': stewards,
  'contacts:read': readers,
  'contacts:create': creators,
  'contacts:edit': editors,
  'contacts:delete': stewards,
  'contacts:assign': stewards,
  'contacts:merge': stewards,
  'notes:read': everyone,
  'notes:create': creators,
  'notes:edit': authors,
  'notes:delete': editors,
  'tasks:read': readers,
  'tasks:create': creators,
  'tasks:edit': editors,
  /** Who may work on a task may also drop it: its trail stays. */
  'tasks:delete': editors,
  'imports:create': stewards,
  'imports:read': stewards,
  'calendar:read': { admin: 'all', manager: 'all', sales: 'team' },
  'calendar:write': editors,
  /** When somebody is busy, not with what. */
  'free_busy:read': everyone,
  'timeline:read': everyone,
  'audit:read': { admin: 'all', manager: 'team', sales: 'own' },
  'audit:list': admins,
  'audit:verify': admins,
  'audit:export': admins,
  'audit:erase': admins,
  /** Where records are sent to. */
  'audit:stream': admins,
  /** For how long records are kept, and which are held. */
  'audit:retain': admins,
  'users:directory': everyone,
  'users:manage': admins,
  'users:invite': stewards,
  'teams:read': everyone,
  'teams:manage': admins,
  'grants:manage': admins,
  'profile:read': everyone,
  /** Password and second factor: nobody's but one's own. */
  'profile:secure': { admin: 'own', manager: 'own', sales: 'own', viewer: 'own' },
  'sessions:read': { admin: 'all', manager: 'own', sales: 'own', viewer: 'own' },
  'sessions:revoke': { admin: 'all', manager: 'own', sales: 'own', viewer: 'own' },
  /** Ends every session of the tenant at once. */
  'sessions:revoke_all': admins,
  /** Who still calls by the headers of before there were tokens. */
  'legacy:read': admins,
  'api_keys:read': keyHolders,
  'api_keys:create': keyHolders,
  'api_keys:revoke': keyHolders,
} as const satisfies Record<string, Grants>;

export type Permission = keyof typeof rules;

export const permissionSchema = z.enum(Object.keys(rules) as [Permission, ...Permission[]]);

/** The scope the table gives a role for a permission; undefined means never. */
export function scopeOf(role: Role, permission: Permission): Scope | undefined {
  const grants: Grants = rules[permission];
  return grants[role];
}

import { type Permission, type Role, rules, type Scope, scopeOf } from '@pipedesk/contracts';

/** The row of the rule table that a role stands for. */
export function permissionsOf(role: Role): {
  role: Role;
  permissions: { permission: Permission; scope: Scope }[];
} {
  const permissions = (Object.keys(rules) as Permission[]).flatMap((permission) => {
    const scope = scopeOf(role, permission);
    return scope ? [{ permission, scope }] : [];
  });
  return { role, permissions };
}

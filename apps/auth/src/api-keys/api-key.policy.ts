import { type Permission, scopeFor } from '@pipedesk/contracts';
import { refusedByRule, type TenantContext, unprocessable } from '@pipedesk/service-kit';

/** What people do themselves: a key that could do it could make itself another key, or lock its owner out. */
const neverByKey: Permission[] = [
  'profile:secure',
  'sessions:read',
  'sessions:revoke',
  'sessions:revoke_all',
  'api_keys:read',
  'api_keys:create',
  'api_keys:revoke',
  'users:manage',
  'users:invite',
  'teams:manage',
];

/** @throws ProblemError 403 for what the owner may not do, 422 for what no key may */
export function requireMayDelegate(context: TenantContext, permissions: Permission[]): void {
  const above = permissions.find((permission) => !scopeFor(context.subject, permission));
  if (above !== undefined)
    throw refusedByRule(context.subject, 'permission_above_own', {
      permission: above,
      rule: `${above}/none`,
      detail: `Nobody gives a key more than they have: ${above}.`,
    });
  const never = permissions.find((permission) => neverByKey.includes(permission));
  if (never !== undefined)
    throw unprocessable('permission_not_for_keys', { detail: `${never} is not for API keys.` });
}

import { type Permission, scopeFor } from '@pipedesk/contracts';
import { forbidden, type TenantContext, unprocessable } from '@pipedesk/service-kit';

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
    throw forbidden('permission_above_own', {
      detail: `Nobody gives a key more than they have: ${above}.`,
      extra: { permission: above },
    });
  const never = permissions.find((permission) => neverByKey.includes(permission));
  if (never !== undefined)
    throw unprocessable('permission_not_for_keys', { detail: `${never} is not for API keys.` });
}

import { isGrantable, mayGive, type NewGrant, scopeFor } from '@pipedesk/contracts';
import { refusedByRule, type TenantContext, unprocessable } from '@pipedesk/service-kit';

/**
 * Nobody grants above themselves, and some permissions are nobody's to grant.
 * @throws ProblemError 403 `grant_above_own`, 422 `permission_not_grantable`
 */
export function requireMayGive({ subject }: TenantContext, { permission, scope }: NewGrant): void {
  if (!isGrantable(permission))
    throw unprocessable('permission_not_grantable', {
      detail: `${permission} comes with a role and is never granted.`,
      errors: [{ in: 'body', path: 'permission', message: 'cannot be granted' }],
    });
  if (mayGive(subject, permission, scope)) return;
  const own = scopeFor(subject, permission) ?? 'none';
  throw refusedByRule(subject, 'grant_above_own', {
    permission,
    rule: `${permission}/${own}`,
    detail: `Nobody grants above themselves: your own scope of ${permission} is ${own}.`,
  });
}

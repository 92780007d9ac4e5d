import { mayGrant, type Permission, type Role, type UserPatch } from '@pipedesk/contracts';
import { conflict, refusedByRule, type TenantContext } from '@pipedesk/service-kit';
import type { UserRecord } from './user.model.ts';

/** @throws ProblemError 403: nobody grants above themselves */
export function requireMayGrant(
  context: TenantContext,
  role: Role,
  permission: Permission = 'users:manage',
): void {
  if (mayGrant(context.subject.role, role)) return;
  throw refusedByRule(context.subject, 'role_above_own', {
    permission,
    rule: 'roles/up_to_own',
    detail: `The role ${context.subject.role} may not grant the role ${role}.`,
  });
}

/** True when the change takes administration from somebody who has it. */
export function losesAdmin(user: UserRecord, patch: UserPatch): boolean {
  const after = { ...user, ...patch };
  return isActiveAdmin(user) && !isActiveAdmin(after);
}

/**
 * Nobody locks themselves out, and a tenant never loses its last active admin: there would be nobody to undo it.
 * @throws ProblemError 409
 */
export function requireKeepsAdmin(context: TenantContext, user: UserRecord, otherActiveAdmins: number): void {
  if (otherActiveAdmins === 0)
    throw conflict('last_admin', { detail: 'The last active admin can be neither demoted nor disabled.' });
  if (user.id === context.subject.userId)
    throw conflict('own_access', { detail: 'Nobody demotes or disables themselves. Ask another admin.' });
}

function isActiveAdmin({ role, status }: Pick<UserRecord, 'role' | 'status'>): boolean {
  return role === 'admin' && status === 'active';
}

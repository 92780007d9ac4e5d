import type { NewInvitation, Role } from '@pipedesk/contracts';
import { refusedByRule, type TenantContext } from '@pipedesk/service-kit';
import { requireMayGrant } from '../users/user.policy.ts';

/** What a manager may hand out; their own role is not theirs to give. */
const managersMayInvite: Role[] = ['sales', 'viewer'];

const permission = 'users:invite';

/**
 * The team an invitation is for: admins choose, managers invite to those they manage, their own unless told.
 * @throws ProblemError 403: above oneself, by managers above sales or to another team
 */
export function teamOfInvitation(context: TenantContext, { role, teamId }: NewInvitation): string | null {
  requireMayGrant(context, role, permission);
  const { subject } = context;
  if (subject.role === 'admin') return teamId ?? null;
  if (!managersMayInvite.includes(role))
    throw refusedByRule(subject, 'role_above_own', {
      permission,
      rule: 'roles/below_own',
      detail: `The role ${subject.role} may not invite a ${role}.`,
    });
  const chosen = teamId ?? subject.teamId;
  const isManaged = chosen !== null && (chosen === subject.teamId || subject.teamIds?.includes(chosen));
  if (!isManaged || teamId === null)
    throw refusedByRule(subject, 'other_team', {
      permission,
      rule: 'teams/managed',
      detail: 'Managers invite to the teams they manage.',
    });
  return chosen;
}

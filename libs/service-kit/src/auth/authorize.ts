import { decide, filterFor, type Owned, type Permission } from '@pipedesk/contracts';
import { forbidden } from '../http/problem.ts';
import type { TenantContext } from '../request-context.ts';

/** @throws ProblemError 403 naming the rule that refused */
export function authorize(context: TenantContext, permission: Permission, record: Owned): void {
  if (decide(context.subject, permission, record)) return;
  throw forbidden('permission_denied', {
    detail: `The role ${context.subject.role} does not have ${permission} on this record.`,
    extra: { permission },
  });
}

/**
 * The filter that keeps a list to the records the caller may use the permission on.
 * @throws ProblemError 403 when there are none by the caller's role
 */
export function permittedFilter(context: TenantContext, permission: Permission): Record<string, unknown> {
  const filter = filterFor(context.subject, permission);
  if (filter === null) throw forbidden('permission_denied', { extra: { permission } });
  return filter;
}

import { type Authority, filterFor, type Owned, type Permission, ruleOn } from '@pipedesk/contracts';
import type { TenantContext } from '../request-context.ts';
import { authorityOf } from './authority.ts';
import { refusal } from './refusal.ts';

/**
 * @returns the rule that allows it, to be kept with the change
 * @throws ProblemError 403 naming the rule that refused
 */
export function authorize({ subject }: TenantContext, permission: Permission, record: Owned): Authority {
  const rule = ruleOn(subject, permission, record);
  if (rule) return authorityOf(subject, rule);
  throw refusal(subject, permission);
}

/**
 * The filter that keeps a list to the records the caller may use the permission on.
 * @throws ProblemError 403 when there are none by the caller's role
 */
export function permittedFilter({ subject }: TenantContext, permission: Permission): Record<string, unknown> {
  const filter = filterFor(subject, permission);
  if (filter === null) throw refusal(subject, permission);
  return filter;
}

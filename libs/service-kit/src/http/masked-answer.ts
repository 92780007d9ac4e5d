import { hiddenInQuery, maskAnswer } from '@pipedesk/contracts';
import { rulesVersion } from '../auth/authority.ts';
import { callerOf } from '../auth/authenticate.ts';
import { forbidden } from './problem.ts';
import type { Route, RouteInput } from './route.ts';

type Input = Pick<RouteInput<unknown, unknown, unknown>, 'req' | 'query'>;

/**
 * Refuses filters and orders by fields the caller's role does not see: their effect would tell the values.
 * @throws ProblemError 403 `masked_field` naming the fields
 */
export function refuseHiddenFields({ shows, permission }: Route, { req, query }: Input): void {
  if (shows === undefined || typeof query !== 'object' || query === null) return;
  const { role } = callerOf(req);
  const fields = hiddenInQuery(role, shows, query);
  if (fields.length === 0) return;
  throw forbidden('masked_field', {
    detail: `The role ${role} does not see ${fields.join(', ')} and can neither filter nor sort by it.`,
    extra: { permission, rule: `mask/${shows}/${role}`, rulesVersion, fields },
  });
}

/** What the caller's role may read of a result; the one place where answers are masked. */
export function maskedFor({ shows }: Route, { req }: Input, result: unknown): unknown {
  return shows === undefined ? result : maskAnswer(callerOf(req).role, shows, result);
}

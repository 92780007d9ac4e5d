import type { TimelineType } from '@pipedesk/contracts';
import {
  createBreaker,
  notFound,
  ProblemError,
  refusalOf,
  type Registry,
  type RouteInput,
  unauthorized,
  unavailable,
} from '@pipedesk/service-kit';

/** On whose behalf crm is asked: the caller's own token, and the ids that join the log lines of both services. */
export interface OnBehalfOf {
  authorization: string;
  requestId: string;
  traceparent?: string;
}

export interface CrmClient {
  /**
   * Resolves when the record exists and the caller may read it.
   * @throws ProblemError crm's own 401, 403 or 404; 503 `crm_unavailable` when crm cannot tell
   */
  requireReadable(onBehalfOf: OnBehalfOf, entityType: TimelineType, entityId: string): Promise<void>;
}

const paths: Record<TimelineType, string> = {
  lead: 'leads',
  deal: 'deals',
  company: 'companies',
  contact: 'contacts',
};

export function createCrmClient({ url, metrics }: { url: string; metrics: Registry }): CrmClient {
  const breaker = createBreaker(
    (signal: AbortSignal, onBehalfOf: OnBehalfOf, path: string) =>
      ask(signal, new URL(path, url), onBehalfOf),
    { name: 'crm', timeout: 3_000, metrics },
  );
  return {
    requireReadable: (onBehalfOf, entityType, entityId) =>
      breaker.fire(onBehalfOf, `/${paths[entityType]}/${entityId}`).catch((error: unknown) => {
        throw error instanceof ProblemError ? error : crmUnavailable(error);
      }),
  };
}

/** The headers that carry a request's identity on. */
export function onBehalfOf({
  req,
  origin,
}: Pick<RouteInput<unknown, unknown, unknown>, 'req' | 'origin'>): OnBehalfOf {
  return {
    authorization: req.get('authorization') ?? '',
    requestId: origin.requestId,
    ...(origin.traceparent === undefined ? {} : { traceparent: origin.traceparent }),
  };
}

async function ask(signal: AbortSignal, url: URL, { requestId, ...rest }: OnBehalfOf): Promise<void> {
  const headers = { ...rest, 'x-request-id': requestId };
  const response = await fetch(url, { headers, signal, redirect: 'error' });
  // Only a read body gives its connection back to the pool.
  const body = await response.text();
  if (response.ok) return;
  throw refusals[response.status]?.(body) ?? crmUnavailable(new Error(`crm answered ${response.status}`));
}

const refusals: Record<number, (body: string) => ProblemError> = {
  401: () => unauthorized('token_invalid', 'The access token is not valid any more.'),
  403: refusalOf,
  404: () => notFound('record_not_found', { detail: 'There is no record with this id.' }),
};

function crmUnavailable(cause: unknown): ProblemError {
  return unavailable('crm_unavailable', {
    detail: 'Records cannot be looked up just now. Try again shortly.',
    cause,
  });
}

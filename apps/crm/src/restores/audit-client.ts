import { type AuditRecord, auditRecordSchema, type EntityType, eventId } from '@pipedesk/contracts';
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

/** On whose behalf audit is asked: the caller's own token, and the ids that join the log lines of both services. */
export interface OnBehalfOf {
  authorization: string;
  requestId: string;
  traceparent?: string;
}

export interface AuditClient {
  /**
   * What audit has of one version, when the caller may read it there.
   * @throws ProblemError audit's own 401 or 403; 404 `version_not_found`; 503 `audit_unavailable` when audit cannot tell
   */
  versionOf(
    onBehalfOf: OnBehalfOf,
    entityType: EntityType,
    entityId: string,
    version: number,
  ): Promise<AuditRecord>;
}

export function createAuditClient({ url, metrics }: { url: string; metrics: Registry }): AuditClient {
  const breaker = createBreaker(
    (signal: AbortSignal, onBehalfOf: OnBehalfOf, id: string) =>
      ask(signal, new URL(`/audit-logs/${id}`, url), onBehalfOf),
    { name: 'audit', timeout: 3_000, metrics },
  );
  return {
    versionOf: (onBehalfOf, entityType, entityId, version) =>
      breaker.fire(onBehalfOf, eventId(entityType, entityId, version)).catch((error: unknown) => {
        throw error instanceof ProblemError ? error : auditUnavailable(error);
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

async function ask(signal: AbortSignal, url: URL, { requestId, ...rest }: OnBehalfOf): Promise<AuditRecord> {
  const headers = { ...rest, 'x-request-id': requestId };
  const response = await fetch(url, { headers, signal, redirect: 'error' });
  // Only a read body gives its connection back to the pool.
  const body = await response.text();
  if (response.ok) return auditRecordSchema.parse(JSON.parse(body));
  throw refusals[response.status]?.(body) ?? auditUnavailable(new Error(`audit answered ${response.status}`));
}

const refusals: Record<number, (body: string) => ProblemError> = {
  401: () => unauthorized('token_invalid', 'The access token is not valid any more.'),
  403: refusalOf,
  404: () => notFound('version_not_found', { detail: 'Audit has no such version of this record.' }),
};

function auditUnavailable(cause: unknown): ProblemError {
  return unavailable('audit_unavailable', {
    detail: 'Earlier versions cannot be looked up just now. Try again shortly.',
    cause,
  });
}

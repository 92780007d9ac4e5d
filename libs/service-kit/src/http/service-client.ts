import type { Registry } from 'prom-client';
import { refusalOf } from '../auth/refusal.ts';
import { createBreaker } from '../ops/breaker.ts';
import { ProblemError, unauthorized, unavailable } from './problem.ts';
import type { RouteInput } from './route.ts';

/** On whose behalf another service is asked: the caller's own token, and the ids that join the log lines of both services. */
export interface OnBehalfOf {
  authorization: string;
  requestId: string;
  traceparent?: string;
}

interface ServiceClientOptions<T> {
  /** The service, as its breaker is called. */
  name: string;
  url: string;
  metrics: Registry;
  /** What is wanted of the body of a 200. What it throws counts as an outage: the service does not keep its contract. */
  read: (body: string) => T;
  /** What a 404 of the service means to whoever asked for something else here. */
  notThere: () => ProblemError;
  /** Said with a 503 when the service cannot tell. */
  outage: { code: string; detail: string };
}

/**
 * Asks another service for something that the caller may read there.
 * @throws ProblemError the service's own 401 or 403; `notThere`; 503 with the code of `outage`, within some 3 s
 */
export type AskService<T> = (onBehalfOf: OnBehalfOf, path: string) => Promise<T>;

const timeout = 3_000;

export function createServiceClient<T>(options: ServiceClientOptions<T>): AskService<T> {
  const { name, url, metrics, read, notThere, outage } = options;
  const outageBy = (cause: unknown) => unavailable(outage.code, { detail: outage.detail, cause });
  const refusals: Record<number, (body: string) => ProblemError> = {
    401: () => unauthorized('token_invalid', 'The access token is not valid any more.'),
    403: refusalOf,
    404: notThere,
  };

  async function ask(signal: AbortSignal, { requestId, ...rest }: OnBehalfOf, path: string): Promise<T> {
    const headers = { ...rest, 'x-request-id': requestId };
    const response = await fetch(new URL(path, url), { headers, signal, redirect: 'error' });
    // Only a read body gives its connection back to the pool.
    const body = await response.text();
    if (response.ok) return read(body);
    throw refusals[response.status]?.(body) ?? outageBy(new Error(`${name} answered ${response.status}`));
  }

  const breaker = createBreaker(ask, { name, timeout, metrics });
  return (onBehalfOf, path) =>
    breaker.fire(onBehalfOf, path).catch((error: unknown) => {
      throw error instanceof ProblemError ? error : outageBy(error);
    });
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

import { problemSchema, type TimelineType } from '@pipedesk/contracts';
import {
  createBreaker,
  ProblemError,
  type Registry,
  type RouteInput,
  unavailable,
} from '@pipedesk/service-kit';
import type { z } from 'zod';

/** On whose behalf the sources are asked: the caller's own token, and the ids that join the log lines. */
export type CallerHeaders = Record<string, string>;

/** One kind of read from one service, behind a breaker of its own. */
export type SourceCall<Result> = (path: string, caller: CallerHeaders) => Promise<Result>;

interface SourceCallOptions<Schema extends z.ZodType> {
  /** Names the breaker in metrics. */
  name: string;
  url: string;
  schema: Schema;
  /** Longest a call may take, ms. */
  timeout: number;
  metrics: Registry;
}

/**
 * Reads JSON from a service.
 * @throws ProblemError with the service's own status and code when it refuses (4xx); anything else means that the
 * service cannot answer just now
 */
export function createSourceCall<Schema extends z.ZodType>(
  options: SourceCallOptions<Schema>,
): SourceCall<z.output<Schema>> {
  const { url, schema } = options;
  const breaker = createBreaker(async (signal: AbortSignal, path: string, headers: CallerHeaders) => {
    const response = await fetch(new URL(path, url), { headers, signal, redirect: 'error' });
    const body: unknown = await response.json();
    if (response.ok) return schema.parse(body);
    throw refusalOf(response.status, body);
  }, options);
  return (path, caller) => breaker.fire(path, caller);
}

function refusalOf(status: number, body: unknown): Error {
  const problem = problemSchema.safeParse(body);
  if (status >= 500 || !problem.success) return new Error(`answered ${status}`);
  const { code, detail, errors } = problem.data;
  const challenge = status === 401 ? { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } } : {};
  return new ProblemError(status, code, { detail, ...challenge, ...(errors && { errors }) });
}

/** True when the service has decided, false when it could not be asked. */
export function isRefusal(error: unknown): error is ProblemError {
  return error instanceof ProblemError && error.status < 500;
}

/** The service's refusal, or 503. */
export function refusalOrUnavailable(service: string, error: unknown): ProblemError {
  if (isRefusal(error)) return error;
  const detail = `${service} cannot be asked just now. Try again shortly.`;
  return unavailable('service_unavailable', { detail, extra: { service }, cause: error });
}

export function callerHeadersOf({
  req,
  origin,
}: Pick<RouteInput<unknown, unknown, unknown>, 'req' | 'origin'>): CallerHeaders {
  return {
    accept: 'application/json',
    authorization: req.get('authorization') ?? '',
    'x-request-id': origin.requestId,
    ...(origin.ip === null ? {} : { 'x-forwarded-for': origin.ip }),
    ...(origin.traceparent === undefined ? {} : { traceparent: origin.traceparent }),
  };
}

/** crm's path of each record that has a timeline. */
export const recordPaths: Record<TimelineType, string> = {
  lead: '/leads',
  deal: '/deals',
  company: '/companies',
  contact: '/contacts',
};

import { ProblemError, unavailable } from '@pipedesk/service-kit';
import { errors } from 'undici';
import type { ServiceName } from './services.ts';

/** The answer for a request that a service did not answer. */
export function failureOf(service: ServiceName, error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) {
    return new ProblemError(502, 'bad_gateway', {
      detail: `The answer of ${service} was not HTTP.`,
      cause: error,
    });
  }
  return unavailable('service_unavailable', {
    detail: `${service} cannot be reached just now. Try again shortly.`,
    extra: { service },
    cause: error,
  });
}

/** Codes of a connection that ended under a request: undici's own and those of the system. */
const lostConnection = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** True when the connection ended before an answer and had served others, as far as that is known: it was idle too long. */
export function isLostConnection(error: Error & { code?: string; socket?: { bytesRead?: number } }): boolean {
  return lostConnection.has(error.code ?? '') && error.socket?.bytesRead !== 0;
}

/** 504 when the service was silent; 408 when it was waiting for the rest of the client's body. */
export function noAnswerInTime(service: ServiceName, timeout: number, isClientSlow: boolean): ProblemError {
  if (isClientSlow)
    return new ProblemError(408, 'request_timeout', { detail: 'The body did not arrive in time.' });
  return new ProblemError(504, 'service_timeout', {
    detail: `${service} did not answer within ${timeout / 1000} s.`,
    extra: { service },
    headers: { 'Retry-After': '5' },
  });
}

export function tooManyInFlight(service: ServiceName): ProblemError {
  return unavailable('service_busy', {
    detail: `${service} has too many requests at hand. Try again shortly.`,
    extra: { service },
  });
}

export function bodyTooLarge(limit: number): ProblemError {
  return new ProblemError(413, 'body_too_large', {
    detail: `The body is larger than the ${limit / 1024 / 1024} MiB that this path accepts.`,
  });
}

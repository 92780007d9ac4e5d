import type { FieldError, Problem } from '@pipedesk/contracts';
import { STATUS_CODES } from 'node:http';

interface ProblemOptions {
  detail?: string;
  errors?: FieldError[];
  headers?: Record<string, string>;
  /** Further members of the document, e.g. `currentVersion`. */
  extra?: Record<string, unknown>;
  cause?: unknown;
}

/** An expected failure with its HTTP answer; everything else is a defect and answers 500. */
export class ProblemError extends Error {
  override name = 'ProblemError';
  readonly status: number;
  readonly code: string;
  readonly options: ProblemOptions;

  constructor(status: number, code: string, options: ProblemOptions = {}) {
    super(options.detail ?? code, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.options = options;
  }
}

/** The RFC 9457 document of an error. */
export function problemDocument(error: ProblemError, requestId: string | undefined): Problem {
  const { detail, errors, extra } = error.options;
  return {
    ...extra,
    type: `urn:pipedesk:problem:${error.code}`,
    title: STATUS_CODES[error.status] ?? 'Error',
    status: error.status,
    detail: detail ?? defaultDetail(error.code),
    code: error.code,
    ...(errors === undefined ? {} : { errors }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

/** `deal_not_found` reads as "Deal not found." */
function defaultDetail(code: string): string {
  const words = code.replaceAll('_', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

export const badRequest = (code: string, options?: ProblemOptions) => new ProblemError(400, code, options);
export const forbidden = (code: string, options?: ProblemOptions) => new ProblemError(403, code, options);
export const notFound = (code: string, options?: ProblemOptions) => new ProblemError(404, code, options);
export const conflict = (code: string, options?: ProblemOptions) => new ProblemError(409, code, options);
export const unprocessable = (code: string, options?: ProblemOptions) => new ProblemError(422, code, options);

/** 401 with the challenge RFC 6750 section 3 asks for. */
export function unauthorized(code: string, detail?: string, cause?: unknown): ProblemError {
  const challenge = code === 'token_missing' ? 'Bearer' : 'Bearer error="invalid_token"';
  return new ProblemError(401, code, {
    headers: { 'WWW-Authenticate': challenge },
    cause,
    ...(detail === undefined ? {} : { detail }),
  });
}

/** 503 with the seconds after which a retry makes sense. */
export function unavailable(
  code: string,
  options: ProblemOptions & { retryAfter?: number } = {},
): ProblemError {
  const { retryAfter = 2, ...rest } = options;
  return new ProblemError(503, code, {
    ...rest,
    headers: { 'Retry-After': String(retryAfter), ...rest.headers },
  });
}

/** 412: the record has moved on since the client read it. */
export function versionMismatch(expected: number, current: number): ProblemError {
  return new ProblemError(412, 'version_mismatch', {
    detail: `The record is at version ${current}, not ${expected}. Read it again and repeat the change.`,
    extra: { expectedVersion: expected, currentVersion: current },
  });
}

import type { FieldError } from '@pipedesk/contracts';
import type { Request } from 'express';
import type { z } from 'zod';
import { badRequest, ProblemError } from './problem.ts';

type Part = FieldError['in'];

/**
 * Checks one part of a request.
 * @throws ProblemError 400 `invalid_request` naming every field that is wrong
 */
export function validate(part: Part, schema: z.ZodType | undefined, value: unknown): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => fieldErrors(part, issue));
  const first = errors[0];
  throw badRequest('invalid_request', {
    detail: first
      ? `${part} ${first.path ? `${first.path}: ` : ''}${first.message}`
      : 'The request does not match the contract.',
    errors,
  });
}

/** zod reports unknown keys as one issue; clients get one error a key. */
function fieldErrors(part: Part, issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      in: part,
      path: [...path, key].join('.'),
      message: 'is not a known field',
    }));
  }
  return [{ in: part, path: path.join('.'), message: issue.message }];
}

/**
 * The version a client expects, from `If-Match: "3"` (RFC 9110 section 13.1.1); `*` expects any. The weak form `W/"3"` is
 * taken as well, against the letter of the RFC: proxies that compress weaken tags on the way, and ours name versions.
 * @throws ProblemError 400 when the header is not one of our entity tags
 */
export function readIfMatch(req: Request): number | undefined {
  const header = req.get('if-match');
  if (header === undefined || header === '*') return undefined;
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(header)?.[1];
  if (version === undefined) {
    throw badRequest('invalid_if_match', { detail: 'If-Match must be an ETag of this record, such as "3".' });
  }
  return Number(version);
}

/** @throws ProblemError 400 when the key is not 1-255 visible ASCII characters */
export function readIdempotencyKey(req: Request): string | undefined {
  const key = req.get('idempotency-key');
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw badRequest('invalid_idempotency_key', {
      detail: 'Idempotency-Key must be 1-255 visible ASCII characters.',
    });
  }
  return key;
}

/** @throws ProblemError 415 when the body is not of a type the route takes */
export function requireContentType(req: Request, types: string[]): void {
  if (req.is(types)) return;
  throw new ProblemError(415, 'unsupported_media_type', {
    detail: `Send the body as ${types.join(' or ')}.`,
  });
}

import type { IncomingMessage } from 'node:http';
import { badRequest } from '../http/problem.ts';

/** Our own tokens have some 600 characters; whatever is longer is not ours. */
const maxTokenLength = 4096;

/** Compact JWS, RFC 7515 section 7.1. Anchored and without overlap, so it matches in linear time. */
const compactJws = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * The token of `Authorization: Bearer`, and of nowhere else. passport-jwt's own extractor backtracks for 430 ms on a
 * hostile 16 KB header (mikenicholson/passport-jwt#260).
 * @throws ProblemError 400 when the header is given twice: which one counts must never be a guess
 */
export function bearerToken(req: IncomingMessage): string | null {
  const values = req.headersDistinct.authorization ?? [];
  if (values.length > 1)
    throw badRequest('duplicate_authorization', { detail: 'Send one Authorization header.' });
  const value = values[0];
  if (value === undefined || value.length > maxTokenLength || !/^bearer /i.test(value)) return null;
  const token = value.slice('bearer '.length);
  return compactJws.test(token) ? token : null;
}

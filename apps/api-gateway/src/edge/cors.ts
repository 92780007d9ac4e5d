import type { IncomingMessage, ServerResponse } from 'node:http';
import { securityHeaders } from './security-headers.ts';

const exposed = 'ETag, Location, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy';
const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const requestHeaders =
  'Authorization, Content-Type, If-Match, Idempotency-Key, X-Allow-Duplicate, X-Request-Id, Traceparent';

/** Adds what lets pages of the allowed origins read an answer. @returns true when it was a preflight, now answered */
export type Cors = (req: IncomingMessage, res: ServerResponse) => boolean;

/** Cross-origin access for exactly these origins. Tokens travel in a header, so credentials are never allowed. */
export function createCors(origins: string[]): Cors {
  const allowed = new Set(origins);
  return (req, res) => {
    const { origin } = req.headers;
    if (origin === undefined || !allowed.has(origin)) return false;
    res.setHeader('Access-Control-Allow-Origin', origin);
    res.setHeader('Access-Control-Expose-Headers', exposed);
    res.appendHeader('Vary', 'Origin');
    if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return false;
    res.setHeader('Access-Control-Allow-Methods', methods);
    res.setHeader('Access-Control-Allow-Headers', requestHeaders);
    res.setHeader('Access-Control-Max-Age', '600');
    res.writeHead(204, [...securityHeaders]).end();
    return true;
  };
}

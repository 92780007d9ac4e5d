import type { Request, RequestHandler } from 'express';
import { v7 as uuidv7 } from 'uuid';
import type { RequestOrigin } from '../request-context.ts';

const origins = new WeakMap<object, RequestOrigin>();

/** W3C Trace Context, level 1: version-traceid-parentid-flags. */
const traceparentPattern = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Gives every request its id and remembers where it came from; the id is echoed in `X-Request-Id`. */
export const rememberOrigin: RequestHandler = (req, res, next) => {
  const origin = readOrigin(req);
  origins.set(req, origin);
  res.set('X-Request-Id', origin.requestId);
  next();
};

/** What is known of it: the gateway refuses before its own middleware has run. */
export function tryOriginOf(req: object): RequestOrigin | undefined {
  return origins.get(req);
}

/** @throws Error when `rememberOrigin` has not run: a wiring defect */
export function originOf(req: Request): RequestOrigin {
  const origin = origins.get(req);
  if (!origin) throw new Error('rememberOrigin must be the first middleware');
  return origin;
}

function readOrigin(req: Request): RequestOrigin {
  const traceparent = req.get('traceparent');
  return {
    requestId: acceptableId(req.get('x-request-id')) ?? uuidv7(),
    ip: req.ip ?? null,
    userAgent: req.get('user-agent')?.slice(0, 500) ?? null,
    ...(traceparent && traceparentPattern.test(traceparent) ? { traceparent } : {}),
  };
}

/** A client's own id is kept when it is harmless in logs and headers. */
function acceptableId(id: string | undefined): string | undefined {
  return id !== undefined && /^[\w.:-]{1,128}$/.test(id) ? id : undefined;
}

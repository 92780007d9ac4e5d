import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import { isIP } from 'node:net';

/** Who sent a request and how it is called in logs, decided once at the door. */
export interface EdgeOrigin {
  requestId: string;
  /** The real client's address, behind the proxies that are trusted. */
  ip: string;
  /** The client's trace, or a new one. */
  traceparent: string;
  /** False when the trace starts here: a tracestate without it belongs to nobody. */
  isTraced: boolean;
}

const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const harmlessId = /^[\w.:-]{1,128}$/;

export function edgeOriginOf(req: Request): EdgeOrigin {
  const { 'x-request-id': id, traceparent } = req.headers;
  const isTraced = typeof traceparent === 'string' && traceparentPattern.test(traceparent);
  return {
    requestId: typeof id === 'string' && harmlessId.test(id) ? id : randomUUID(),
    ip: clientAddress(req),
    traceparent: isTraced ? traceparent : newTraceparent(),
    isTraced,
  };
}

/** W3C Trace Context, level 1, sampled. UUIDs come from a pool of random bytes, which makes them cheap. */
function newTraceparent(): string {
  const [trace, parent] = [randomUUID(), randomUUID()].map((id) => id.replaceAll('-', ''));
  return `00-${trace}-${parent?.slice(16)}-01`;
}

/** Even a trusted proxy may hand on what its client wrote: only an address counts. */
function clientAddress(req: Request): string {
  const claimed = req.ip ?? '';
  const address = isIP(claimed) ? claimed : (req.socket.remoteAddress ?? '');
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

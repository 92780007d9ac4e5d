import { randomFillSync, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
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

/** Express's `trust proxy`, compiled: is this address, `hop` hops away, believed? */
export type TrustFunction = (address: string, hop: number) => boolean;

export function edgeOriginOf(
  req: IncomingMessage & { ip?: string | undefined },
  isTrusted: TrustFunction,
): EdgeOrigin {
  const { 'x-request-id': id, traceparent } = req.headers;
  const isTraced = typeof traceparent === 'string' && traceparentPattern.test(traceparent);
  const ip = clientAddress(req, isTrusted);
  // Where Express has it, for what looks at a request whoever serves it, such as the log of refused tokens.
  req.ip = ip;
  return {
    requestId: typeof id === 'string' && harmlessId.test(id) ? id : randomUUID(),
    ip,
    traceparent: isTraced ? traceparent : newTraceparent(),
    isTraced,
  };
}

/** Bytes of a trace's and a span's id together. */
const idBytes = 24;
/** Random bytes for many ids: asking for them costs more than they do. */
const pool = Buffer.alloc(idBytes * 256);
let used = pool.length;

/** W3C Trace Context, level 1, sampled. */
function newTraceparent(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const ids = pool.toString('hex', used, (used += idBytes));
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-01`;
}

/** True when the peer is one of the trusted proxies. */
export function isTrustedPeer(req: IncomingMessage, isTrusted: TrustFunction): boolean {
  return isTrusted(req.socket.remoteAddress ?? '', 0);
}

/**
 * The first address, going back from the peer, that is no trusted proxy's: as Express's `req.ip`, without Express. Even a
 * trusted proxy may hand on what its client wrote: only an address counts.
 */
function clientAddress(req: IncomingMessage, isTrusted: TrustFunction): string {
  const peer = req.socket.remoteAddress ?? '';
  const claimed = isTrusted(peer, 0) ? claimedAddress(req, peer, isTrusted) : peer;
  const address = isIP(claimed) ? claimed : peer;
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

function claimedAddress({ headers }: IncomingMessage, peer: string, isTrusted: TrustFunction): string {
  const told = headers['x-forwarded-for'];
  if (typeof told !== 'string') return peer;
  const hops = [peer, ...told.split(',').reverse()].map((hop) => hop.trim());
  return hops.find((address, hop) => !isTrusted(address, hop)) ?? hops.at(-1) ?? peer;
}

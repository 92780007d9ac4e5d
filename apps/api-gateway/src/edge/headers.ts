import { badRequest, recordsReadHeader } from '@pipedesk/service-kit';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { EdgeOrigin } from './origin.ts';
import { securityHeaderNames, securityHeaders } from './security-headers.ts';

/** RFC 9110 section 7.6.1: these belong to one connection. `expect` is answered here, by the gateway itself. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** Set by the gateway: a client's own value never passes. */
const ours = new Set(['host', 'content-length', 'x-forwarded-for', 'x-request-id', 'traceparent']);

/** Claims about identity, address, method or path that some software believes. */
const claims =
  /^(?:x-user|x-tenant|x-role|x-real-ip$|x-client-ip$|x-cluster-client-ip$|true-client-ip$|cf-connecting-ip$|forwarded$|x-http-method|x-method-override$|x-original-|x-rewrite-url$)/;

export interface HeaderContext {
  origin: EdgeOrigin;
  /** `host:port` of the service. */
  host: string;
  /** True when the peer is one of the trusted proxies, whose `x-forwarded-proto` and the like pass. */
  isTrustedPeer: boolean;
}

/** What becomes of a client's header on its way to a service. */
type Passage = 'passes' | 'dropped' | 'of trusted peers' | 'of traces';

function passageOf(name: string): Passage {
  // `X_User_Role` becomes `X-User-Role` in CGI-like software; nobody needs underscores.
  if (hopByHop.has(name) || ours.has(name) || name.includes('_') || claims.test(name)) return 'dropped';
  if (name.startsWith('x-forwarded')) return 'of trusted peers';
  return name === 'tracestate' ? 'of traces' : 'passes';
}

/** By the name as it was written, most of which come again and again. */
const passages = new Map<string, Passage>();
/** What clients may make the gateway remember, and up to which length. */
const [mostPassages, longestName] = [1_000, 40];

function rememberedPassageOf(rawName: string): Passage {
  const known = passages.get(rawName);
  if (known !== undefined) return known;
  const passage = passageOf(rawName.toLowerCase());
  if (passages.size < mostPassages && rawName.length <= longestName) passages.set(rawName, passage);
  return passage;
}

/** What a service gets: the client's end-to-end headers, without claims, with our own. Flat: name, value, name, value. */
export function headersForService(
  req: IncomingMessage,
  { origin, host, isTrustedPeer }: HeaderContext,
): string[] {
  const { rawHeaders } = req;
  const named = namedByConnection(req.headers.connection);
  const { ip, requestId, traceparent } = origin;
  const headers = [
    'Host',
    host,
    'X-Forwarded-For',
    ip,
    'X-Request-Id',
    requestId,
    'Traceparent',
    traceparent,
  ];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const rawName = rawHeaders[index] ?? '';
    const passage = rememberedPassageOf(rawName);
    const isPassing =
      passage === 'passes' ||
      (passage === 'of trusted peers' && isTrustedPeer) ||
      (passage === 'of traces' && origin.isTraced);
    if (!isPassing || (named.size > 0 && named.has(rawName.toLowerCase()))) continue;
    headers.push(rawName, rawHeaders[index + 1] ?? '');
  }
  const length = req.headers['content-length'];
  if (length !== undefined && req.headers['transfer-encoding'] === undefined)
    headers.push('Content-Length', length);
  return headers;
}

/** Of an answer: a service's own value never passes. */
const decidedHere = [
  'x-request-id',
  'ratelimit',
  'ratelimit-policy',
  recordsReadHeader,
  ...securityHeaderNames,
];
const notForClients = new Set([...hopByHop, ...decidedHere]);

/**
 * What a client gets of a service's answer: everything that is not of the connection, under the gateway's request id and
 * security headers.
 * @param answer by names in lower case
 * @param fields further header fields of the gateway, flat
 */
export function headersForClient(
  answer: IncomingHttpHeaders,
  requestId: string,
  fields: readonly string[],
): string[] {
  const named = namedByConnection(answer.connection);
  const headers = ['X-Request-Id', requestId, ...securityHeaders, ...fields];
  for (const name in answer) {
    const value = answer[name];
    if (value === undefined || notForClients.has(name) || named.has(name)) continue;
    if (typeof value === 'string') headers.push(name, value);
    else for (const each of value) headers.push(name, each);
  }
  return headers;
}

/** True when a body follows, of whatever length. */
export function hasBody(req: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = req.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}

/**
 * Refuses what two readers could understand differently. Node's parser joins or drops repeats, and lets transfer codings
 * pass that are not chunked.
 * @throws ProblemError 400
 */
export function requireUnambiguousHeaders(req: IncomingMessage): void {
  let authorizations = 0;
  let hosts = 0;
  eachHeader(req.rawHeaders, (name) => {
    if (name === 'authorization') authorizations++;
    else if (name === 'host') hosts++;
  });
  if (authorizations > 1)
    throw badRequest('duplicate_authorization', { detail: 'Send one Authorization header.' });
  if (hosts > 1) throw badRequest('duplicate_host', { detail: 'Send one Host header.' });
  // RFC 9112 section 3.2. Node would refuse it as well, with an empty answer.
  if (hosts === 0 && req.httpVersion !== '1.0')
    throw badRequest('missing_host', { detail: 'HTTP/1.1 asks for a Host header.' });
  const coding = req.headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw badRequest('unknown_transfer_coding', { detail: 'The only transfer coding taken is chunked.' });
}

const nothing: ReadonlySet<string> = new Set();

function namedByConnection(value: string | undefined): ReadonlySet<string> {
  if (value === undefined || value === 'keep-alive' || value === 'close') return nothing;
  return new Set(value.split(',').map((name) => name.trim().toLowerCase()));
}

function eachHeader(raw: string[], visit: (name: string, value: string, rawName: string) => void): void {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const rawName = raw[index] ?? '';
    visit(rawName.toLowerCase(), raw[index + 1] ?? '', rawName);
  }
}

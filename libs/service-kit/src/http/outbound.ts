import { type LookupAddress, lookup as resolve, type LookupOptions } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './addresses.ts';

/** Why nothing was sent: by the address itself, before or while connecting. It says no more than that on purpose. */
export class OutboundRefused extends Error {
  override name = 'OutboundRefused';
}

export interface OutboundAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** The beginning of the body, `mostBytes` at most. */
  text: string;
}

interface OutboundRequest {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string | Buffer;
  signal?: AbortSignal;
}

/** Requests to addresses that users have chosen. */
export interface Outbound {
  /** @throws OutboundRefused for a URL that could never be asked; names are looked up only when connecting */
  check(url: string): URL;
  /**
   * One request. Redirects are answers like any other: nobody follows them.
   * @throws OutboundRefused before a socket is opened; whatever node:http throws for a server that cannot be reached, or
   * an AbortError when the time is up
   */
  send(url: string, request: OutboundRequest): Promise<OutboundAnswer>;
}

interface OutboundOptions {
  /** Hosts, with a port where it is not the scheme's own, that may be asked without TLS and wherever they are. */
  allowedHosts?: readonly string[];
  /** ms for all of it, from the look-up of the name to the last byte. */
  timeout?: number;
  /** Of an answer's body so much is read. */
  mostBytes?: number;
  /** dns.lookup; tests have their own. */
  lookup?: (
    hostname: string,
    options: LookupOptions,
    callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
  ) => void;
}

/**
 * The one way to an address that came from outside: it cannot be made to reach into the network that the service is in
 * (server-side request forgery). Every address a name stands for is judged in the very look-up that the connection is
 * made with, so a name cannot change its mind in between; numbers are judged before there is a connection.
 */
export function createOutbound({
  allowedHosts = [],
  timeout = 10_000,
  mostBytes = 16 * 1024,
  lookup = (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, callback);
  },
}: OutboundOptions = {}): Outbound {
  const isAllowed = ({ host }: URL) => allowedHosts.includes(host);

  function check(text: string): URL {
    const url = parse(text);
    if (isAllowed(url)) return url;
    if (url.protocol !== 'https:') throw new OutboundRefused('must be an https URL');
    if (url.username !== '' || url.password !== '')
      throw new OutboundRefused('must not contain a user or password');
    if (hostAsWritten(text) !== url.hostname)
      throw new OutboundRefused(`must name its host in the usual form, which is ${url.hostname}`);
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !isPublicAddress(literal))
      throw new OutboundRefused('must not be a private address');
    return url;
  }

  /** Refuses a name when any of its addresses is not public: which one a connection takes is not ours to say. */
  const lookupPublic: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) callback(error ?? new Error(`${hostname} has no address`), '', 0);
      else if (!addresses.every(({ address }) => isPublicAddress(address)))
        callback(new OutboundRefused('the name stands for a private address'), '', 0);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

  return {
    check,
    send(text, { method = 'POST', headers = {}, body = '', signal }) {
      return new Promise((done, fail) => {
        const url = check(text);
        const request = url.protocol === 'https:' ? requestHttps : requestHttp;
        const signals = [AbortSignal.timeout(timeout), ...(signal ? [signal] : [])];
        const length = Buffer.byteLength(body);
        const outgoing = request(url, {
          method,
          headers: { ...headers, 'content-length': String(length) },
          // A connection a request: one that is kept was judged for an address of long ago.
          agent: false,
          signal: AbortSignal.any(signals),
          ...(isAllowed(url) ? {} : { lookup: lookupPublic }),
        });
        outgoing.on('error', fail);
        outgoing.on('response', (incoming) => {
          const chunks: Buffer[] = [];
          let size = 0;
          const finish = () => {
            const read = Buffer.concat(chunks).subarray(0, mostBytes).toString('utf8');
            done({ status: incoming.statusCode ?? 0, headers: incoming.headers, text: read });
          };
          incoming.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            size += chunk.length;
            if (size < mostBytes) return;
            finish();
            outgoing.destroy();
          });
          incoming.on('end', finish);
          incoming.on('error', fail);
        });
        outgoing.end(body);
      });
    },
  };
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.hostname) throw new OutboundRefused('must be a URL with a host');
  return url;
}

/** The host before anybody has made sense of it: `127.1`, `0x7f.1` and full-width digits are all 127.0.0.1 to a URL. */
function hostAsWritten(text: string): string {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';
  return authority.replace(/^.*@/s, '').replace(/:\d*$/, '').toLowerCase();
}

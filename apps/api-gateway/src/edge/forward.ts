import type { IncomingMessage, ServerResponse } from 'node:http';
import { Pool } from 'undici';
import { Exchange } from './exchange.ts';
import { tooManyInFlight } from './forward-failures.ts';
import { sendProblem } from './send-problem.ts';
import type { ServiceName } from './services.ts';

/** One request on its way to a service. */
export interface Forwarding {
  requestId: string;
  /** For the service; flat. */
  headers: string[];
  /** Further header fields of the answer, whoever gives it; flat. */
  answerFields: readonly string[];
  bodyLimit: number;
  /** Longest silence of the service, ms. */
  timeout: number;
  /** Learns how many records the answer carries, where that is of interest. */
  tellRecords?: ((records: number) => void) | undefined;
}

export interface Forwarder {
  /** `host:port`, for the Host header. */
  host: string;
  /** Streams the request to the service and its answer back; every failure ends as a problem or a cut connection. */
  forward(req: IncomingMessage, res: ServerResponse, forwarding: Forwarding): void;
  close(): void;
}

/** Above this a service is drowning: more requests would only wait. */
const mostInFlight = 500;

/** The time that counts is the silence of a request, which its exchange watches from before it is connected. */
const noTimeouts = { headersTimeout: 0, bodyTimeout: 0 };

/**
 * Sends requests to one service over kept-alive connections of its own, so that a slow one starves no other.
 * @param silence overrides the longest silence that requests come with, ms
 */
export function createForwarder(service: ServiceName, url: string, silence?: number): Forwarder {
  const { host, origin } = new URL(url);
  const pool = new Pool(origin, noTimeouts);
  let inFlight = 0;
  return {
    host,
    forward: (req, res, forwarding) => {
      // Gone while its token was verified; its 'close' will not come again.
      if (res.destroyed) return;
      if (inFlight >= mostInFlight) {
        sendProblem(res, tooManyInFlight(service), forwarding.requestId, forwarding.answerFields);
        return;
      }
      inFlight++;
      const exchange = new Exchange(pool, service, req, res, forwarding, silence ?? forwarding.timeout);
      res.once('close', () => {
        inFlight--;
        exchange.abandon();
      });
      exchange.start();
    },
    close: () => void pool.destroy(),
  };
}

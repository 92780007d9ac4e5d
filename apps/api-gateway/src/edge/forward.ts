import { ProblemError } from '@pipedesk/service-kit';
import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { bodyTooLarge, failureOf, noAnswerInTime, tooManyInFlight } from './forward-failures.ts';
import { hasBody, headersForClient } from './headers.ts';
import { cutWhenUnread, sendProblem } from './send-problem.ts';
import type { ServiceName } from './services.ts';

/** One request on its way to a service. */
export interface Forwarding {
  requestId: string;
  headers: string[];
  /** Further header fields of the answer, whoever gives it; flat. */
  answerFields: readonly string[];
  bodyLimit: number;
  /** Longest silence of the service, ms. */
  timeout: number;
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

/**
 * Sends requests to one service over kept-alive connections of its own, so that a slow one starves no other.
 * @param silence overrides the longest silence that requests come with, ms
 */
export function createForwarder(service: ServiceName, url: string, silence?: number): Forwarder {
  const { hostname, host, port } = new URL(url);
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  const target = { agent, host: hostname.replaceAll(/[[\]]/g, ''), port: port || 80, setHost: false };
  let inFlight = 0;

  function start(
    req: IncomingMessage,
    res: ServerResponse,
    forwarding: Forwarding,
    mayRepeat: boolean,
  ): void {
    const timeout = silence ?? forwarding.timeout;
    const { headers, requestId, answerFields } = forwarding;
    const outgoing = request({ ...target, method: req.method, path: req.url, headers, timeout });
    const fail = (error: unknown) => {
      // Once an answer has begun, its own end tells whether it is whole: a service may answer and close while the rest
      // of the body is still on its way to it.
      if (res.destroyed || res.headersSent) return;
      const isStale = outgoing.reusedSocket && !(error instanceof ProblemError);
      // The service closed the idle connection just as we took it: it has not seen this request.
      if (isStale && mayRepeat) start(req, res, forwarding, false);
      else sendProblem(res, failureOf(service, error), requestId, answerFields);
    };
    outgoing.on('error', fail);
    outgoing.once('timeout', () => {
      const isClientSlow = !req.complete && !outgoing.writableNeedDrain;
      outgoing.destroy(noAnswerInTime(service, timeout, isClientSlow));
    });
    outgoing.once('response', (answer) => {
      relay(answer, res, forwarding);
    });
    res.once('close', () => outgoing.destroy());
    sendBody(req, res, outgoing, forwarding.bodyLimit);
  }

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
      res.once('close', () => inFlight--);
      start(req, res, forwarding, isRepeatable(req));
    },
    close: () => {
      agent.destroy();
    },
  };
}

function isRepeatable(req: IncomingMessage): boolean {
  return (req.method === 'GET' || req.method === 'HEAD') && !hasBody(req);
}

function sendBody(req: IncomingMessage, res: ServerResponse, outgoing: ClientRequest, limit: number): void {
  if (!hasBody(req)) {
    outgoing.end();
    return;
  }
  // Only now that the request is accepted is a client that asked beforehand told to go on.
  if (req.headers.expect !== undefined) res.writeContinue();
  if (req.headers['content-length'] === undefined) limitBody(req, outgoing, limit);
  req.pipe(outgoing);
}

/** Announced lengths are checked beforehand and enforced by the parser; chunked bodies are counted here. */
function limitBody(req: IncomingMessage, outgoing: ClientRequest, limit: number): void {
  let received = 0;
  req.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > limit) outgoing.destroy(bodyTooLarge(limit));
  });
}

function relay(answer: IncomingMessage, res: ServerResponse, { requestId, answerFields }: Forwarding): void {
  res.writeHead(answer.statusCode ?? 502, headersForClient(answer, requestId, answerFields));
  // A truncated answer must not look like a whole one: cut the connection instead of ending it.
  answer.once('close', () => {
    if (!answer.complete) res.destroy();
    else cutWhenUnread(res);
  });
  answer.on('error', () => res.destroy());
  answer.pipe(res);
}

import { callerOf, ProblemError, refusedRequest } from '@pipedesk/service-kit';
import type { NextFunction, Request, RequestHandler } from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LegacyDoor } from '../legacy/legacy-door.ts';
import type { LimitFields, RateLimits, RouteClass } from '../limits/rate-limits.ts';
import type { ReadLimits } from '../limits/read-limits.ts';
import { routeClassOf } from '../limits/route-class.ts';
import type { AccessLog } from './access-log.ts';
import type { Cors } from './cors.ts';
import type { Forwarder } from './forward.ts';
import { bodyTooLarge } from './forward-failures.ts';
import { headersForService, requireUnambiguousHeaders } from './headers.ts';
import { type EdgeOrigin, edgeOriginOf, isTrustedPeer, type TrustFunction } from './origin.ts';
import { pathOf } from './request-target.ts';
import { sendProblem } from './send-problem.ts';
import { type Destination, destinationOf, isLogin, isPublic, type ServiceName } from './services.ts';

interface EdgeDeps {
  forwarders: Record<ServiceName, Forwarder>;
  authenticate: RequestHandler;
  cors: Cors;
  accessLog: AccessLog;
  limits: RateLimits;
  reads: ReadLimits;
  isTrusted: TrustFunction;
  /** Only where legacy callers are configured. */
  legacy?: LegacyDoor | undefined;
}

/** Answers a request, or calls `toOwnRoutes` when it is the gateway's own. */
export type Edge = (req: IncomingMessage, res: ServerResponse, toOwnRoutes: () => void) => void;

/** A request that goes to a service once it is admitted. */
interface Arrival {
  req: IncomingMessage;
  res: ServerResponse;
  origin: EdgeOrigin;
  destination: Destination;
  routeClass: RouteClass;
}

type Authenticate = (req: IncomingMessage, res: ServerResponse, next: NextFunction) => unknown;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Every request passes here first: its path, verb and headers in the one accepted form, its token, its limits, the size
 * of its body, and then on to its service. What no service answers goes to the gateway's own routes.
 */
export function createEdge(deps: EdgeDeps): Edge {
  const { forwarders, cors, accessLog, limits, reads, isTrusted, legacy } = deps;
  // Needs nothing of Express's, whose own request would make every look at this one slower.
  const authenticate = deps.authenticate as unknown as Authenticate;
  return (req, res, toOwnRoutes) => {
    if (cors(req, res)) return;
    const origin = edgeOriginOf(req, isTrusted);
    if (legacy?.concerns(req)) void admitLegacy(legacy, req, res, origin, toOwnRoutes);
    else pass(req, res, origin, toOwnRoutes);
  };

  async function admitLegacy(
    door: LegacyDoor,
    req: IncomingMessage,
    res: ServerResponse,
    origin: EdgeOrigin,
    toOwnRoutes: () => void,
  ): Promise<void> {
    try {
      await door.admit(req, res, origin.ip);
    } catch (error) {
      accessLog(req, res, origin);
      sendProblem(res, limits.refuse(origin.ip, problemOf(error)), origin.requestId);
      return;
    }
    pass(req, res, origin, toOwnRoutes);
  }

  function pass(
    req: IncomingMessage,
    res: ServerResponse,
    origin: EdgeOrigin,
    toOwnRoutes: () => void,
  ): void {
    let destination: Destination | undefined;
    try {
      const method = req.method ?? '';
      const path = acceptedPath(req, method);
      destination = destinationOf(path);
      if (!destination) return handOver(req, origin, toOwnRoutes);
      accessLog(req, res, origin, destination);
      refuseLargeBody(req, destination);
      const routeClass = routeClassOf(method, path);
      const arrival = { req, res, origin, destination, routeClass };
      if (isPublic(method, path)) send(arrival, limits.admitAnonymous(origin.ip, isLogin(method, path)));
      else void authenticate(req, res, whenAuthenticated(arrival));
    } catch (error) {
      if (!destination) accessLog(req, res, origin);
      sendProblem(res, problemOf(error), origin.requestId);
    }
  }

  function whenAuthenticated(arrival: Arrival): NextFunction {
    const { req, res, origin, routeClass } = arrival;
    return (error?: unknown) => {
      try {
        if (error) throw limits.refuse(origin.ip, problemOf(error));
        const caller = callerOf(req as Request);
        if (!readsRecords(arrival)) {
          send(arrival, limits.admitCaller(caller, routeClass));
          return;
        }
        reads.admit(caller, () => ({ ...refusedRequest(req), requestId: origin.requestId }));
        send(arrival, limits.admitCaller(caller, routeClass), (records) => {
          reads.count(caller, records);
        });
      } catch (failure) {
        // Nobody above would catch it: the verifier calls back from a promise.
        sendProblem(res, problemOf(failure), origin.requestId);
      }
    };
  }

  function send(
    { req, res, origin, destination }: Arrival,
    answerFields: LimitFields,
    tellRecords?: (records: number) => void,
  ): void {
    const { requestId } = origin;
    const { service, bodyLimit, timeout } = destination;
    const forwarder = forwarders[service];
    const { host } = forwarder;
    const headers = headersForService(req, { origin, host, isTrustedPeer: isTrustedPeer(req, isTrusted) });
    forwarder.forward(req, res, { requestId, headers, answerFields, bodyLimit, timeout, tellRecords });
  }
}

/** What auth answers is about accounts: whoever has read too much may still see who they are, and log out. */
function readsRecords({ req, destination }: Arrival): boolean {
  return req.method === 'GET' && destination.service !== 'auth';
}

/** @throws ProblemError 400 for what could be read in two ways, 405 for verbs nobody serves, 414 for long targets */
function acceptedPath(req: IncomingMessage, method: string): string {
  requireUnambiguousHeaders(req);
  const path = pathOf(req.url ?? '');
  if (methods.includes(method)) return path;
  throw new ProblemError(405, 'method_not_allowed', {
    detail: `${method} is not served here.`,
    headers: { Allow: methods.join(', ') },
  });
}

/** The gateway's own routes read the id and the trace from the headers, as in every service. */
function handOver(req: IncomingMessage, { requestId, traceparent }: EdgeOrigin, next: () => void): void {
  req.headers['x-request-id'] = requestId;
  req.headers.traceparent = traceparent;
  next();
}

function refuseLargeBody(req: IncomingMessage, { bodyLimit }: Destination): void {
  if (Number(req.headers['content-length'] ?? 0) > bodyLimit) throw bodyTooLarge(bodyLimit);
}

function problemOf(error: unknown): ProblemError {
  return error instanceof ProblemError
    ? error
    : new ProblemError(500, 'internal_error', {
        detail: 'Something failed on our side. Quote the request id to support.',
        cause: error,
      });
}

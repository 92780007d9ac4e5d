import { type Permission, widestRule } from '@pipedesk/contracts';
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import { authorityOf } from '../auth/authority.ts';
import { callerOf } from '../auth/authenticate.ts';
import { refusal, refusedByRule } from '../auth/refusal.ts';
import {
  type Caller,
  type RequestOrigin,
  subjectOfCaller,
  tenantContextOf,
  withAuthority,
} from '../request-context.ts';
import { refuseDeepJson } from './json-depth.ts';
import { maskedFor, refuseHiddenFields } from './masked-answer.ts';
import { ProblemError } from './problem.ts';
import { recordsIn, type TellRecords, tellByHeader } from './records-read.ts';
import { originOf } from './request-origin.ts';
import { isForServices, isPublic, type Route, type RouteInput } from './route.ts';
import { readIdempotencyKey, readIfMatch, requireContentType, validate } from './validate.ts';

interface RouterOptions {
  service: string;
  routes: Route[];
  authenticate: RequestHandler;
  /** Admits other services; needed where a route is for them. */
  authenticateService?: RequestHandler | undefined;
  /** Largest JSON body in bytes. */
  bodyLimit?: number;
  /** Where it is told how many records a caller reads; a header of the answer unless given. */
  tellRecords?: TellRecords;
}

/**
 * Mounts routes: token, role, body, validation, handler, validated answer; other methods of a known path answer 405.
 * @throws Error when a route is for services and nobody admits them
 */
export function createRouter(options: RouterOptions): Router {
  const { service, routes, bodyLimit = 256 * 1024, tellRecords = tellByHeader } = options;
  const router = express.Router({ caseSensitive: true, strict: true });
  const parseJson = express.json({ limit: bodyLimit, type: 'application/json', verify: refuseDeepJson });
  for (const route of routes) {
    const guards = guardsOf(route, options);
    const parsers = route.body ? [requireJson, parseJson] : [];
    const handlers = [rememberPattern(route.path), ...guards, ...parsers, run(service, route, tellRecords)];
    router[route.method](route.path, ...handlers);
  }
  for (const [path, methods] of methodsByPath(routes)) router.all(path, refuseMethod(methods));
  return router;
}

function guardsOf(route: Route, { authenticate, authenticateService }: RouterOptions): RequestHandler[] {
  const { permission } = route;
  if (isPublic(permission)) return [];
  if (!isForServices(permission))
    return [authenticate, requireRole(permission), ...(route.stepUp ? [requireRecentProof(permission)] : [])];
  if (!authenticateService) throw new Error(`nobody admits the services that may call ${route.path}`);
  return [authenticateService];
}

/** Logs and metrics name the pattern, not the path: ids would make a series each. */
const patterns = new WeakMap<object, string>();
export function patternOf(req: Request): string {
  return patterns.get(req) ?? 'unmatched';
}
function rememberPattern(path: string): RequestHandler {
  return (req, _res, next) => {
    patterns.set(req, path);
    next();
  };
}

/** Refuses roles that never may; which records they may is the policy's question, in the service. */
function requireRole(permission: Permission): RequestHandler {
  return (req, _res, next) => {
    const subject = subjectOfCaller(callerOf(req));
    if (widestRule(subject, permission)) return next();
    throw refusal(subject, permission);
  };
}

/** How old a proof of identity may be where a fresh one is asked for, seconds. */
const freshFor = 300;

/** A stolen token is no proof: dangerous acts want the password, and the second factor where there is one, again. */
function requireRecentProof(permission: Permission): RequestHandler {
  return (req, _res, next) => {
    const caller = callerOf(req);
    const age = Date.now() / 1000 - caller.authenticatedAt;
    if (age <= freshFor) return next();
    throw refusedByRule(subjectOfCaller(caller), 'step_up_required', {
      permission,
      rule: 'proof/recent',
      detail: 'Prove who you are again: POST /auth/step-up, and repeat this with the token it gives.',
      maxAge: freshFor,
    });
  };
}

const requireJson: RequestHandler = (req, _res, next) => {
  requireContentType(req, ['application/json']);
  next();
};

function refuseMethod(methods: string[]): RequestHandler {
  const allow = methods.join(', ');
  return () => {
    throw new ProblemError(405, 'method_not_allowed', {
      detail: `This path answers ${allow}.`,
      headers: { Allow: allow },
    });
  };
}

function methodsByPath(routes: Route[]): Map<string, string[]> {
  const byPath = Map.groupBy(routes, (route) => route.path);
  return new Map([...byPath].map(([path, some]) => [path, some.flatMap(allowedMethods)]));
}

function allowedMethods(route: Route): string[] {
  return route.method === 'get' ? ['GET', 'HEAD'] : [route.method.toUpperCase()];
}

function run(service: string, route: Route, tellRecords: TellRecords): RequestHandler {
  return async (req, res) => {
    if (route.stream) requireContentType(req, route.stream);
    const input = readInput(service, route, req, res);
    refuseHiddenFields(route, input);
    const result = await route.handle(input);
    if (res.headersSent) return;
    const body = answerOf(route, maskedFor(route, input, result));
    if (req.method === 'GET' && typeof route.permission === 'string') tellRecords(req, res, recordsIn(body));
    send(res, route, body);
  };
}

function readInput(
  service: string,
  route: Route,
  req: Request,
  res: Response,
): RouteInput<unknown, unknown, unknown> {
  const origin = originOf(req);
  return {
    params: validate('params', route.params, req.params),
    query: validate('query', route.query, req.query),
    body: validate('body', route.body, req.body),
    ifMatch: readIfMatch(req),
    idempotencyKey: readIdempotencyKey(req),
    get caller() {
      return callerOf(req);
    },
    get context() {
      return contextOf(route, callerOf(req), origin, service);
    },
    origin,
    req,
    res,
  };
}

/** Who acts and from where, with the rule that let them in: whatever the request writes keeps it. */
function contextOf({ permission }: Route, caller: Caller, origin: RequestOrigin, service: string) {
  const context = tenantContextOf(caller, origin, service);
  const rule = typeof permission === 'string' ? widestRule(context.subject, permission) : undefined;
  return rule ? withAuthority(context, authorityOf(context.subject, rule)) : context;
}

/** Answers must match the contract too: `parse` drops fields the contract does not name and throws on a defect. */
function answerOf(route: Route, result: unknown): unknown {
  return route.status === 204 ? undefined : route.response.parse(result);
}

function send(res: Response, route: Route, body: unknown): void {
  res.status(route.status ?? 200);
  if (route.status === 204) {
    res.end();
    return;
  }
  const version: unknown =
    typeof body === 'object' && body !== null ? Reflect.get(body, 'version') : undefined;
  if (typeof version === 'number') res.set('ETag', `"${version}"`);
  res.json(body);
}

import type { Permission, Shown } from '@pipedesk/contracts';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Caller, RequestOrigin, TenantContext } from '../request-context.ts';

/** A route that needs no token, and why that is right. */
export interface PublicRoute {
  public: string;
}

/** A route for services alone, and what they need it for. Users' tokens are refused there. */
export interface ServiceRoute {
  services: string;
}

/** The event types a route's changes emit, or why it emits none. */
export type AuditDeclaration = { events: string[] } | { notAudited: string };

export const publicRoute = (reason: string): PublicRoute => ({ public: reason });
export const serviceRoute = (reason: string): ServiceRoute => ({ services: reason });
export const audited = (...events: string[]): AuditDeclaration => ({ events });
export const notAudited = (reason: string): AuditDeclaration => ({ notAudited: reason });

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** What a handler is given; everything in it has been checked. */
export interface RouteInput<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  /** Version from If-Match, for `change(..., { expectedVersion })`. */
  ifMatch: number | undefined;
  /** Value of Idempotency-Key. */
  idempotencyKey: string | undefined;
  /** Throws on public routes: those have no caller. */
  caller: Caller;
  context: TenantContext;
  origin: RequestOrigin;
  req: Request;
  res: Response;
}

type Schema = z.ZodType | undefined;

export interface RouteSpec<P extends Schema, Q extends Schema, B extends Schema, R extends z.ZodType> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Express path, e.g. `/deals/:id`. */
  path: string;
  summary: string;
  permission: Permission | PublicRoute | ServiceRoute;
  audit: AuditDeclaration;
  /** Only for callers who proved who they are within the last five minutes, by login or `POST /auth/step-up`. */
  stepUp?: boolean;
  params?: P;
  query?: Q;
  /** JSON body. Without it the route takes none, unless it takes a `stream`. */
  body?: B;
  /** Content types whose body the handler reads itself from `req`. */
  stream?: string[];
  response: R;
  /** What the answer shows, where some roles read it without some fields: the router hides those. */
  shows?: Shown;
  /** 200 unless told. */
  status?: number;
  handle(input: RouteInput<Parsed<P>, Parsed<Q>, Parsed<B>>): Promise<z.input<R>> | z.input<R>;
}

/** A route whose types have served their purpose; what routers, OpenAPI and tests work with. */
export type Route = Omit<RouteSpec<Schema, Schema, Schema, z.ZodType>, 'handle'> & {
  handle(input: RouteInput<unknown, unknown, unknown>): unknown;
};

/**
 * Declares one route: its contract both ways, who may call it, and what it leaves in audit.
 * @throws Error when permission or audit is not declared, so that a service with such a route never boots
 */
export function route<
  R extends z.ZodType,
  P extends Schema = undefined,
  Q extends Schema = undefined,
  B extends Schema = undefined,
>(spec: RouteSpec<P, Q, B, R>): Route {
  const name = `${spec.method.toUpperCase()} ${spec.path}`;
  if (!isDeclared(spec.permission, 'public', 'services'))
    throw new Error(`${name} declares no permission and is not public('reason')`);
  if (!isDeclared(spec.audit, 'notAudited', 'events'))
    throw new Error(`${name} declares no audit and is not notAudited('reason')`);
  return spec;
}

/** True for a non-empty string or an object with one of the members non-empty. */
function isDeclared(declaration: unknown, ...members: string[]): boolean {
  if (typeof declaration === 'string') return declaration.length > 0;
  if (typeof declaration !== 'object' || declaration === null) return false;
  return members.some((member) => {
    const value: unknown = Reflect.get(declaration, member);
    return (typeof value === 'string' || Array.isArray(value)) && value.length > 0;
  });
}

export function isPublic(permission: Route['permission']): permission is PublicRoute {
  return typeof permission !== 'string' && 'public' in permission;
}

export function isForServices(permission: Route['permission']): permission is ServiceRoute {
  return typeof permission !== 'string' && 'services' in permission;
}

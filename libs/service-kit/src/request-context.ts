import type {
  Actor,
  Authority,
  ChangeContext,
  HeldGrant,
  Permission,
  Role,
  Subject,
} from '@pipedesk/contracts';

/** The verified identity behind a request. */
export interface Caller {
  userId: string;
  tenantId: string;
  name: string;
  role: Role;
  teamId: string | null;
  /** Teams they manage beside their own. */
  teamIds?: readonly string[];
  /** What they hold on top of their role. */
  grants?: readonly HeldGrant[];
  /** Of all grants of the tenant; absent where there are none. */
  grantsVersion?: string;
  sessionId: string;
  /** Version of the user's record that role and team are from. */
  permissionVersion: number;
  /** When they last proved who they are, seconds since 1970; 0 when the token does not say. */
  authenticatedAt: number;
  /** The API key that speaks for them, with all it may do. */
  apiKey: { id: string; permissions: Permission[] } | null;
  /** The client that called by headers, where one did: it acts as a part of the system, and no user is named for it. */
  legacyClient?: string;
}

/** What every data access needs: the tenant it is confined to, who acts, and from where. */
export interface TenantContext {
  tenantId: string;
  subject: Subject;
  actor: Actor;
  context: ChangeContext;
  traceparent?: string;
}

/** Where a request came from; filled in once, at the door. */
export interface RequestOrigin {
  requestId: string;
  ip: string | null;
  userAgent: string | null;
  traceparent?: string;
}

/** The context of a caller's own request. */
export function tenantContextOf(caller: Caller, origin: RequestOrigin, source: string): TenantContext {
  return {
    tenantId: caller.tenantId,
    subject: subjectOfCaller(caller),
    actor: actorOf(caller),
    context: {
      ip: origin.ip,
      userAgent: origin.userAgent,
      requestId: origin.requestId,
      apiKeyId: caller.apiKey?.id ?? null,
      operationId: null,
      source,
    },
    ...(origin.traceparent === undefined ? {} : { traceparent: origin.traceparent }),
  };
}

function actorOf({ apiKey, legacyClient, userId, name, role }: Caller): Actor {
  if (legacyClient !== undefined) return { type: 'system', id: `legacy:${legacyClient}`, name, role };
  return { type: apiKey ? 'api_key' : 'user', id: userId, name, role };
}

/** What decisions about a caller rest on. */
export function subjectOfCaller(caller: Caller): Subject {
  const { userId, role, teamId, teamIds, grants, grantsVersion, apiKey } = caller;
  return {
    userId,
    role,
    teamId,
    ...(teamIds && { teamIds }),
    ...(grants && { grants }),
    ...(grantsVersion !== undefined && { grantsVersion }),
    ...(apiKey && { permissions: apiKey.permissions }),
  };
}

/** The same context, its changes joined under one operation. */
export function withOperation(context: TenantContext, operationId: string): TenantContext {
  return { ...context, context: { ...context.context, operationId } };
}

/** The same context, its changes by a rule that was found out since. */
export function withAuthority(context: TenantContext, authority: Authority): TenantContext {
  return { ...context, context: { ...context.context, authority } };
}

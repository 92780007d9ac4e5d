import type { Actor, ChangeContext, Role, Subject } from '@pipedesk/contracts';

/** The verified identity behind a request. */
export interface Caller {
  userId: string;
  tenantId: string;
  name: string;
  role: Role;
  teamId: string | null;
  sessionId: string;
  /** Version of the user's record that role and team are from. */
  permissionVersion: number;
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
    subject: { userId: caller.userId, role: caller.role, teamId: caller.teamId },
    actor: { type: 'user', id: caller.userId, name: caller.name, role: caller.role },
    context: {
      ip: origin.ip,
      userAgent: origin.userAgent,
      requestId: origin.requestId,
      apiKeyId: null,
      operationId: null,
      source,
    },
    ...(origin.traceparent === undefined ? {} : { traceparent: origin.traceparent }),
  };
}

/** The same context, its changes joined under one operation. */
export function withOperation(context: TenantContext, operationId: string): TenantContext {
  return { ...context, context: { ...context.context, operationId } };
}

import type { Action, EntityType, Snapshot } from '@pipedesk/contracts';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';

/** The version of the Open Cybersecurity Schema Framework that events are written in. */
export const ocsfVersion = '1.5.0';

/** An event of OCSF: Entity Management (3004), or Authentication (3002) for logins. */
export type OcsfEvent = Record<string, unknown> & { class_uid: number; activity_id: number; time: number };

const identityAndAccess = 3;
const entityManagement = 3004;
const authentication = 3002;

/** 99 is OCSF's `Other`. */
const activities: Record<Action, { id: number; name: string }> = {
  created: { id: 1, name: 'Create' },
  occurred: { id: 2, name: 'Read' },
  updated: { id: 3, name: 'Update' },
  deleted: { id: 4, name: 'Delete' },
  restored: { id: 99, name: 'Restore' },
  converted: { id: 3, name: 'Update' },
};
const entityTypeIds: Partial<Record<EntityType, number>> = {
  user: 2,
  team: 3,
  tenant: 4,
};
const otherType = 99;

const severities = { informational: 1, low: 2, medium: 3 };
/** What whoever watches over a tenant wants to see before everything else. */
const severityOf: Partial<Record<EntityType, number>> = {
  login_attempt: severities.low,
  erasure: severities.medium,
  audit_retention: severities.medium,
  audit_hold: severities.medium,
  audit_removal: severities.medium,
};

/**
 * A record of audit as an event for a SIEM. What was erased from the record is not in it, and secrets have never been.
 * @param seq the record's number in its tenant's chain, by which receivers see repeats and gaps
 */
export function ocsfEvent(log: AuditLog, seq: number): OcsfEvent {
  return loginOf(log, seq) ?? managementOf(log, seq);
}

function managementOf(log: AuditLog, seq: number): OcsfEvent {
  const { before, after, version } = log;
  const activity = activities[log.action];
  const isChange = before !== null && after !== null;
  return {
    ...shared(log, seq, entityManagement, activity),
    status_id: 1,
    status: 'Success',
    entity: entityOf(log, before ?? after, before === null ? version : version - 1),
    ...(isChange && { entity_result: entityOf(log, after, version) }),
  };
}

function entityOf({ entityType, entityId }: AuditLog, data: Snapshot | null, version: number) {
  const name = data?.name ?? data?.title;
  return {
    uid: entityId,
    type_id: entityTypeIds[entityType] ?? otherType,
    type: entityType,
    version: String(version),
    ...(typeof name === 'string' && { name }),
    ...(data && { data }),
  };
}

/** A session that began or ended, or a login that failed; undefined for everything else. */
function loginOf(log: AuditLog, seq: number): OcsfEvent | undefined {
  const { entityType, action, entityId, before, after } = log;
  const snapshot = after ?? before ?? {};
  const isFailure = entityType === 'login_attempt';
  const isLogin = isFailure || (entityType === 'session' && (action === 'created' || action === 'deleted'));
  if (!isLogin) return undefined;
  const activity = action === 'deleted' ? { id: 2, name: 'Logoff' } : { id: 1, name: 'Logon' };
  const userId = isFailure ? snapshot.ownerId : snapshot.userId;
  return {
    ...shared(log, seq, authentication, activity),
    status_id: isFailure ? 2 : 1,
    status: isFailure ? 'Failure' : 'Success',
    ...(isFailure && { status_detail: String(snapshot.reason) }),
    user: { uid: typeof userId === 'string' ? userId : log.actor.id },
    service: { name: 'PipeDesk' },
    is_remote: true,
    ...(isFailure ? {} : { session: { uid: entityId } }),
  };
}

function shared(
  log: AuditLog,
  seq: number,
  classId: number,
  activity: { id: number; name: string },
): OcsfEvent {
  const { context, changes, links, action, source, entityType } = log;
  return {
    activity_id: activity.id,
    activity_name: activity.name,
    category_uid: identityAndAccess,
    class_uid: classId,
    type_uid: classId * 100 + activity.id,
    severity_id: severityOf[entityType] ?? severities.informational,
    time: log.time.getTime(),
    metadata: {
      version: ocsfVersion,
      uid: log._id,
      sequence: seq,
      tenant_uid: log.tenantId,
      event_code: log.type,
      logged_time: log.receivedAt.getTime(),
      product: { name: 'PipeDesk', vendor_name: 'PipeDesk', feature: { name: 'audit' } },
      ...(context.operationId !== null && { correlation_uid: context.operationId }),
    },
    actor: actorOf(log),
    ...(context.ip !== null && { src_endpoint: { ip: context.ip } }),
    ...httpRequestOf(log),
    unmapped: { action, source, changes, ...(links.length > 0 && { links }) },
  };
}

function actorOf({ actor, context }: AuditLog) {
  const isSystem = actor.type === 'system';
  const user = {
    uid: actor.id,
    name: actor.name,
    type_id: isSystem ? 3 : actor.role === 'admin' ? 2 : 1,
    type: isSystem ? 'System' : actor.role === 'admin' ? 'Admin' : 'User',
    ...(context.apiKeyId !== null && { credential_uid: context.apiKeyId }),
  };
  return { user };
}

function httpRequestOf({ context }: AuditLog) {
  if (context.requestId === null) return {};
  return {
    http_request: {
      uid: context.requestId,
      ...(context.userAgent !== null && { user_agent: context.userAgent }),
    },
  };
}

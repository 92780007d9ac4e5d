import type { AuditRecord, ChangeEvent } from '@pipedesk/contracts';
import type { ReadLog } from './audit-log.model.ts';

/** A log on the wire: what the contract names and nothing that only the store needs. */
export function toAuditRecord(log: ReadLog): AuditRecord {
  const { type, entityType, entityId, version, action, time, receivedAt, actor, before, after } = log;
  const { changes, context, links, lead, deal, erased } = log;
  return {
    id: log._id,
    type,
    entityType,
    entityId,
    version,
    action,
    time: time.toISOString(),
    receivedAt: receivedAt.toISOString(),
    actor,
    before,
    after,
    changes,
    context,
    links,
    ...(lead && { lead }),
    ...(deal && { deal }),
    ...(erased && { erased: erased.values.map(({ path }) => path) }),
  };
}

/** The event a log was made of, whole. */
export function eventOfLog(log: ReadLog): ChangeEvent {
  const { version, action, before, after, changes, actor, context, links } = log;
  return {
    specversion: '1.0',
    id: log._id,
    type: log.type,
    source: log.source,
    subject: `${log.entityType}/${log.entityId}`,
    time: log.time.toISOString(),
    tenantid: log.tenantId,
    datacontenttype: 'application/json',
    ...(log.traceparent === undefined ? {} : { traceparent: log.traceparent }),
    data: { version, action, before, after, changes, actor, context, links },
  };
}

import type { AuditRecord, ChangeEvent } from '@pipedesk/contracts';
import type { AuditLog } from './audit-log.model.ts';

/** A log on the wire. */
export function toAuditRecord(log: AuditLog): AuditRecord {
  const { _id, time, receivedAt, ...rest } = log;
  return { ...rest, id: _id, time: time.toISOString(), receivedAt: receivedAt.toISOString() };
}

/** The event a log was made of, whole. */
export function eventOfLog(log: AuditLog): ChangeEvent {
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

import type { Actor, AuditGap, ChangeEvent, Snapshot } from '@pipedesk/contracts';
import type { StoredDocument } from './audited-model.ts';
import { changeEvent } from './change-event.ts';
import { diffRecords } from './diff.ts';
import { ownFields, type RecordBase, toRecord } from './record.ts';

/** Says in the trail that nobody made this change just so: it stands for one whose own record is lost. */
const reconciler: Actor = { type: 'system', id: 'reconciler', name: 'Reconciler', role: null };

/**
 * The event of a version that audit has lost, from the versions beside it and, for the latest, from the record itself.
 * Who, from where and what else the event said is gone; a state that nobody knows is null.
 */
export function reconstructEvent(gap: AuditGap, document: StoredDocument, service: string): ChangeEvent {
  const { entityType, entityId, version } = gap;
  const isLatest = document.version === version;
  const isDeletion = isLatest && document.deletedAt !== null;
  const record = toRecord<RecordBase>(document);
  const after = isDeletion ? null : (gap.after ?? (isLatest ? (record as unknown as Snapshot) : null));
  const before = isDeletion ? (gap.before ?? (record as unknown as Snapshot)) : gap.before;
  const isKnown = after !== null && (before !== null || version === 1);
  return changeEvent(
    {
      tenantId: document.tenantId,
      subject: { userId: reconciler.id, role: 'admin', teamId: null },
      actor: reconciler,
      context: {
        ip: null,
        userAgent: null,
        requestId: null,
        apiKeyId: null,
        operationId: null,
        source: service,
      },
    },
    {
      entityType,
      entityId,
      version,
      action: version === 1 ? 'created' : isDeletion ? 'deleted' : 'updated',
      before,
      after,
      changes: isKnown ? diffRecords(fieldsOf(before), fieldsOf(after)) : [],
      links: [],
      time: timeOf(after ?? before) ?? document.updatedAt,
    },
  );
}

/** Snapshots carry the time at which their version was written. */
function timeOf(snapshot: Snapshot | null): Date | undefined {
  const time = snapshot?.['updatedAt'];
  return typeof time === 'string' ? new Date(time) : undefined;
}

const fieldsOf = (snapshot: Snapshot | null): Snapshot =>
  snapshot === null ? {} : ownFields(snapshot as unknown as RecordBase);

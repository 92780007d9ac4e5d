import { type Action, type ChangeEvent, eventId, eventPrefixes, type Snapshot } from '@pipedesk/contracts';
import { systemAuthority } from '@pipedesk/service-kit';
import type { StoredRemoval } from './removal.store.ts';

/**
 * What audit records of a removal: what it takes, before the first record goes, and what came of it. Made from the removal
 * alone, so that however often a step is repeated the events are the same and are stored once.
 */
export function removalEvents(removal: StoredRemoval): { started: ChangeEvent; finished: ChangeEvent } {
  const running = { ...snapshotOf(removal, 1), status: 'running' };
  const { segments, records, spared, createdAt, concludedAt } = removal;
  const sparedRecords = spared.reduce((sum, { indexes }) => sum + indexes.length, 0);
  const outcome = {
    status: 'done',
    removed: records - sparedRecords,
    spared: spared.map(partOf),
    concludedAt: concludedAt?.toISOString() ?? null,
  };
  const changes = Object.entries(outcome).map(([field, after]) => ({
    field,
    before: field === 'status' ? 'running' : null,
    after,
  }));
  return {
    // The list of segments is the statement that verification goes by; it is in this record alone, since it is long.
    started: eventOf(removal, createdAt, {
      ...{ version: 1, action: 'created', before: null, changes: [] },
      after: { ...running, segments: segments.map(partOf) },
    }),
    finished: eventOf(removal, concludedAt ?? createdAt, {
      ...{ version: 2, action: 'updated', before: { ...running, version: 1 }, changes },
      after: { ...running, ...outcome, version: 2 },
    }),
  };
}

export const statementId = ({ _id }: Pick<StoredRemoval, '_id'>): string => eventId('audit_removal', _id, 1);

type Step = Pick<ChangeEvent['data'], 'version' | 'before' | 'after' | 'changes'> & { action: Action };

function eventOf({ _id, tenantId }: StoredRemoval, time: Date, step: Step): ChangeEvent {
  return {
    specversion: '1.0',
    id: eventId('audit_removal', _id, step.version),
    type: `${eventPrefixes.audit_removal}.${step.action}`,
    source: '/audit',
    subject: `audit_removal/${_id}`,
    time: time.toISOString(),
    tenantid: tenantId,
    datacontenttype: 'application/json',
    data: {
      ...step,
      actor: { type: 'system', id: 'audit-retention', name: 'Retention', role: null },
      context: {
        ip: null,
        userAgent: null,
        requestId: null,
        apiKeyId: null,
        operationId: _id,
        source: 'audit',
        authority: systemAuthority('audit-retention'),
      },
      links: [],
    },
  };
}

function snapshotOf(
  { _id, retention, segments, records, types, createdAt }: StoredRemoval,
  version: number,
): Snapshot {
  const range = { fromSegment: segments[0]?.segment ?? null, toSegment: segments.at(-1)?.segment ?? null };
  return { id: _id, version, retention, ...range, records, types, createdAt: createdAt.toISOString() };
}

function partOf({ segment, indexes, digest }: { segment: number; indexes: number[]; digest: string }) {
  return { segment, records: indexes.length, digest };
}

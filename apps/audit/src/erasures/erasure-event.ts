import { type ChangeEvent, eventId, eventPrefixes, type Snapshot } from '@pipedesk/contracts';
import type { StoredErasure } from './erasure.store.ts';

/**
 * What audit records of an erasure: that it was asked for, and what it took. Made from the erasure alone, so that however
 * often a step is repeated the events are the same and are stored once.
 */
export function erasureEvents(erasure: StoredErasure): { started: ChangeEvent; finished: ChangeEvent } {
  const { records, values, digest, concludedAt } = erasure;
  const before = { ...snapshotOf(erasure, 1), status: 'running' };
  const after = {
    ...snapshotOf(erasure, 2),
    status: 'done',
    records,
    values,
    digest,
    concludedAt: concludedAt?.toISOString() ?? null,
  };
  const changes = ['status', 'records', 'values', 'digest', 'concludedAt'].map((field) => ({
    field,
    before: field === 'status' ? 'running' : null,
    after: (after as Snapshot)[field],
  }));
  return {
    started: eventOf(erasure, { version: 1, action: 'created', before: null, after: before, changes: [] }),
    finished: eventOf(erasure, { version: 2, action: 'updated', before, after, changes }),
  };
}

type Step = Pick<ChangeEvent['data'], 'version' | 'action' | 'before' | 'after' | 'changes'>;

function eventOf(erasure: StoredErasure, step: Step): ChangeEvent {
  const { _id, tenantId, actor, context, createdAt, concludedAt } = erasure;
  const time = step.version === 1 ? createdAt : (concludedAt ?? createdAt);
  return {
    specversion: '1.0',
    id: eventId('erasure', _id, step.version),
    type: `${eventPrefixes.erasure}.${step.action}`,
    source: '/audit',
    subject: `erasure/${_id}`,
    time: time.toISOString(),
    tenantid: tenantId,
    datacontenttype: 'application/json',
    data: { ...step, actor, context, links: [] },
  };
}

function snapshotOf({ _id, reason, entity, texts, createdAt }: StoredErasure, version: number): Snapshot {
  return { id: _id, version, reason, entity, texts, createdAt: createdAt.toISOString() };
}

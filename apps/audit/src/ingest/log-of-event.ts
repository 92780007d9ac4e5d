import {
  type ChangeEvent,
  dealSchema,
  type EntityType,
  eventKey,
  isItemByItself,
  leadSchema,
  placeEvent,
  subjectOf,
} from '@pipedesk/contracts';
import type { AuditLog } from '../audit-logs/audit-log.model.ts';
import { ownershipOf } from '../audit-logs/audit-log.policy.ts';
import { changedWords } from './changed-words.ts';
import { payloadHash } from './payload-hash.ts';

/** The log of an event: everything the event says, and what queries, scopes and timelines need beside it. */
export function logOfEvent(event: ChangeEvent, receivedAt: Date): AuditLog {
  const { entityType, entityId } = subjectOf(event);
  const { data } = event;
  return {
    _id: event.id,
    ...contextOf(entityType, event),
    tenantId: event.tenantid,
    entityType,
    entityId,
    version: data.version,
    type: event.type,
    source: event.source,
    action: data.action,
    time: new Date(event.time),
    receivedAt,
    key: eventKey(event),
    actor: data.actor,
    before: data.before,
    after: data.after,
    changes: data.changes,
    context: data.context,
    links: data.links,
    ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    fields: changedPaths(event),
    words: withoutWords.has(entityType) ? [] : changedWords(data),
    places: placesOf(entityType, event),
    ...ownershipOf(entityType, entityId, data),
    payloadHash: payloadHash(event),
  };
}

/** What somebody searched for is no value of a record, or every search would find itself; of a removal there are only hashes. */
const withoutWords = new Set<EntityType>(['audit_access', 'audit_removal']);

const leadContext = leadSchema.pick({ status: true, ownerId: true, source: true });
const dealContext = dealSchema.pick({ stage: true, pipeline: true, probability: true, amount: true });

/** What the lead or deal was like at the time. A snapshot without it is kept as a plain log: nothing is ever refused for its looks. */
function contextOf(entityType: EntityType, { data }: ChangeEvent): Pick<AuditLog, 'kind' | 'lead' | 'deal'> {
  const snapshot = data.after ?? data.before;
  const lead = entityType === 'lead' ? leadContext.safeParse(snapshot).data : undefined;
  if (lead) return { kind: 'lead', lead };
  const deal = entityType === 'deal' ? dealContext.safeParse(snapshot).data : undefined;
  return deal ? { kind: 'deal', deal } : { kind: 'other' };
}

/** `amount.amount` is also a change of `amount`. */
function changedPaths({ data }: ChangeEvent): string[] {
  if (data.action === 'created') return [];
  return [...new Set(data.changes.flatMap(({ field }) => withParents(field)))];
}

function withParents(path: string): string[] {
  const parts = path.split('.');
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}

/** Notes, tasks and meetings are fed to live timelines by their owners, so only changes have places here. */
function placesOf(entityType: EntityType, event: ChangeEvent): string[] {
  if (isItemByItself(entityType)) return [];
  return placeEvent(event)?.places.map((place) => place.entityId) ?? [];
}

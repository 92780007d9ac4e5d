import {
  type ChangeEvent,
  dealSchema,
  type EntityType,
  eventKey,
  leadSchema,
  placesOfChange,
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
  const { kind, lead, deal } = contextOf(entityType, data);
  const { ownerId, teamId } = ownershipOf(entityType, entityId, data);
  // Named one by one: spreading into an object of this size costs more than all that is in it.
  const log: AuditLog = {
    _id: event.id,
    kind,
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
    fields: changedPaths(data),
    words: withoutWords.has(entityType) ? [] : changedWords(data),
    // Notes, tasks and meetings are fed to live timelines by their owners, so only changes have places here.
    places: placesOfChange(event),
    ownerId,
    teamId,
    payloadHash: payloadHash(event),
  };
  if (lead) log.lead = lead;
  if (deal) log.deal = deal;
  if (event.traceparent !== undefined) log.traceparent = event.traceparent;
  return log;
}

/** What somebody searched for is no value of a record, or every search would find itself; of a removal there are only hashes. */
const withoutWords = new Set<EntityType>(['audit_access', 'audit_removal']);

const leadContext = leadSchema.pick({ status: true, ownerId: true, source: true });
const dealContext = dealSchema.pick({ stage: true, pipeline: true, probability: true, amount: true });

/** What the lead or deal was like at the time. A snapshot without it is kept as a plain log: nothing is ever refused for its looks. */
function contextOf(
  entityType: EntityType,
  data: ChangeEvent['data'],
): Pick<AuditLog, 'kind' | 'lead' | 'deal'> {
  const snapshot = data.after ?? data.before;
  const lead = entityType === 'lead' ? leadContext.safeParse(snapshot).data : undefined;
  if (lead) return { kind: 'lead', lead };
  const deal = entityType === 'deal' ? dealContext.safeParse(snapshot).data : undefined;
  return deal ? { kind: 'deal', deal } : { kind: 'other' };
}

/** `amount.amount` is also a change of `amount`. */
function changedPaths({ action, changes }: ChangeEvent['data']): string[] {
  if (action === 'created') return [];
  return [...new Set(changes.flatMap(({ field }) => withParents(field)))];
}

function withParents(path: string): string[] {
  if (!path.includes('.')) return [path];
  const parts = path.split('.');
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}

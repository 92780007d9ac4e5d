import {
  type Action,
  type Authority,
  type ChangeEvent,
  type EntityType,
  eventId,
  eventPrefixes,
  type FieldChange,
  type Link,
  redactChanges,
  redactSnapshot,
  type Snapshot,
} from '@pipedesk/contracts';
import { systemAuthority, type TenantContext } from '@pipedesk/service-kit';

/** One version of one record, about to be written. */
export interface Change {
  entityType: EntityType;
  entityId: string;
  version: number;
  action: Action;
  before: Snapshot | null;
  after: Snapshot | null;
  changes: FieldChange[];
  links: Link[];
  time: Date;
}

/** The event of a change, with who and where from its context. Secrets never enter: here is where every event is made. */
export function changeEvent(context: TenantContext, change: Change): ChangeEvent {
  const { entityType, entityId, version, action, before, after, changes, links, time } = change;
  return {
    specversion: '1.0',
    id: eventId(entityType, entityId, version),
    type: `${eventPrefixes[entityType]}.${action}`,
    source: `/${context.context.source}`,
    subject: `${entityType}/${entityId}`,
    time: time.toISOString(),
    tenantid: context.tenantId,
    datacontenttype: 'application/json',
    ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
    data: {
      version,
      action,
      before: redactSnapshot(before),
      after: redactSnapshot(after),
      changes: redactChanges(changes),
      actor: context.actor,
      context: { ...context.context, authority: authorityIn(context) },
      links,
    },
  };
}

/** Requests come with the rule that allowed them; whoever acts without one acts as the service. */
function authorityIn({ actor, context }: TenantContext): Authority {
  return context.authority ?? systemAuthority(actor.type === 'system' ? actor.id : context.source);
}

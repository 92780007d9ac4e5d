import {
  type Action,
  type ChangeEvent,
  type EntityType,
  eventId,
  eventPrefixes,
  type FieldChange,
  type Link,
  type Snapshot,
} from '@pipedesk/contracts';
import { v7 as uuidv7 } from 'uuid';

export interface EventDraft {
  entityType?: EntityType;
  entityId?: string;
  version?: number;
  action?: Action;
  tenantId?: string;
  time?: string;
  before?: Snapshot | null;
  after?: Snapshot | null;
  changes?: FieldChange[];
  links?: Link[];
  actor?: Partial<ChangeEvent['data']['actor']>;
  context?: Partial<ChangeEvent['data']['context']>;
}

/** A valid change event; unless told, the creation of a deal of a tenant of its own. */
export function buildEvent(draft: EventDraft = {}): ChangeEvent {
  const { entityType = 'deal', entityId = uuidv7(), version = 1 } = draft;
  const action = draft.action ?? (version === 1 ? 'created' : 'updated');
  const time = draft.time ?? new Date().toISOString();
  const snapshot = { id: entityId, version, name: 'Forty seats', ownerId: null, teamId: null };
  return {
    specversion: '1.0',
    id: eventId(entityType, entityId, version),
    type: `${eventPrefixes[entityType]}.${action}`,
    source: '/crm',
    subject: `${entityType}/${entityId}`,
    time,
    tenantid: draft.tenantId ?? uuidv7(),
    datacontenttype: 'application/json',
    data: {
      version,
      action,
      before: draft.before ?? null,
      after: draft.after === undefined ? snapshot : draft.after,
      changes: draft.changes ?? [],
      actor: { type: 'user', id: uuidv7(), name: 'Sam Sales', role: 'sales', ...draft.actor },
      context: {
        ip: '198.51.100.7',
        userAgent: 'jest',
        requestId: uuidv7(),
        apiKeyId: null,
        operationId: null,
        source: 'crm',
        authority: {
          source: 'role',
          rule: 'deals:edit/own',
          permission: 'deals:edit',
          scope: 'own',
          rulesVersion: '0123456789ab',
        },
        ...draft.context,
      },
      links: draft.links ?? [],
    },
  };
}

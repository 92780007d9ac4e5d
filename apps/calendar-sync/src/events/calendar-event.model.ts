import { type CalendarEvent, meetingItem } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  type Connection,
  createAuditedRepository,
  type Migration,
  type Outbox,
} from '@pipedesk/mongo';

const collection = 'calendar_events';

export type CalendarEventRepository = AuditedRepository<CalendarEvent>;

/** The stored sort key: the meeting's key on timelines, so that one index serves lists and activity feeds. */
export const startKey = '_startKey';

/** The time a meeting ends and its id: finds what is not over yet. */
export const endKey = '_endKey';

export function createCalendarEventRepository(deps: {
  connection: Connection;
  outbox: Outbox;
}): CalendarEventRepository {
  return createAuditedRepository<CalendarEvent>({
    ...deps,
    entityType: 'calendar_event',
    collection,
    linksOf: ({ links }) => links,
    derive: (event) => ({ [startKey]: meetingItem(event).key, [endKey]: `${event.endsAt}~${event.id}` }),
    fields: {
      title: { type: String, required: true },
      description: { type: String, default: null },
      location: { type: String, default: null },
      startsAt: { type: String, required: true },
      endsAt: { type: String, required: true },
      attendees: [
        { _id: false, email: { type: String, required: true }, name: { type: String, default: null } },
      ],
      links: [
        {
          _id: false,
          entityType: { type: String, required: true },
          entityId: { type: String, required: true },
        },
      ],
      organizerName: { type: String, required: true },
      ownerId: { type: String, default: null },
      teamId: { type: String, default: null },
      [startKey]: { type: String },
      [endKey]: { type: String },
    },
  });
}

export const calendarEventMigrations: Migration[] = [
  {
    id: '2026-11-22-calendar-event-indexes',
    up: (db) =>
      db
        .collection(collection)
        .createIndexes([
          ...auditedIndexes,
          { key: { tenantId: 1, [startKey]: 1 }, name: 'tenant_start' },
          { key: { tenantId: 1, 'links.entityId': 1, [startKey]: 1 }, name: 'tenant_link_start' },
        ]),
  },
  {
    id: '2026-11-26-calendar-event-ends',
    up: async (db) => {
      const events = db.collection(collection);
      await events.updateMany({ [endKey]: { $exists: false } }, [
        { $set: { [endKey]: { $concat: ['$endsAt', '~', '$_id'] } } },
      ]);
      await events.createIndex({ tenantId: 1, ownerId: 1, [endKey]: 1 }, { name: 'tenant_owner_end' });
    },
  },
];

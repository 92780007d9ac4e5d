import { z } from 'zod';
import {
  type ChangeEvent,
  type EntityType,
  type Link,
  type Snapshot,
  subjectOf,
} from '../events/envelope.ts';
import { idSchema } from '../ids.ts';
import { calendarEventSchema } from '../http/calendar.ts';
import { noteSchema } from '../http/notes.ts';
import { taskSchema } from '../http/tasks.ts';
import {
  changeTitle,
  eventKey,
  meetingItem,
  noteItem,
  taskItem,
  type TimelineItem,
  timelineTypeSchema,
  type TimelineType,
} from './item.ts';

/** A timeline an item belongs to; `deleted` when it stood there and no longer does. */
export interface Place {
  entityType: TimelineType;
  entityId: string;
  deleted: boolean;
}

export interface PlacedItem {
  item: TimelineItem;
  places: Place[];
}

/**
 * What an event puts on timelines, or null for events that have no place there. A note, task or meeting is one item
 * however often it changes (the newest version wins); any other change is an item of its own.
 */
export function placeEvent(event: ChangeEvent): PlacedItem | null {
  const places = placesOf(event);
  return places.length === 0 ? null : { item: itemOf(event), places };
}

/** The record as it is after the event or, for a deletion, as it was. */
function recordOf(event: ChangeEvent): Snapshot {
  return event.data.after ?? event.data.before ?? {};
}

function itemOf(event: ChangeEvent): TimelineItem {
  const { entityType } = subjectOf(event);
  const record = { ...recordOf(event), version: event.data.version };
  if (entityType === 'note') return noteItem(noteSchema.parse(record));
  if (entityType === 'task') return taskItem(taskSchema.parse(record));
  if (entityType === 'calendar_event') return meetingItem(calendarEventSchema.parse(record));
  return changeItem(event, entityType);
}

function changeItem(event: ChangeEvent, entityType: EntityType): TimelineItem {
  const { data } = event;
  const name = z.string().safeParse(recordOf(event).name).data ?? entityType;
  return {
    kind: 'change',
    key: eventKey(event),
    at: event.time,
    recordedAt: event.time,
    source: { ...subjectOf(event), version: data.version },
    title: changeTitle(entityType, data.action, name),
    actor: { id: data.actor.id, name: data.actor.name },
    changes: data.action === 'updated' || data.action === 'converted' ? data.changes : [],
    ...(data.context.operationId === null ? {} : { operationId: data.context.operationId }),
  };
}

/**
 * A change stays for ever on the timelines of its record and of the records it is linked to. A note, task or meeting
 * stands where it points now and leaves the timelines it was taken off.
 */
function placesOf(event: ChangeEvent): Place[] {
  const subject = subjectOf(event);
  const links = onePerRecord([subject, ...event.data.links].filter(hasTimeline));
  const current = pointingNow[subject.entityType]?.(event.data.after ?? {});
  return links.map((link) => ({
    ...link,
    deleted: current !== undefined && !current.includes(link.entityId),
  }));
}

/** The records that a note, task or meeting points to; a deleted one points to none. */
const pointingNow: Partial<Record<EntityType, (after: Snapshot) => string[]>> = {
  note: pointingToOne,
  task: pointingToOne,
  calendar_event: ({ links }) =>
    (calendarEventSchema.shape.links.safeParse(links).data ?? []).map(({ entityId }) => entityId),
};

/** True for records whose newest version is an item by itself, so that their changes are none. */
export function isItemByItself(entityType: EntityType): boolean {
  return entityType in pointingNow;
}

function pointingToOne({ entityId }: Snapshot): string[] {
  return idSchema.array().safeParse([entityId]).data ?? [];
}

function hasTimeline(link: Link): link is { entityType: TimelineType; entityId: string } {
  return timelineTypeSchema.safeParse(link.entityType).success;
}

function onePerRecord<L extends Link>(links: L[]): L[] {
  return links.filter(
    (link, index) => links.findIndex((other) => other.entityId === link.entityId) === index,
  );
}

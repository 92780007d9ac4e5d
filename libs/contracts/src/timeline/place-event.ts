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
  timelineKey,
  type TimelineItem,
  timelineTypes,
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

/** Whether an event puts anything on a timeline. */
export const isPlaced = (event: ChangeEvent): boolean => placesOf(event).length > 0;

/** What the event of a note, task or meeting puts on timelines when too little is left of that to be shown: it leaves them. */
export function withdrawEvent(event: ChangeEvent): PlacedItem {
  const { entityType, entityId } = subjectOf(event);
  const key = timelineKey(event.time, `${entityType}:${entityId}`);
  return {
    item: { ...changeItem(event, entityType), key },
    places: placesOf(event).map((place) => ({ ...place, deleted: true })),
  };
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
  const { name } = recordOf(event);
  return {
    kind: 'change',
    key: eventKey(event),
    at: event.time,
    recordedAt: event.time,
    source: { ...subjectOf(event), version: data.version },
    title: changeTitle(entityType, data.action, typeof name === 'string' ? name : entityType),
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
  const current = pointingNow[subject.entityType]?.(event.data.after ?? {});
  return timelinesOf(subject, event).map((link) => ({
    ...link,
    deleted: current !== undefined && !current.includes(link.entityId),
  }));
}

function timelinesOf(subject: Link, { data }: ChangeEvent) {
  return onePerRecord([subject, ...data.links].filter(hasTimeline));
}

/** The records that a note, task or meeting points to; a deleted one points to none. */
const pointingNow: Partial<Record<EntityType, (after: Snapshot) => string[]>> = {
  note: pointingToOne,
  task: pointingToOne,
  calendar_event: ({ links }) =>
    (calendarEventSchema.shape.links.safeParse(links).data ?? []).map(({ entityId }) => entityId),
};

/**
 * The ids of the records on whose timelines an event is an item of its own. There are none for a note, task or meeting, whose
 * newest version is the item.
 */
export function placesOfChange(event: ChangeEvent): string[] {
  const subject = subjectOf(event);
  if (subject.entityType in pointingNow) return [];
  return timelinesOf(subject, event).map(({ entityId }) => entityId);
}

function pointingToOne({ entityId }: Snapshot): string[] {
  return idSchema.array().safeParse([entityId]).data ?? [];
}

function hasTimeline(link: Link): link is { entityType: TimelineType; entityId: string } {
  return (timelineTypes as readonly string[]).includes(link.entityType);
}

function onePerRecord<L extends Link>(links: L[]): L[] {
  return links.filter(
    (link, index) => links.findIndex((other) => other.entityId === link.entityId) === index,
  );
}

import { z } from 'zod';
import { type ChangeEvent, entityTypeSchema, fieldChangeSchema } from '../events/envelope.ts';
import { maskedFields } from '../http/record.ts';
import { idSchema, timeSchema } from '../ids.ts';

/** The records that have a timeline. */
export const timelineTypes = ['lead', 'deal', 'company', 'contact'] as const;
export const timelineTypeSchema = z.enum(timelineTypes);
export type TimelineType = z.infer<typeof timelineTypeSchema>;

/**
 * One line of a timeline. `at` is when it happens (a meeting's start), `recordedAt` when it was entered; `key` is
 * `at` and the source's id in one string, so that one range over it pages the feed without losing ties.
 */
export const timelineItemSchema = z.object({
  key: z.string(),
  kind: z.enum(['change', 'note', 'task', 'meeting']),
  at: timeSchema,
  recordedAt: timeSchema,
  source: z.object({ entityType: entityTypeSchema, entityId: idSchema, version: z.int() }),
  title: z.string(),
  actor: z.object({ id: z.string(), name: z.string() }),
  changes: z.array(fieldChangeSchema).optional(),
  operationId: z.string().optional(),
  text: z.string().optional(),
  task: z
    .object({
      status: z.string(),
      priority: z.string(),
      dueAt: timeSchema.nullable(),
      doneAt: timeSchema.nullable(),
    })
    .optional(),
  meeting: z.object({ endsAt: timeSchema, location: z.string().nullable() }).optional(),
  ...maskedFields,
});
export type TimelineItem = z.infer<typeof timelineItemSchema>;

/** `2026-03-01T09:30:00.000Z~note:0198...`: sorts by time, then by source. */
export function timelineKey(at: string, sourceId: string): string {
  return `${at}~${sourceId}`;
}

/** `deal updated: Forty seats`. */
export function changeTitle(entityType: string, action: string, name: string): string {
  return `${entityType} ${action}: ${name}`;
}

/**
 * The key of an event, `2026-03-01T09:30:00.000Z~deal:0198...:000000003`: versions have a fixed width, so that the tenth of
 * one millisecond comes after its ninth.
 */
export function eventKey({
  time,
  subject,
  data,
}: Pick<ChangeEvent, 'time' | 'subject'> & { data: { version: number } }): string {
  return timelineKey(time, `${subject.replace('/', ':')}:${String(data.version).padStart(9, '0')}`);
}

/** What somebody has set down about a record. */
interface SetDown {
  id: string;
  version: number;
  createdAt: string;
  ownerId: string | null;
  authorName: string;
}

/** It stands where it was set down, so that every later version finds its item again. */
function itemSetDown(kind: 'note' | 'task', { id, version, createdAt, ownerId, authorName }: SetDown) {
  return {
    kind,
    key: timelineKey(createdAt, `${kind}:${id}`),
    at: createdAt,
    recordedAt: createdAt,
    source: { entityType: kind, entityId: id, version },
    actor: { id: ownerId ?? '', name: authorName },
  };
}

/** What a note looks like on a timeline. Takes the record itself, so that projection and live feed agree. */
export function noteItem(note: SetDown & { text: string }): TimelineItem {
  return { ...itemSetDown('note', note), title: 'Note', text: note.text };
}

interface Work extends SetDown {
  title: string;
  description: string | null;
  status: string;
  priority: string;
  dueAt: string | null;
  doneAt: string | null;
}

/** What a task looks like on a timeline: not at when it is due, which moves, and may never be said. */
export function taskItem({ status, priority, dueAt, doneAt, ...task }: Work): TimelineItem {
  return {
    ...itemSetDown('task', task),
    title: task.title,
    ...(task.description === null ? {} : { text: task.description }),
    task: { status, priority, dueAt, doneAt },
  };
}

/** What a meeting looks like on a timeline: it stands at its start. */
export function meetingItem(event: {
  id: string;
  version: number;
  createdAt: string;
  startsAt: string;
  endsAt: string;
  title: string;
  location: string | null;
  ownerId: string | null;
  organizerName: string;
}): TimelineItem {
  return {
    kind: 'meeting',
    key: timelineKey(event.startsAt, `calendar_event:${event.id}`),
    at: event.startsAt,
    recordedAt: event.createdAt,
    source: { entityType: 'calendar_event', entityId: event.id, version: event.version },
    title: event.title,
    actor: { id: event.ownerId ?? '', name: event.organizerName },
    meeting: { endsAt: event.endsAt, location: event.location },
  };
}

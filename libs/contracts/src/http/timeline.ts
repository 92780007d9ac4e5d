import { z } from 'zod';
import { idSchema } from '../ids.ts';
import { timelineItemSchema, timelineTypeSchema } from '../timeline/item.ts';
import { calendarEventSchema } from './calendar.ts';
import { pageOf, pageQuery } from './paging.ts';

export const timelineParams = z.strictObject({ entityType: timelineTypeSchema, entityId: idSchema });
export const timelineQuery = z.strictObject({ ...pageQuery });
export const timelinePage = pageOf(timelineItemSchema);

/** What each service feeds into a live timeline: the items before `before` (a key), newest first. */
export const activityQuery = z.strictObject({
  limit: pageQuery.limit,
  before: z.string().max(200).optional(),
});
export const activityPage = z.object({ items: z.array(timelineItemSchema) });

/** The gateway's answer: the record, what is coming up, the feed, and how each source did. */
export const unifiedTimelineSchema = z.object({
  entity: z.looseObject({ id: idSchema }),
  upcoming: z.array(calendarEventSchema),
  items: z.array(timelineItemSchema),
  nextCursor: z.string().nullable(),
  mode: z.enum(['projected', 'live']),
  sources: z.record(
    z.string(),
    z.object({ status: z.enum(['ok', 'unavailable', 'skipped']), ms: z.number() }),
  ),
});
export type UnifiedTimeline = z.infer<typeof unifiedTimelineSchema>;

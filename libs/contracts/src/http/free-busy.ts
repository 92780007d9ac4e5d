import { z } from 'zod';
import { idSchema, timeInputSchema, timeSchema } from '../ids.ts';

/** As many calendars as Google's freeBusy query takes (Calendar API v3, `calendarExpansionMax`). */
const mostUsers = 50;
const longestSpan = 62 * 86_400_000;

/** `userIds` is a list with commas. A span has a bound, so that an answer has one. */
export const freeBusyQuery = z
  .strictObject({
    from: timeInputSchema,
    to: timeInputSchema,
    userIds: z
      .string()
      .transform((text) => [...new Set(text.split(','))])
      .pipe(z.array(idSchema).max(mostUsers, `must name at most ${mostUsers} users`)),
  })
  .refine(({ from, to }) => from < to, { path: ['to'], error: 'must be after from' })
  .refine(({ from, to }) => Date.parse(to) - Date.parse(from) <= longestSpan, {
    path: ['to'],
    error: 'must be at most 62 days after from',
  });
export type FreeBusyQuery = z.output<typeof freeBusyQuery>;

const busySpanSchema = z.object({ startsAt: timeSchema, endsAt: timeSchema });
export type BusySpan = z.infer<typeof busySpanSchema>;

/** When each user is busy, by start time, without overlaps and within the span; never with what. */
export const freeBusySchema = z.object({
  from: timeSchema,
  to: timeSchema,
  users: z.array(z.object({ userId: idSchema, busy: z.array(busySpanSchema) })),
});
export type FreeBusy = z.infer<typeof freeBusySchema>;

import { z } from 'zod';
import { idSchema, timeInputSchema, timeSchema } from '../ids.ts';
import { emailSchema, lineSchema, proseSchema } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import { maskedFields, ownedFields, recordFields } from './record.ts';

/** The records a meeting can be linked to. */
export const linkableTypeSchema = z.enum(['lead', 'deal', 'company', 'contact']);
export const eventLinkSchema = z.strictObject({ entityType: linkableTypeSchema, entityId: idSchema });

const attendeeSchema = z.strictObject({ email: emailSchema, name: lineSchema(200).nullable().default(null) });

const input = {
  title: lineSchema(300),
  description: proseSchema(8000).nullable(),
  location: lineSchema(500).nullable(),
  startsAt: timeInputSchema,
  endsAt: timeInputSchema,
  attendees: z.array(attendeeSchema).max(200),
  links: z.array(eventLinkSchema).max(10),
};

export const calendarEventSchema = z.object({
  ...recordFields,
  title: z.string(),
  description: z.string().nullable(),
  location: z.string().nullable(),
  startsAt: timeSchema,
  endsAt: timeSchema,
  attendees: z.array(z.object({ email: z.string(), name: z.string().nullable() })),
  links: z.array(z.object({ entityType: linkableTypeSchema, entityId: idSchema })),
  organizerName: z.string(),
  ...ownedFields,
  ...maskedFields,
});
export type CalendarEvent = z.infer<typeof calendarEventSchema>;

export const createCalendarEventBody = z
  .strictObject({
    title: input.title,
    description: input.description.default(null),
    location: input.location.default(null),
    startsAt: input.startsAt,
    endsAt: input.endsAt,
    attendees: input.attendees.default([]),
    links: input.links.default([]),
  })
  .refine((event) => event.endsAt > event.startsAt, { path: ['endsAt'], error: 'must be after startsAt' });
export type NewCalendarEvent = z.infer<typeof createCalendarEventBody>;

export const changeCalendarEventBody = z
  .strictObject(input)
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'must change at least one field');
export type CalendarEventPatch = z.infer<typeof changeCalendarEventBody>;

/** Meetings by start time; `from` and `to` bound it, `entityType` with `entityId` keeps those linked to one record. */
export const calendarListQuery = z
  .strictObject({
    ...pageQuery,
    from: timeInputSchema.optional(),
    to: timeInputSchema.optional(),
    entityType: linkableTypeSchema.optional(),
    entityId: idSchema.optional(),
  })
  .refine((query) => (query.entityType === undefined) === (query.entityId === undefined), {
    path: ['entityId'],
    error: 'entityType and entityId go together',
  })
  .refine((query) => !query.from || !query.to || query.from < query.to, {
    path: ['to'],
    error: 'must be after from',
  });
export const calendarPage = pageOf(calendarEventSchema);

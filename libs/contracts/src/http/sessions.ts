import { z } from 'zod';
import { idSchema, timeSchema } from '../ids.ts';
import { pageOf, pageQuery } from './paging.ts';
import { recordFields } from './record.ts';

/** One login. `isCurrent` marks the one that asks. */
export const sessionSchema = z.object({
  ...recordFields,
  userId: idSchema,
  ip: z.string().nullable(),
  userAgent: z.string().nullable(),
  expiresAt: timeSchema,
  isCurrent: z.boolean(),
});
export type SessionView = z.infer<typeof sessionSchema>;

/** Whose sessions; one's own unless told. */
export const sessionListQuery = z.strictObject({ ...pageQuery, userId: idSchema.optional() });
export type SessionListQuery = z.infer<typeof sessionListQuery>;
export const sessionPage = pageOf(sessionSchema);

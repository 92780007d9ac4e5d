import { z } from 'zod';
import { idSchema } from '../ids.ts';
import { proseSchema } from '../text.ts';
import { timelineTypeSchema } from '../timeline/item.ts';
import { pageOf, pageQuery } from './paging.ts';
import { ownedFields, recordFields } from './record.ts';

const text = proseSchema(20_000).refine((value) => value.trim().length > 0, 'must not be empty');

export const noteSchema = z.object({
  ...recordFields,
  entityType: timelineTypeSchema,
  entityId: idSchema,
  text: z.string(),
  authorName: z.string(),
  ...ownedFields,
});
export type Note = z.infer<typeof noteSchema>;

export const createNoteBody = z.strictObject({ entityType: timelineTypeSchema, entityId: idSchema, text });
export type NewNote = z.infer<typeof createNoteBody>;

export const changeNoteBody = z.strictObject({ text });

/** Notes are always read on their record: permission to read them follows from it. */
export const noteListQuery = z.strictObject({
  ...pageQuery,
  entityType: timelineTypeSchema,
  entityId: idSchema,
});
export const notePage = pageOf(noteSchema);
export type NoteListQuery = z.infer<typeof noteListQuery>;

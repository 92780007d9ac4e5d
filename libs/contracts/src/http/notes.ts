import { z } from 'zod';
import { idSchema } from '../ids.ts';
import { proseSchema } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import { ownedFields, recordFields } from './record.ts';

/** The records a note can be written on. */
export const notableTypes = ['lead', 'deal', 'company', 'contact'] as const;
export const notableTypeSchema = z.enum(notableTypes);
export type NotableType = z.infer<typeof notableTypeSchema>;

const text = proseSchema(20_000).refine((value) => value.trim().length > 0, 'must not be empty');

export const noteSchema = z.object({
  ...recordFields,
  entityType: notableTypeSchema,
  entityId: idSchema,
  text: z.string(),
  authorName: z.string(),
  ...ownedFields,
});
export type Note = z.infer<typeof noteSchema>;

export const createNoteBody = z.strictObject({ entityType: notableTypeSchema, entityId: idSchema, text });
export type NewNote = z.infer<typeof createNoteBody>;

export const changeNoteBody = z.strictObject({ text });

/** Notes are always read on their record: permission to read them follows from it. */
export const noteListQuery = z.strictObject({
  ...pageQuery,
  entityType: notableTypeSchema,
  entityId: idSchema,
});
export const notePage = pageOf(noteSchema);
export type NoteListQuery = z.infer<typeof noteListQuery>;

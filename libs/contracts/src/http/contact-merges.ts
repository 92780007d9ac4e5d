import { z } from 'zod';
import { idSchema } from '../ids.ts';
import { contactSchema, restorableContact } from './contacts.ts';

/** Merges contacts into the one of the path: three in all at most. */
export const mergeContactsBody = z.strictObject({
  ids: z
    .array(idSchema)
    .min(1)
    .max(2, 'a merge has three contacts at most')
    .refine((ids) => new Set(ids).size === ids.length, 'must not name a contact twice'),
  /** Values for the contact that stays, instead of those that the merge would give it. */
  fields: restorableContact.partial().default({}),
});
export type MergeContacts = z.infer<typeof mergeContactsBody>;

/** `running` goes on by itself; `abandoned`: the contact that was to stay was deleted before anything was done. */
const mergeStatusSchema = z.enum(['running', 'done', 'abandoned']);
export type ContactMergeStatus = z.infer<typeof mergeStatusSchema>;

/** The contact that stays, as it is now, and what the merge did. A repeat of the request answers how far it has come. */
export const mergedContactSchema = contactSchema.extend({
  merge: z.object({
    /** Joins its changes in audit and timeline. */
    operationId: idSchema,
    status: mergeStatusSchema,
    /** The contacts that are merged into this one. */
    merged: z.array(idSchema),
    /** How many records refer to this one that referred to them. */
    moved: z.object({ notes: z.int(), deals: z.int(), tasks: z.int() }),
  }),
});
export type MergedContact = z.infer<typeof mergedContactSchema>;

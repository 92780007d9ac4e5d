import { z } from 'zod';
import { idSchema } from '../ids.ts';
import { assignBody } from './record.ts';

const mostRecords = 500;

const ids = z
  .array(idSchema)
  .min(1)
  .max(mostRecords)
  .refine((list) => new Set(list).size === list.length, 'must not name a record twice');

/** One change for many records. */
export function bulkBodyOf<Patch extends z.ZodType>(patch: Patch) {
  return z.strictObject({ ids, patch });
}

/** One owner for many records. */
export const bulkAssignBody = assignBody.extend({ ids });

/** What became of one record; a refusal comes with the code that the change of this record alone would have had. */
export const bulkItemSchema = z.object({
  id: idSchema,
  outcome: z.enum(['changed', 'unchanged', 'refused']),
  version: z.int().optional(),
  code: z.string().optional(),
});
export type BulkItem = z.infer<typeof bulkItemSchema>;

/** `operationId` joins the changes in audit and timeline. */
export const bulkResultSchema = z.object({ operationId: idSchema, items: z.array(bulkItemSchema) });
export type BulkResult = z.infer<typeof bulkResultSchema>;

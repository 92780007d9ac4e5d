import { z } from 'zod';
import { idSchema, timeSchema } from '../ids.ts';
import { proseSchema } from '../text.ts';

/** What every mutable record carries on the wire; `version` is also its ETag. */
export const recordFields = {
  id: idSchema,
  version: z.int().min(1),
  createdAt: timeSchema,
  updatedAt: timeSchema,
};

/** Records that belong to a person and a team; both decide who may see and change them. */
export const ownedFields = { ownerId: idSchema.nullable(), teamId: idSchema.nullable() };

/** Whose records a list shows: a user's, or with `none` those of nobody. */
export const ownerQuery = z.union([z.literal('none').transform(() => null), idSchema]);

/** Who is to own a record: a user, or with null nobody, which leaves it to its team. */
export const assignBody = z.strictObject({ ownerId: idSchema.nullable() });

/** Fields the caller's role reads the record without; they show the empty value of their type. See access/masking. */
export const maskedFields = { masked: z.array(z.string()).optional() };

/** Path parameters of every route on one record. */
export const idParams = z.strictObject({ id: idSchema });

/** Values of columns and integrations that the model has no field for. */
export const customFieldsSchema = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'must be a plain field name'), proseSchema(1000))
  .refine((fields) => Object.keys(fields).length <= 50, 'at most 50 custom fields');

/** Every field optional, and at least one present: the body of a PATCH. */
export function patchOf<Shape extends z.ZodRawShape>(fields: z.ZodObject<Shape>) {
  return fields.partial().refine((patch) => Object.keys(patch).length > 0, 'must change at least one field');
}

/** Takes a record back to what it was at a version: whole, or only the fields that are named. */
export const restoreVersionBody = z.strictObject({
  version: z.int().min(1),
  fields: z.array(z.string().max(100)).min(1).max(50).optional(),
});
export type RestoreVersion = z.infer<typeof restoreVersionBody>;

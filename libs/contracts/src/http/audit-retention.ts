import { z } from 'zod';
import { type EntityType, entityTypeSchema } from '../events/envelope.ts';
import { idSchema, timeSchema } from '../ids.ts';
import { lineSchema } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import { recordFields } from './record.ts';

/** Records of these stay for ever: what was erased or removed from the trail, and by whose order, is accounted for by them. */
export const neverRemovedTypes = [
  'erasure',
  'audit_removal',
  'audit_hold',
  'audit_retention',
] as const satisfies EntityType[];

export function isNeverRemoved(entityType: string): boolean {
  return neverRemovedTypes.some((type) => type === entityType);
}

/** Days that records are kept, counted from their seal; null: for ever. A month at least, ten years at most. */
const daysSchema = z.int().min(30).max(3_653).nullable();

const retentionRuleSchema = z.strictObject({ entityType: entityTypeSchema, days: daysSchema });

/** For how long a tenant keeps its audit records: of an entity type by its rule, of all others by the default. */
export const auditRetentionBody = z.strictObject({
  defaultDays: daysSchema,
  rules: z.array(retentionRuleSchema).superRefine(refuseRepeats),
});
export type AuditRetentionSettings = z.infer<typeof auditRetentionBody>;

function refuseRepeats(rules: z.infer<typeof retentionRuleSchema>[], { addIssue }: z.RefinementCtx): void {
  const types = rules.map(({ entityType }) => entityType);
  for (const [index, entityType] of types.entries())
    if (types.indexOf(entityType) < index)
      addIssue({
        code: 'custom',
        path: [index, 'entityType'],
        message: `has a rule for ${entityType} already`,
      });
}

/**
 * Whether removal goes by the settings. `waiting`: their last change gets its seal within seconds. `refused`: settings or
 * holds are not what the audit trail says they are, so that nothing of the tenant is removed.
 */
export const retentionStateSchema = z.enum(['none', 'in_force', 'waiting', 'refused']);
export type RetentionState = z.infer<typeof retentionStateSchema>;

export const auditRetentionSchema = z.object({
  /** null and version 0 until settings are made: everything is kept for ever. */
  id: idSchema.nullable(),
  version: z.int().min(0),
  updatedAt: timeSchema.nullable(),
  defaultDays: z.int().nullable(),
  rules: z.array(z.object({ entityType: z.string(), days: z.int().nullable() })),
  neverRemoved: z.array(entityTypeSchema),
  /** How many holds keep records longer. */
  holds: z.int(),
  state: retentionStateSchema,
});
export type AuditRetention = z.infer<typeof auditRetentionSchema>;

/** Keeps what a dispute may need, whatever its age: all records of the tenant, of an entity type, or of one entity. */
export const createAuditHoldBody = z
  .strictObject({
    /** Why, for whoever reads the audit trail. It stays there, so it should name a case and not a person. */
    reason: lineSchema(500),
    entityType: entityTypeSchema.nullable().default(null),
    entityId: idSchema.nullable().default(null),
  })
  .refine(({ entityType, entityId }) => entityId === null || entityType !== null, {
    path: ['entityType'],
    error: 'is needed with an entityId',
  });
export type CreateAuditHold = z.infer<typeof createAuditHoldBody>;

export const auditHoldSchema = z.object({
  ...recordFields,
  reason: z.string(),
  entityType: z.string().nullable(),
  entityId: idSchema.nullable(),
});
export type AuditHold = z.infer<typeof auditHoldSchema>;

export const auditHoldListQuery = z.strictObject(pageQuery);
export type AuditHoldListQuery = z.infer<typeof auditHoldListQuery>;
export const auditHoldPage = pageOf(auditHoldSchema);

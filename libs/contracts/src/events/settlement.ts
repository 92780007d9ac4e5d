import { z } from 'zod';
import { idSchema } from '../ids.ts';
import { entityTypeSchema, snapshotSchema } from './envelope.ts';

/**
 * What audit tells the service that emitted some events, after the journaled insert: the ids of those that are stored for
 * ever, and of those it can never store, which wait in the dead letters.
 */
export const settlementSchema = z.object({ stored: z.array(z.string()), rejected: z.array(z.string()) });
export type Settlement = z.infer<typeof settlementSchema>;

/** Records with empty outboxes, as their owner has them: audit must have every version up to this one. */
export const versionClaimSchema = z.object({
  records: z
    .array(z.object({ entityType: entityTypeSchema, entityId: idSchema, version: z.int().min(1) }))
    .max(1000),
});
export type VersionClaim = z.infer<typeof versionClaimSchema>;

/**
 * A version that audit lacks, with what its neighbours say of it: the record after the version before it, and before the
 * version behind it. Null where the neighbour is missing too, or there is none.
 */
export const auditGapSchema = z.object({
  entityType: entityTypeSchema,
  entityId: idSchema,
  version: z.int().min(1),
  before: snapshotSchema.nullable(),
  after: snapshotSchema.nullable(),
});
export type AuditGap = z.infer<typeof auditGapSchema>;

export const auditGapsSchema = z.object({ gaps: z.array(auditGapSchema) });

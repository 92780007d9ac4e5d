import { z } from 'zod';
import { timeSchema } from '../ids.ts';
import { lineSchema } from '../text.ts';
import { recordFields } from './record.ts';

const settings = {
  name: lineSchema(100),
  /** https, on a host that anybody on the internet can reach. */
  url: z.string().max(2_000),
  /** Most records of one request. */
  batchSize: z.int().min(1).max(500),
};

/** A webhook that gets every sealed record of the tenant, in the order of the chain. */
export const createAuditStreamBody = z.strictObject({
  ...settings,
  batchSize: settings.batchSize.default(100),
  /** What it gets first: the next record, or the first one there is. */
  startAt: z.enum(['now', 'beginning']).default('now'),
});
export type CreateAuditStream = z.infer<typeof createAuditStreamBody>;

export const patchAuditStreamBody = z
  .strictObject({
    ...settings,
    status: z.enum(['active', 'paused']),
    /** Makes a new secret, which the answer shows; the old one signs nothing any more. */
    rotateSecret: z.literal(true),
  })
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'must change at least one field');
export type PatchAuditStream = z.infer<typeof patchAuditStreamBody>;

/** How far a stream has come, and what keeps it. */
export const auditStreamStateSchema = z.object({
  /** Number of the last record, in the tenant's chain, that the receiver has taken. */
  seq: z.int(),
  /** Sealed records it has not taken. */
  lag: z.int(),
  lastSuccessAt: timeSchema.nullable(),
  /** Attempts that failed since the last success, since when, when the next one is due, and why the last one failed. */
  failures: z.int(),
  failingSince: timeSchema.nullable(),
  nextAttemptAt: timeSchema.nullable(),
  lastError: z.string().nullable(),
});

export const auditStreamSchema = z.object({
  ...recordFields,
  ...settings,
  /** `disabled` when the receiver answered 410: it is gone. PATCH makes it `active` again. */
  status: z.enum(['active', 'paused', 'disabled']),
  state: auditStreamStateSchema,
  /** Signs the requests; shown once, when it is made. */
  secret: z.string().optional(),
});
export type AuditStream = z.infer<typeof auditStreamSchema>;
export const auditStreamsSchema = z.object({ items: z.array(auditStreamSchema) });

export const auditStreamTestSchema = z.object({
  delivered: z.boolean(),
  /** What the receiver answered; null when it could not be asked. */
  status: z.int().nullable(),
  error: z.string().nullable(),
});
export type AuditStreamTest = z.infer<typeof auditStreamTestSchema>;

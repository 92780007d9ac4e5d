import { z } from 'zod';
import { entityTypeSchema } from '../events/envelope.ts';
import { idSchema, timeInputSchema, timeSchema } from '../ids.ts';
import { emailSchema, lineSchema } from '../text.ts';
import { auditIdParams } from './audit.ts';

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, 'must be SHA-256 in hex');

/** A public key that signs seals (RFC 8037); `kid` is its RFC 7638 thumbprint. */
export const sealKeySchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  kid: z.string(),
  alg: z.literal('EdDSA'),
  use: z.literal('sig'),
  createdAt: timeSchema,
  /** By the key before: Ed25519 over `seal-key:1:<kid>`, base64url. */
  endorsement: z.object({ by: z.string(), signature: z.string() }).nullable(),
});
export type SealKey = z.infer<typeof sealKeySchema>;
export const sealKeysSchema = z.object({ keys: z.array(sealKeySchema) });

/** The signed statement over one segment of a tenant's records. */
export const sealSchema = z.object({
  v: z.literal(1),
  tenantId: idSchema,
  segment: z.int().min(1),
  firstSeq: z.int().min(1),
  lastSeq: z.int().min(1),
  count: z.int().min(1),
  root: hashSchema,
  previous: hashSchema,
  sealedAt: timeSchema,
  keyId: z.string(),
  signature: z.string(),
});

/** Why an audit trail does not verify. */
export const auditFlawKinds = [
  'seal_missing',
  'seal_misplaced',
  'seal_changed',
  'key_unknown',
  'key_changed',
  'key_untrusted',
  'tree_changed',
  'record_missing',
  'record_changed',
  'record_uncovered',
  'record_refused',
  'erasure_unaccounted',
  'removal_unaccounted',
  'removal_undone',
  'witness_missing',
  'file_incomplete',
] as const;

/** One thing that is wrong, and where. */
export const auditFlawSchema = z.object({
  kind: z.enum(auditFlawKinds),
  segment: z.int().nullable(),
  seq: z.int().nullable(),
  recordId: z.string().nullable(),
  reason: z.string(),
});
export type AuditFlaw = z.infer<typeof auditFlawSchema>;

const segmentSchema = z.coerce.number().int().min(1);

/**
 * What to verify: everything, some segments, or what was sealed in a range of time. `witness` is the hash of a seal that
 * the caller noted earlier: it must still be in the chain.
 */
export const auditVerifyQuery = z
  .strictObject({
    from: timeInputSchema.optional(),
    to: timeInputSchema.optional(),
    fromSegment: segmentSchema.optional(),
    toSegment: segmentSchema.optional(),
    witness: hashSchema.optional(),
  })
  .refine(({ from, to }) => !from || !to || from < to, { path: ['to'], error: 'must be after from' })
  .refine(({ fromSegment: from, toSegment: to }) => !from || !to || from <= to, {
    path: ['toSegment'],
    error: 'must not be before fromSegment',
  });
export type AuditVerifyQuery = z.infer<typeof auditVerifyQuery>;

export const auditVerdictSchema = z.object({
  valid: z.boolean(),
  /** Whether all of the chain was verified, with the records that stand outside it, or a part of it. */
  complete: z.boolean(),
  segments: z.int(),
  records: z.int(),
  /** Records that retention has taken, each with a mark in its segment. */
  removed: z.int(),
  /** Stored and waiting for the next seal. */
  unsealed: z.int(),
  /** The last seal; note its hash to find out later whether the chain was cut. */
  head: z.object({ segment: z.int(), seq: z.int(), hash: hashSchema }).nullable(),
  /** The first flaw in the order of the chain. */
  first: auditFlawSchema.nullable(),
  /** At most 100, the first among them. */
  flaws: z.array(auditFlawSchema),
});
export type AuditVerdict = z.infer<typeof auditVerdictSchema>;

export const auditProofParams = auditIdParams;
export const auditProofSchema = z.object({
  recordId: z.string(),
  seq: z.int(),
  leaf: z.object({
    v: z.literal(1),
    seq: z.int(),
    open: z.record(z.string(), z.unknown()),
    values: z.record(z.string(), hashSchema),
  }),
  leafHash: hashSchema,
  /** Place of the leaf in its segment, from 0, and how many leaves that has. */
  index: z.int(),
  size: z.int(),
  /** Hashes from the leaf to the root, lowest first. */
  path: z.array(hashSchema),
  seal: sealSchema,
  head: z.object({ segment: z.int(), seq: z.int(), hash: hashSchema }),
  keys: z.array(sealKeySchema),
});
export type AuditProof = z.infer<typeof auditProofSchema>;

export const sealedExportQuery = z.strictObject({
  /** Resumes: segments before it are left out. */
  fromSegment: segmentSchema.optional(),
  toSegment: segmentSchema.optional(),
});
export type SealedExportQuery = z.infer<typeof sealedExportQuery>;

/** Whose values are to be erased: everything about one record or user, every value that holds one of the texts, or both. */
export const erasureRequestSchema = z
  .strictObject({
    reason: lineSchema(500),
    entity: z.strictObject({ entityType: entityTypeSchema, entityId: idSchema }).optional(),
    /** A mail address or name; case does not count, and a value that contains it is erased whole. */
    texts: z
      .array(z.union([emailSchema, lineSchema(200).refine((text) => text.length >= 3, 'is too short')]))
      .max(20)
      .default([]),
  })
  .refine(({ entity, texts }) => entity !== undefined || texts.length > 0, {
    path: ['entity'],
    error: 'must be given unless texts are',
  });
export type ErasureRequest = z.infer<typeof erasureRequestSchema>;

export const erasureSchema = z.object({
  id: idSchema,
  status: z.enum(['running', 'done']),
  reason: z.string(),
  entity: z.object({ entityType: entityTypeSchema, entityId: idSchema }).nullable(),
  /** How many texts were given; the texts themselves are not kept. */
  texts: z.int(),
  /** Records that lost values, and values lost. */
  records: z.int(),
  values: z.int(),
  createdAt: timeSchema,
  finishedAt: timeSchema.nullable(),
});
export type Erasure = z.infer<typeof erasureSchema>;
export const erasureParams = z.strictObject({ erasureId: idSchema });

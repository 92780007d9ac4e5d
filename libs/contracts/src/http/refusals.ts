import { z } from 'zod';
import { idSchema, timeSchema } from '../ids.ts';

/**
 * The tenant of what belongs to nobody's: refusals of callers whose tenant cannot be believed. Nobody is a member of it.
 */
export const platformTenantId = '00000000-0000-7000-8000-000000000000';

/**
 * Why somebody was not believed. `identity_headers`: they were presented, and ignored. `read_limit`: they were believed, and
 * have read more in an hour than their role may.
 */
export const refusalReasons = [
  'token_missing',
  'malformed',
  'unknown_header',
  'unknown_key',
  'bad_signature',
  'wrong_issuer',
  'wrong_audience',
  'unknown_claims',
  'not_yet_valid',
  'expired',
  'session_ended',
  'duplicate_authorization',
  'service_token',
  'refresh_invalid',
  'refresh_reused',
  'identity_headers',
  'legacy_refused',
  'read_limit',
] as const;
export const refusalReasonSchema = z.enum(refusalReasons);
export type RefusalReason = z.infer<typeof refusalReasonSchema>;

/** Refusals of one reason, tenant and network within a short time, as one; what is singular is of the first of them. */
export const refusalReportSchema = z.strictObject({
  /** Given by whoever counted: a repeated report is one record. */
  id: idSchema,
  /** Only what a verified signature says; otherwise the platform's. */
  tenantId: idSchema,
  reason: refusalReasonSchema,
  /** An IPv4 address, the /56 of an IPv6 address, or `others` when there were too many to tell apart. */
  network: z.string().max(100),
  count: z.int().min(1),
  firstAt: timeSchema,
  lastAt: timeSchema,
  service: z.string().max(50),
  path: z.string().max(200),
  userId: idSchema.nullable(),
  sessionId: idSchema.nullable(),
  ip: z.string().max(100).nullable(),
  userAgent: z.string().max(200).nullable(),
  requestId: z.string().max(128).nullable(),
});
export type RefusalReport = z.infer<typeof refusalReportSchema>;

export const refusalReportsBody = z.strictObject({ refusals: z.array(refusalReportSchema).min(1).max(100) });

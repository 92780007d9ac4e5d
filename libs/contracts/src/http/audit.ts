import { z } from 'zod';
import {
  actionSchema,
  actorSchema,
  changeContextSchema,
  entityTypeSchema,
  fieldChangeSchema,
  linkSchema,
  snapshotSchema,
} from '../events/envelope.ts';
import { idSchema, timeInputSchema, timeSchema } from '../ids.ts';
import { wordsOf } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import { maskedFields } from './record.ts';

/** One captured change. `time` is when it happened, `receivedAt` when audit stored it. */
export const auditRecordSchema = z.object({
  id: z.string(),
  type: z.string(),
  entityType: entityTypeSchema,
  entityId: idSchema,
  version: z.int(),
  action: actionSchema,
  time: timeSchema,
  receivedAt: timeSchema,
  actor: actorSchema,
  before: snapshotSchema.nullable(),
  after: snapshotSchema.nullable(),
  changes: z.array(fieldChangeSchema),
  context: changeContextSchema,
  links: z.array(linkSchema),
  lead: z
    .object({ status: z.string(), ownerId: z.string().nullable(), source: z.string().nullable() })
    .optional(),
  deal: z
    .object({
      stage: z.string(),
      pipeline: z.string(),
      probability: z.int(),
      amount: z.object({ amount: z.int(), currency: z.string() }).nullable(),
    })
    .optional(),
  /** Paths whose values were erased for good, e.g. `after.email`. */
  erased: z.array(z.string()).optional(),
  ...maskedFields,
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;

const range = { from: timeInputSchema.optional(), to: timeInputSchema.optional() };

function inOrder(query: { from?: string | undefined; to?: string | undefined }): boolean {
  return !query.from || !query.to || query.from < query.to;
}
const orderMessage = { path: ['to'], error: 'must be after from' };

const mostWords = 8;
const searchSchema = z
  .string()
  .max(200)
  .refine((text) => wordsOf(text).length > 0, 'must contain a word of at least two letters or digits')
  .refine((text) => wordsOf(text).length <= mostWords, `must not contain more than ${mostWords} words`);

const filters = {
  ...range,
  entityType: entityTypeSchema.optional(),
  entityId: idSchema.optional(),
  userId: z.string().max(100).optional(),
  action: actionSchema.optional(),
  field: z.string().max(200).optional(),
  operationId: z.string().max(100).optional(),
  requestId: z.string().max(200).optional(),
  ip: z.string().max(64).optional(),
  /** Whole words that a changed value had before or after, all of them, in any order. */
  text: searchSchema.optional(),
};

export const auditListQuery = z.strictObject({ ...pageQuery, ...filters }).refine(inOrder, orderMessage);
export type AuditListQuery = z.infer<typeof auditListQuery>;

export const auditEntityParams = z.strictObject({ entityType: entityTypeSchema, entityId: idSchema });
export const auditEntityQuery = z.strictObject({ ...pageQuery, ...range }).refine(inOrder, orderMessage);
export const auditUserParams = z.strictObject({ userId: idSchema });
const recordIdSchema = z.string().regex(/^[a-z_]+:[0-9a-f-]{36}:\d+$/, 'must be an audit record id');
export const auditIdParams = z.strictObject({ id: recordIdSchema });
export const auditPage = pageOf(auditRecordSchema);

export const recordExportFormats = ['csv', 'jsonl'] as const;
export const recordExportQuery = z
  .strictObject({
    ...filters,
    format: z.enum(recordExportFormats),
    /** Id of the last whole record of an export that broke off: this one goes on behind it. */
    after: recordIdSchema.optional(),
  })
  .refine(inOrder, orderMessage);
export type RecordExportQuery = z.infer<typeof recordExportQuery>;

export const changeReportQuery = z
  .strictObject({
    ...filters,
    from: timeInputSchema,
    to: timeInputSchema,
    format: z.enum(recordExportFormats).default('csv'),
  })
  .refine(inOrder, orderMessage);
export type ChangeReportQuery = z.infer<typeof changeReportQuery>;

export type AuditFilters = Omit<AuditListQuery, 'limit' | 'cursor'>;

export const asOfQuery = z.strictObject({ at: timeInputSchema });
/** A record as it was. `state` is what it held; of a deleted record, what it held last. */
export const asOfSchema = z.object({
  entityType: entityTypeSchema,
  entityId: idSchema,
  at: timeSchema,
  version: z.int(),
  /** When it became so, and by whom. */
  since: timeSchema,
  actor: actorSchema,
  deleted: z.boolean(),
  state: snapshotSchema,
});
export type AsOf = z.infer<typeof asOfSchema>;

const versionSchema = z.coerce.number().int().min(1);
export const versionDiffQuery = z
  .strictObject({ from: versionSchema, to: versionSchema })
  .refine(({ from, to }) => from < to, { path: ['to'], error: 'must be a later version than from' });

const versionPointSchema = z.object({ version: z.int(), time: timeSchema, deleted: z.boolean() });
/** What differs between two versions, however many lie between them. */
export const versionDiffSchema = z.object({
  entityType: entityTypeSchema,
  entityId: idSchema,
  from: versionPointSchema,
  to: versionPointSchema,
  changes: z.array(fieldChangeSchema),
});
export type VersionDiff = z.infer<typeof versionDiffSchema>;

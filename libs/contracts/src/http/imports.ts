import { z } from 'zod';
import { idSchema, timeSchema } from '../ids.ts';
import { pageOf, pageQuery } from './paging.ts';
import { recordFields } from './record.ts';

export const importableTypes = ['companies', 'deals'] as const;
export const importableTypeSchema = z.enum(importableTypes);

/** The query of `POST /imports`; the CSV itself is the body. `currency` is that of money columns without one. */
export const createImportQuery = z.strictObject({
  type: importableTypeSchema,
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as USD')
    .default('USD'),
});

/** A row that was not imported, or was imported with something to look at; `line` counts from 1, the header's line. */
export const rowReportSchema = z.object({
  line: z.int().min(1),
  severity: z.enum(['error', 'warning']),
  reason: z.string(),
});
export type RowReport = z.infer<typeof rowReportSchema>;

export const importSchema = z.object({
  ...recordFields,
  type: importableTypeSchema,
  status: z.enum(['running', 'completed', 'failed']),
  currency: z.string(),
  /** Joins the changes of this import in audit and timeline; the import's own id. */
  operationId: z.string(),
  /** Of the file as received, hex. */
  sha256: z.string(),
  rows: z.int(),
  processed: z.int(),
  imported: z.int(),
  rejected: z.int(),
  warnings: z.int(),
  failure: z.string().nullable(),
  finishedAt: timeSchema.nullable(),
  /** Who imported, and their team: they decide who may follow the import. Imports of long ago have none. */
  ownerId: idSchema.nullable().default(null),
  teamId: idSchema.nullable().default(null),
});
export type Import = z.infer<typeof importSchema>;

export const importListQuery = z.strictObject({ ...pageQuery });
export const importPage = pageOf(importSchema);
export const rowReportQuery = z.strictObject({ ...pageQuery });
export const rowReportPage = pageOf(rowReportSchema);

import type { Import, Page, RowReport } from '@pipedesk/contracts';
import {
  authorize,
  badRequest,
  decodeCursor,
  pageFrom,
  permittedFilter,
  ProblemError,
  type TenantContext,
  withOperation,
} from '@pipedesk/service-kit';
import type { Readable } from 'node:stream';
import { v7 as uuidv7 } from 'uuid';
import type { PageRequest } from '../records/owned-records.ts';
import { type CsvRow, readCsv } from './csv-rows.ts';
import type { ImportJobs } from './import.jobs.ts';
import type { ImportRepository } from './import.model.ts';
import type { ImportRunner } from './import.runner.ts';
import { measureUpload } from './upload.ts';

export type ImportService = ReturnType<typeof createImportService>;

interface ImportDeps {
  imports: ImportRepository;
  jobs: ImportJobs;
  runner: Pick<ImportRunner, 'wake'>;
}

interface ImportRequest {
  type: Import['type'];
  currency: string;
  csv: Readable;
  idempotencyKey: string | undefined;
}

const rowsPerChunk = 250;
/** A chunk is one document, which may have 16 MB; a character has up to 3 bytes there. */
const charactersPerChunk = 2_000_000;

/** Columns without which a file is certainly not what it is said to be. */
const requiredColumns: Record<Import['type'], string[]> = {
  companies: ['account', 'name', 'company'],
  deals: ['deal_stage', 'stage'],
};

export function createImportService({ imports, jobs, runner }: ImportDeps) {
  /** Stores every row before it answers: what is accepted survives any crash. */
  async function storeRows(
    id: string,
    type: Import['type'],
    csv: Readable,
  ): Promise<{ rows: number; chunks: number; sha256: string }> {
    const upload = measureUpload(csv);
    try {
      const { columns, rows } = await readCsv(upload.stream);
      requireColumns(type, columns);
      let count = 0;
      let chunks = 0;
      for await (const chunk of inChunks(rows)) {
        await jobs.addChunk(id, chunks++, chunk);
        count += chunk.length;
      }
      return { rows: count, chunks, sha256: upload.sha256() };
    } finally {
      upload.stream.destroy();
    }
  }

  async function find(context: TenantContext, id: string): Promise<Import> {
    const record = await imports.get(context, id);
    authorize(context, 'imports:read', record);
    return record;
  }

  return {
    /** Accepts a file; its rows are imported in the background, in order, under one operation. */
    start: async (
      context: TenantContext,
      { type, currency, csv, idempotencyKey }: ImportRequest,
    ): Promise<Import> => {
      const id = uuidv7();
      const { rows, chunks, sha256 } = await storeRows(id, type, csv).catch(async (error: unknown) => {
        await jobs.discard(id);
        throw error;
      });
      const operation = withOperation(context, id);
      await jobs.stage({ _id: id, tenantId: context.tenantId, context: operation, type, currency, chunks });
      const { userId: ownerId, teamId } = context.subject;
      const fields = { ...newImport, type, currency, rows, sha256, operationId: id, ownerId, teamId };
      const request = { type, currency, sha256 };
      const { record, replayed } = await imports
        .create(operation, fields, { id, idempotencyKey, request })
        .catch(async (error: unknown) => {
          // After an outage nobody knows whether the record was written; the staged job waits until that can be seen.
          if (error instanceof ProblemError) await jobs.discard(id);
          throw error;
        });
      if (replayed) {
        await jobs.discard(id);
        return record;
      }
      await jobs.open(id);
      runner.wake();
      return record;
    },

    get: async (context: TenantContext, id: string): Promise<Import> => {
      const record = await find(context, id);
      if (record.status !== 'running') return record;
      const job = await jobs.read(id);
      if (!job) return record;
      const { processed, imported, rejected, warnings } = job;
      return { ...record, processed, imported, rejected, warnings };
    },

    list: (context: TenantContext, page: PageRequest): Promise<Page<Import>> =>
      imports.list(context, { ...page, filter: permittedFilter(context, 'imports:read') }),

    reports: async (context: TenantContext, id: string, page: PageRequest): Promise<Page<RowReport>> => {
      await find(context, id);
      const binding = ['import reports', context.tenantId, id];
      const after = page.cursor === undefined ? '' : decodeCursor(binding, page.cursor);
      const reports = await jobs.reports(context.tenantId, id, after, page.limit + 1);
      return pageFrom(reports, page.limit, binding, (report) => report.key);
    },
  };
}

const newImport = {
  status: 'running' as const,
  processed: 0,
  imported: 0,
  rejected: 0,
  warnings: 0,
  failure: null,
  finishedAt: null,
};

function requireColumns(type: Import['type'], columns: string[]): void {
  if (requiredColumns[type].some((name) => columns.includes(name))) return;
  throw badRequest('csv_columns_missing', {
    detail: `A file of ${type} needs a column ${requiredColumns[type].join(' or ')}; this one has ${columns.join(', ')}.`,
  });
}

async function* inChunks(rows: AsyncIterable<CsvRow>): AsyncGenerator<CsvRow[]> {
  let chunk: CsvRow[] = [];
  let size = 0;
  for await (const row of rows) {
    chunk.push(row);
    for (const value of Object.values(row.values)) size += value.length;
    if (chunk.length < rowsPerChunk && size < charactersPerChunk) continue;
    yield chunk;
    chunk = [];
    size = 0;
  }
  if (chunk.length > 0) yield chunk;
}

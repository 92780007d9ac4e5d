import type { AuditFilters, RecordExportQuery } from '@pipedesk/contracts';
import { tenantOf } from '@pipedesk/mongo';
import { notFound, type TenantContext } from '@pipedesk/service-kit';
import type { AccessLog } from '../access/access-log.ts';
import { filterOf } from '../audit-logs/audit-log.filters.ts';
import { type AuditLogRepository, readLog } from '../audit-logs/audit-log.model.ts';
import type { LogFilter } from '../audit-logs/audit-log.query.ts';
import { createText, type Text, written } from '../bson-text/text.ts';
import { recordRemoved, type RemovedRecords } from '../removals/removed-records.ts';
import { exportFormats } from './export-formats.ts';

export type ExportService = ReturnType<typeof createExportService>;

interface ExportDeps {
  logs: AuditLogRepository;
  access: AccessLog;
  removed: Pick<RemovedRecords, 'of'>;
  clock: () => Date;
}

export interface Export {
  contentType: string;
  /** Pieces of some hundred KB, each to be used before the next is asked for; whoever stops reading them stops the query. */
  chunks: AsyncGenerator<Buffer | string>;
}

/** Read at once; with the next piece already on its way, twice this is all that is ever held. */
const pieceSize = 250;
/** Bytes written at once, at least. */
const chunkSize = 128 * 1024;

/** Every record that a filter allows, oldest first, however many there are. */
export function createExportService({ logs, access, removed, clock }: ExportDeps) {
  /** Each piece is asked for while the one before it is written. */
  async function* pieces(
    tenantId: string,
    filter: LogFilter,
    range: { from: string; to: string },
  ): AsyncGenerator<Buffer[]> {
    const read = (after?: string) => {
      const piece = logs.after(tenantId, filter, { ...range, ...(after && { after }), limit: pieceSize });
      // Nobody waits for it when the reader leaves; a failure is still thrown to whoever does.
      piece.catch(() => undefined);
      return piece;
    };
    let next: Promise<Buffer[]> | undefined = read();
    while (next) {
      const rows: Buffer[] = await next;
      const last = rows.length === pieceSize ? rows.at(-1) : undefined;
      next = last && read(readLog(last).key);
      yield rows;
    }
  }

  async function startOf(tenantId: string, after: string | undefined, from = ''): Promise<string> {
    if (after === undefined) return from;
    const last = await logs.get(tenantId, after);
    const removalId = last ? null : await removed.of(tenantId, after);
    if (removalId)
      throw recordRemoved(removalId, 'Retention has removed the record in `after`. Export anew.');
    if (!last)
      throw notFound('audit_record_not_found', {
        detail: 'There is no audit record with the id in `after`.',
      });
    // The sign behind every other: the first key after this one.
    return `${last.key}\0`;
  }

  return {
    /**
     * Resolves when the export is on record and may begin. Records that arrive later than it began are left out.
     * @throws ProblemError 404 for an `after` that this tenant does not have, 410 for one that was removed
     */
    async start(context: TenantContext, { format, after, ...query }: RecordExportQuery): Promise<Export> {
      const tenantId = tenantOf(context);
      const from = await startOf(tenantId, after, query.from);
      const to = query.to ?? clock().toISOString();
      const { contentType, head, addLine } = exportFormats[format];
      const record = await access.begin(context, {
        kind: 'export',
        format,
        query: { ...query, to, ...(after !== undefined && { after }) },
      });

      async function* chunks(): AsyncGenerator<Buffer | string> {
        let status: 'complete' | 'aborted' | 'failed' = 'aborted';
        let records = 0;
        let last: Buffer | undefined;
        try {
          if (head && after === undefined) yield head;
          const all = pieces(tenantId, filterOf(query satisfies AuditFilters), { from, to });
          for await (const { lines, count, newest } of linesOf(all, addLine)) {
            yield lines;
            records += count;
            last = newest;
          }
          status = 'complete';
        } catch (error) {
          if (!isReaderGone(error)) status = 'failed';
          throw error;
        } finally {
          await record.end({ records, status, lastId: last ? readLog(last)._id : null });
        }
      }
      return { contentType, chunks: chunks() };
    },
  };
}

interface Lines {
  /** Until the next are asked for, which take their place. */
  lines: Buffer;
  /** How many, and the record of the last. */
  count: number;
  newest: Buffer;
}

/** Collects the lines of records until they are worth a write. */
async function* linesOf(
  pieces: AsyncIterable<Buffer[]>,
  addLine: (text: Text, record: Buffer) => void,
): AsyncGenerator<Lines> {
  const text = createText();
  let count = 0;
  const take = (newest: Buffer): Lines => ({ lines: written(text), count, newest });
  let newest: Buffer | undefined;
  for await (const records of pieces)
    for (newest of records) {
      addLine(text, newest);
      count++;
      if (text.length < chunkSize) continue;
      yield take(newest);
      text.length = count = 0;
    }
  if (newest && count > 0) yield take(newest);
}

const goneCode = 'ERR_STREAM_PREMATURE_CLOSE';

/** What Node's streams throw into what they read from when whoever they write to has left. */
export function isReaderGone(error: unknown): boolean {
  const isError = typeof error === 'object' && error !== null;
  return isError && 'code' in error && error.code === goneCode;
}

/** The same for whoever writes by hand. */
export const readerGone = (): Error =>
  Object.assign(new Error('the reader of an export has left'), { code: goneCode });

import type { AuditFilters, ChangeReportQuery } from '@pipedesk/contracts';
import { tenantOf } from '@pipedesk/mongo';
import { badRequest, type TenantContext } from '@pipedesk/service-kit';
import type { AccessLog } from '../access/access-log.ts';
import { filterOf } from '../audit-logs/audit-log.filters.ts';
import type { LogFilter } from '../audit-logs/audit-log.query.ts';
import { type Export, isReaderGone } from '../exports/export.service.ts';
import { type ReportFormat, reportFormats, type ReportHead } from './report-formats.ts';
import type { ReportReader } from './report-reader.ts';
import { createSummary } from './summary.ts';

interface ReportDeps {
  reader: ReportReader;
  access: Pick<AccessLog, 'begin'>;
  clock: () => Date;
}

/** Nothing is kept longer than ten years on anybody's order, so nobody can be asked about more. */
const longestYears = 10;
const chunkSize = 64 * 1024;

export type ReportService = ReturnType<typeof createReportService>;

/** Who changed what in a range of time, for auditors: entity by entity, each change field by field, and counts of all. */
export function createReportService({ reader, access, clock }: ReportDeps) {
  /** @throws ProblemError 400 for a range that begins more than ten years ago or has not begun */
  function requireReportable(from: string): void {
    const now = clock();
    const earliest = new Date(now);
    earliest.setUTCFullYear(now.getUTCFullYear() - longestYears);
    if (from < earliest.toISOString())
      throw badRequest('report_range_too_old', {
        detail: `A report goes back ${longestYears} years at most: from must not be before ${earliest.toISOString()}.`,
        extra: { earliest: earliest.toISOString() },
      });
    if (from >= now.toISOString())
      throw badRequest('report_range_not_begun', {
        detail: 'from is in the future: nothing can be reported.',
      });
  }

  return {
    /**
     * Resolves when the report is on record and may begin. What arrives later than it began is left out.
     * @throws ProblemError 400
     */
    async start(context: TenantContext, { format, from, to, ...rest }: ChangeReportQuery): Promise<Export> {
      requireReportable(from);
      const tenantId = tenantOf(context);
      const now = clock().toISOString();
      const span = { from, to: to < now ? to : now };
      const filters: Omit<AuditFilters, 'from' | 'to'> = rest;
      const query = { ...filters, ...span };
      const record = await access.begin(context, { kind: 'report', format, query });
      const head = { tenantId, ...span, filters: { ...filters }, createdAt: now };
      const filter = filterOf(filters);
      return {
        contentType: reportFormats[format].contentType,
        chunks: chunks({ head, filter, format, record }),
      };
    },
  };

  interface Started {
    head: ReportHead;
    filter: LogFilter;
    format: ChangeReportQuery['format'];
    record: Awaited<ReturnType<AccessLog['begin']>>;
  }

  async function* chunks({ head, filter, format, record }: Started): AsyncGenerator<string> {
    let status: 'complete' | 'aborted' | 'failed' = 'aborted';
    const counted = { records: 0, lastId: null as string | null };
    try {
      yield* joined(pieces(head, filter, reportFormats[format], counted));
      status = 'complete';
    } catch (error) {
      if (!isReaderGone(error)) status = 'failed';
      throw error;
    } finally {
      await record.end({ ...counted, status });
    }
  }

  async function* pieces(
    head: ReportHead,
    filter: LogFilter,
    format: ReportFormat,
    counted: { records: number; lastId: string | null },
  ): AsyncGenerator<string> {
    yield format.head(head);
    const summary = createSummary();
    let entity: string | undefined;
    for await (const logs of reader.read(head.tenantId, filter, head))
      for (const log of logs) {
        const isFirst = log.entityId !== entity;
        if (isFirst) summary.newEntity();
        entity = log.entityId;
        summary.add(log);
        counted.records++;
        counted.lastId = log._id;
        yield format.record(log, isFirst);
      }
    yield format.end(summary.result());
  }
}

/** Lines joined to pieces that are worth a write. */
async function* joined(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const line of lines) {
    chunk += line;
    if (chunk.length < chunkSize) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk) yield chunk;
}

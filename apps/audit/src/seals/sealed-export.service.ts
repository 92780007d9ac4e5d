import type { SealedExportQuery } from '@pipedesk/contracts';
import { tenantOf } from '@pipedesk/mongo';
import type { TenantContext } from '@pipedesk/service-kit';
import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isReaderGone } from '../exports/export.service.ts';
import { type ExportLine, exportFormat, linesOfSegment } from './format/export-file.ts';
import { createRemovalCheck, takenIn } from './format/removal-check.ts';
import { hashOfSeal, type Seal } from './format/seal.ts';
import type { Segment } from './format/segment-check.ts';
import type { AccessLog } from '../access/access-log.ts';
import type { SealKeys } from './seal-keys.ts';
import { sealOf } from './seal.service.ts';
import type { SealStore, SegmentRange } from './seal.store.ts';
import { sealedSince } from './sealed-since.ts';

interface SealedExportDeps {
  seals: SealStore;
  keys: Pick<SealKeys, 'published'>;
  /** An export is on record before its first byte leaves. */
  access: Pick<AccessLog, 'begin'>;
  clock: () => Date;
}

export type SealedExportService = ReturnType<typeof createSealedExportService>;

/** Sealed records as they are, for auditors. What waits for its seal is not in it: nothing could be proved of that. */
export function createSealedExportService({ seals, keys, access, clock }: SealedExportDeps) {
  async function* lines(tenantId: string, query: SealedExportQuery): AsyncGenerator<ExportLine> {
    const last = (await seals.head(tenantId))?.segment ?? 0;
    const range = { from: query.fromSegment ?? 1, to: Math.min(query.toSegment ?? last, last) };
    const before = range.from > 1 ? await seals.get(tenantId, range.from - 1) : null;
    const exportedAt = clock().toISOString();
    const start = { tenantId, exportedAt, before: before && sealOf(before), upTo: range.to };
    yield { line: 'export', format: exportFormat, ...start };
    for (const key of await keys.published()) yield { line: 'key', key };
    const counted = { segments: 0, records: 0 };
    const complete = range.to === last;
    let head: Seal | null = before;
    for await (const segment of withRemovals(tenantId, range, complete)) {
      yield* linesOfSegment({ ...segment, seal: sealOf(segment.seal) });
      counted.segments++;
      counted.records += segment.records.filter(Boolean).length;
      head = segment.seal;
    }
    yield { line: 'end', ...counted, head: head && hashOfSeal(head), complete };
  }

  /** A removal that began while the client was reading is on record in a segment behind those that were asked for. */
  async function* withRemovals(tenantId: string, range: SegmentRange, complete: boolean) {
    const removals = createRemovalCheck();
    const note = (segment: Segment): Segment => {
      for (const record of segment.records) if (record) removals.record(record, false);
      removals.taken(takenIn(segment));
      return segment;
    };
    for await (const segment of seals.segments(tenantId, range)) yield note(segment);
    for await (const segment of sealedSince(seals, tenantId, range.to, () => complete && removals.isOpen()))
      yield note(segment);
  }

  return {
    /** Segment after segment as the client takes them; memory does not grow with the export. */
    async stream(context: TenantContext, query: SealedExportQuery, res: Response): Promise<void> {
      const tenantId = tenantOf(context);
      const counted = { records: 0, lastId: null as string | null };
      const onRecord = (id: string) => {
        counted.records++;
        counted.lastId = id;
      };
      const reading = await access.begin(context, { kind: 'export', query: { ...query }, format: 'sealed' });
      res.status(200).set({
        'Content-Type': 'application/x-ndjson; charset=utf-8',
        'Content-Disposition': 'attachment; filename="audit-sealed.jsonl"',
        'Cache-Control': 'no-store',
      });
      try {
        await pipeline(Readable.from(asText(lines(tenantId, query), onRecord), { highWaterMark: 1 }), res);
        await reading.end({ ...counted, status: 'complete' });
      } catch (error) {
        await reading.end({ ...counted, status: isReaderGone(error) ? 'aborted' : 'failed' });
        if (!isReaderGone(error)) throw error;
      }
    },
  };
}

const chunkSize = 64 * 1024;

/** Lines joined to chunks: a write a line costs more than the line. */
async function* asText(
  lines: AsyncIterable<ExportLine>,
  onRecord: (id: string) => void,
): AsyncGenerator<string> {
  let chunk = '';
  for await (const line of lines) {
    if (line.line === 'record') onRecord(line.id);
    chunk += `${JSON.stringify(line)}\n`;
    if (chunk.length < chunkSize) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk) yield chunk;
}

import type { SealKey } from '@pipedesk/contracts';
import { z } from 'zod';
import { type ChainCheckResult, createChainCheck } from './chain-check.ts';
import { keyLookup } from './public-keys.ts';
import type { SealableRecord } from './record.ts';
import { removedIn, type RemovedRecord } from './removed.ts';
import type { Seal } from './seal.ts';
import { checkSegment, type Segment } from './segment-check.ts';

/** Version of the lines below. */
export const exportFormat = 1;

/** Objects are taken as they are: a shape that is wrong is for the checks to name, by its segment or record. */
const anObject = <T>() => z.custom<T>((value) => typeof value === 'object' && value !== null);

/**
 * A line of an export. First `export`, then the keys; then segment by segment its seal and, in order, its records, each
 * with its number and leaf hash; last `end`. A record that was gone is null; `removed` names the removal that took it.
 */
const exportLineSchema = z.discriminatedUnion('line', [
  z.object({
    line: z.literal('export'),
    format: z.literal(exportFormat),
    tenantId: z.string(),
    exportedAt: z.string(),
    /** The seal before the first, where the export does not begin at the first. */
    before: anObject<Seal>().nullable(),
    /** The last segment there was by then. Those behind it are there for the records of removals that began later. */
    upTo: z.int().optional(),
  }),
  z.object({ line: z.literal('key'), key: anObject<SealKey>() }),
  z.object({ line: z.literal('seal'), seal: anObject<Seal>() }),
  z.object({
    line: z.literal('record'),
    seq: z.int(),
    id: z.string(),
    leaf: z.string(),
    record: anObject<SealableRecord>().nullable(),
    removed: z.array(anObject<Omit<RemovedRecord, 'index' | 'id'>>()).optional(),
  }),
  z.object({
    line: z.literal('end'),
    segments: z.int(),
    records: z.int(),
    head: z.string().nullable(),
    /** Whether every segment was asked for. */
    complete: z.boolean(),
  }),
]);
export type ExportLine = z.infer<typeof exportLineSchema>;

type RecordLine = Extract<ExportLine, { line: 'record' }>;
/** A file must not make the verifier reserve memory for what is not in it. */
const mostPerSegment = 100_000;

export interface FileVerdict extends ChainCheckResult {
  tenantId: string | null;
  /** Keys were given apart from the file; without them the file only speaks for itself. */
  isAnchored: boolean;
}

interface FileCheckOptions {
  /** Keys the auditor trusts, from another source than the file. */
  trusted: SealKey[] | null;
  /** Hash of a seal that must be in the file. */
  witness?: string | undefined;
}

/**
 * Verifies an export by what is in it and the auditor's keys alone, one segment in memory at a time.
 * @throws Error for a line that is none of the format, with its number
 */
export async function checkExport(
  lines: AsyncIterable<string>,
  { trusted, witness }: FileCheckOptions,
): Promise<FileVerdict> {
  const state = createFileCheck(trusted, witness);
  let number = 0;
  for await (const text of lines) {
    number++;
    if (text === '') continue;
    state.line(parseLine(text, number));
  }
  return state.finish();
}

function parseLine(text: string, number: number): ExportLine {
  try {
    return exportLineSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(
      `line ${number} is no line of an export: ${error instanceof Error ? error.message : ''}`,
      {
        cause: error,
      },
    );
  }
}

function createFileCheck(trusted: SealKey[] | null, witness: string | undefined) {
  const embedded: SealKey[] = [];
  const trustedIds = new Set(trusted?.map(({ kid }) => kid));
  let check: ReturnType<typeof createChainCheck> | undefined;
  let start: Extract<ExportLine, { line: 'export' }> | undefined;
  let end: Extract<ExportLine, { line: 'end' }> | undefined;
  let segment: Segment | undefined;

  const lookup = () =>
    keyLookup(merged(trusted ?? [], embedded), ({ kid }) => trusted === null || trustedIds.has(kid));
  const open = () =>
    (check ??= createChainCheck({
      tenantId: start?.tenantId ?? '',
      keys: lookup(),
      before: start?.before ?? null,
      witness,
      upTo: start?.upTo,
    }));
  const flush = () => {
    if (segment) open().segment(segment.seal, checkSegment(segment));
    segment = undefined;
  };

  return {
    line(line: ExportLine): void {
      if (line.line === 'export') start ??= line;
      else if (line.line === 'key') embedded.push(line.key);
      else if (line.line === 'end') end = line;
      else if (line.line === 'seal') {
        flush();
        segment = { seal: line.seal, ids: [], leaves: [], records: [], removed: [] };
      } else addRecord(segment, line);
    },
    finish(): FileVerdict {
      flush();
      const result = open().finish({ complete: end?.complete === true && !start?.before });
      const flaws = [...result.flaws];
      const flaw = incompleteness(result, end);
      if (flaw)
        flaws.push({ kind: 'file_incomplete', segment: null, seq: null, recordId: null, reason: flaw });
      return { ...result, flaws, tenantId: start?.tenantId ?? null, isAnchored: trusted !== null };
    },
  };
}

/** By its number, so that a missing line leaves a gap; a line that is one too many comes behind all others. */
function addRecord(segment: Segment | undefined, { seq, id, leaf, record, removed }: RecordLine): void {
  if (!segment) throw new Error(`record ${id} stands before any seal`);
  const { seal, ids, leaves, records } = segment;
  const index = seq - Number(seal.firstSeq);
  const isNext = index >= ids.length && index < Math.min(seal.count, mostPerSegment);
  while (isNext && ids.length < index) {
    ids.push('');
    leaves.push(Buffer.alloc(0));
    records.push(undefined);
  }
  if (removed) segment.removed?.push(...removedIn(removed.map((one) => ({ ...one, id, index: ids.length }))));
  ids.push(id);
  leaves.push(Buffer.from(leaf, 'hex'));
  records.push(record ?? undefined);
}

function incompleteness(
  result: ChainCheckResult,
  end: Extract<ExportLine, { line: 'end' }> | undefined,
): string | undefined {
  if (!end) return 'the file has no end: it was cut off';
  if (end.segments !== result.segments)
    return `${end.segments} segments were exported, ${result.segments} are there`;
  if (end.head !== (result.head?.hash ?? null)) return 'the last seal is not the one that was exported last';
  return undefined;
}

/** Keys of the auditor go before those of the file. */
function merged(first: SealKey[], then: SealKey[]): SealKey[] {
  const known = new Set(first.map(({ kid }) => kid));
  return [...first, ...then.filter(({ kid }) => !known.has(kid))];
}

/** The lines of one segment. */
export function linesOfSegment({ seal, ids, leaves, records, removed = [] }: Segment): ExportLine[] {
  const stubs = Map.groupBy(removed, ({ index, id }) => `${index}/${id}`);
  return [
    { line: 'seal', seal },
    ...ids.map((id, index) => {
      const own = stubs.get(`${index}/${id}`);
      return {
        line: 'record' as const,
        seq: seal.firstSeq + index,
        id,
        leaf: leaves[index]?.toString('hex') ?? '',
        record: records[index] ?? null,
        ...(own && { removed: own.map(({ by, erased, spared }) => ({ by, erased, spared })) }),
      };
    }),
  ];
}

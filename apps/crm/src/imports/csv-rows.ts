import { badRequest } from '@pipedesk/service-kit';
import { CsvError, parse, type Info } from 'csv-parse';
import type { Readable } from 'node:stream';
import { pipeline, Transform } from 'node:stream';

/** A line of a CSV: its values by column, or why it could not be read. `line` counts from 1, the header's line. */
export interface CsvRow {
  line: number;
  values: Record<string, string>;
  problem?: string;
}

/** A header, once known, and the rows behind it. */
export interface CsvRows {
  columns: string[];
  rows: AsyncGenerator<CsvRow>;
}

/**
 * Reads CSV (RFC 4180, with or without a byte-order mark) row by row, in constant memory. A row with the wrong number
 * of values or a broken quote is reported as such and does not end the file.
 * @throws ProblemError 400 when the text is not UTF-8 or has no header; at the row where it shows
 */
export async function readCsv(source: Readable): Promise<CsvRows> {
  const problems: CsvRow[] = [];
  const parser = parse({
    bom: true,
    info: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    skip_records_with_error: true,
    max_record_size: 100_000,
    on_skip: (error) => {
      if (error instanceof CsvError)
        problems.push({ line: Number(error.lines ?? 0), values: {}, problem: error.message });
    },
  });
  // Errors of any part surface where the records are read.
  pipeline(source, utf8Only(), parser, () => undefined);
  const records = parser[Symbol.asyncIterator]() as AsyncIterator<{ record: string[]; info: Info }>;
  const header = await records.next();
  const columns = header.done ? [] : header.value.record.map((name) => name.toLowerCase());
  if (columns.length === 0)
    throw badRequest('csv_without_header', {
      detail: 'The file is empty. Its first line must name the columns.',
    });
  refuseDoubles(columns);
  return { columns, rows: rowsOf(columns, records, problems) };
}

function refuseDoubles(columns: string[]): void {
  const double = columns.find((name, index) => columns.indexOf(name) !== index);
  if (double === undefined) return;
  throw badRequest('csv_header_ambiguous', {
    detail: `The column ${JSON.stringify(double)} appears twice in the header.`,
  });
}

async function* rowsOf(
  columns: string[],
  records: AsyncIterator<{ record: string[]; info: Info }>,
  problems: CsvRow[],
): AsyncGenerator<CsvRow> {
  for (let next = await records.next(); !next.done; next = await records.next()) {
    yield* problems.splice(0);
    yield toRow(columns, next.value.record, next.value.info.lines);
  }
  yield* problems.splice(0);
}

function toRow(columns: string[], record: string[], line: number): CsvRow {
  if (record.length !== columns.length) {
    return {
      line,
      values: {},
      problem: `has ${record.length} values, the header names ${columns.length} columns`,
    };
  }
  return { line, values: Object.fromEntries(columns.map((column, index) => [column, record[index] ?? ''])) };
}

/** Other encodings would turn names into rubbish that nobody notices until later. */
function utf8Only(): Transform {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (chunk?: Buffer) => decoder.decode(chunk, { stream: chunk !== undefined });
  const attempt = (chunk: Buffer | undefined, done: (error: Error | null, text?: string) => void) => {
    try {
      done(null, decode(chunk));
    } catch {
      done(
        badRequest('csv_not_utf8', {
          detail: 'The file is not UTF-8. Save it as "CSV UTF-8" and send it again.',
        }),
      );
    }
  };
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      attempt(chunk, done);
    },
    flush: (done) => {
      attempt(undefined, done);
    },
  });
}

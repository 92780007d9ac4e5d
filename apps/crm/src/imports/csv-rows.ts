import { badRequest } from '@pipedesk/service-kit';
import { type Line, linesOf, longestRow } from './csv-lines.ts';
import { startRow } from './csv-row.ts';

/** A row of a CSV: its values by column, or why it could not be read. `line` is its first, from 1, the header's. */
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

interface RawRow {
  line: number;
  values: string[];
  problem?: string;
}

const mostColumns = 200;

/**
 * Reads CSV (RFC 4180) row by row, in constant memory. A row with the wrong number of values or a broken quote is
 * reported as such, and reading goes on with the line behind the one where it began, so no other row is lost with it.
 * (Parsers that were tried resume behind the error, wherever that is, and swallow rows without a word.)
 * @throws ProblemError 400 when the text has no readable header or is not UTF-8; at the row where it shows
 */
export async function readCsv(source: AsyncIterable<Uint8Array>): Promise<CsvRows> {
  const rows = rowsOf(linesOf(source));
  const header = await rows.next();
  if (header.done) {
    throw badRequest('csv_without_header', {
      detail: 'The file is empty. Its first line must name the columns.',
    });
  }
  const { values, problem } = header.value;
  const columns = values.map((name) => name.toLowerCase());
  checkHeader(columns, problem);
  return { columns, rows: named(columns, rows) };
}

function checkHeader(columns: string[], problem: string | undefined): void {
  if (problem !== undefined) throw unreadableHeader(`The header ${problem}.`);
  if (columns.length > mostColumns) throw unreadableHeader(`A file may have at most ${mostColumns} columns.`);
  if (columns.some((name) => /\p{Cc}/u.test(name)))
    throw unreadableHeader('The name of a column must not contain control characters.');
  const double = columns.find((name, index) => columns.indexOf(name) !== index);
  if (double === undefined) return;
  throw badRequest('csv_header_ambiguous', {
    detail: `The column ${JSON.stringify(double)} appears twice in the header.`,
  });
}

function unreadableHeader(detail: string): Error {
  return badRequest('csv_header_unreadable', { detail });
}

async function* named(columns: string[], rows: AsyncIterable<RawRow>): AsyncGenerator<CsvRow> {
  for await (const { line, values, problem } of rows) {
    if (problem !== undefined) yield { line, values: {}, problem };
    else if (values.length !== columns.length) {
      const counted = `has ${values.length} values, the header names ${columns.length} columns`;
      yield { line, values: {}, problem: counted };
    } else {
      const entries = columns.map((column, index) => [column, values[index] ?? ''] as const);
      yield { line, values: Object.fromEntries(entries) };
    }
  }
}

async function* rowsOf(lines: AsyncIterable<Line>): AsyncGenerator<RawRow> {
  const assembly = assembleRows();
  for await (const line of lines) yield* assembly.take([line]);
  yield* assembly.end();
}

/** Puts rows together from lines. Where a row turns out to be broken, its first line is given up and the rest is read anew. */
function assembleRows() {
  let row = startRow();
  let lines: Line[] = [];
  let size = 0;

  function reset(): void {
    row = startRow();
    lines = [];
    size = 0;
  }

  function add(line: Line): string {
    lines.push(line);
    size += line.text.length + 1;
    return size > longestRow ? tooLong(lines.length) : row.take(line.text);
  }

  function* take(fresh: Line[]): Generator<RawRow> {
    let waiting = fresh;
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      if (lines.length === 0 && next.text.trim() === '') continue;
      const outcome = add(next);
      if (outcome === 'open') continue;
      yield rowOr(outcome);
      if (outcome !== 'complete') waiting = [...waiting, ...lines.slice(1).reverse()];
      reset();
    }
  }

  function* end(): Generator<RawRow> {
    while (lines.length > 0) {
      yield rowOr('opens a quote that is never closed');
      const again = lines.slice(1).reverse();
      reset();
      yield* take(again);
    }
  }

  function rowOr(outcome: string): RawRow {
    const line = lines[0]?.number ?? 0;
    return outcome === 'complete' ? { line, values: row.values } : { line, values: [], problem: outcome };
  }

  return { take, end };
}

function tooLong(lines: number): string {
  return lines === 1
    ? `is longer than ${longestRow} characters`
    : `opens a quote that is not closed within ${longestRow} characters`;
}

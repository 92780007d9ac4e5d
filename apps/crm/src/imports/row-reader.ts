import type { RowReport } from '@pipedesk/contracts';
import type { CsvRow } from './csv-rows.ts';

/** A row cannot become a record; the message is for the person who has to mend the file. */
export class RowRejected extends Error {
  override name = 'RowRejected';
}

export interface RowReader {
  /** The value of the first of these columns that is there and filled. */
  text(...columns: string[]): string | null;
  /** Values of columns nothing has asked for, as custom fields. */
  rest(): Record<string, string>;
  warn(reason: string): void;
  warnings: RowReport[];
}

/** Reads a row by the names a column may have, and remembers which columns were used. */
export function readRow({ line, values }: CsvRow): RowReader {
  const used = new Set<string>();
  const warnings: RowReport[] = [];
  return {
    text: (...columns) => {
      for (const column of columns) used.add(column);
      return (
        columns.map((column) => values[column]).find((value) => value !== undefined && value !== '') ?? null
      );
    },
    rest: () => {
      const others = Object.entries(values).filter(([column, value]) => !used.has(column) && value !== '');
      const fields = new Map<string, string>();
      for (const [column, value] of others) fields.set(freeName(fieldName(column), fields), value);
      return Object.fromEntries(fields);
    },
    warn: (reason) => void warnings.push({ line, severity: 'warning', reason }),
    warnings,
  };
}

/** `Sales agent (EMEA)` -> `sales_agent_emea`: custom fields have plain names. */
function fieldName(column: string): string {
  const plain = column
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
  return (/^[a-z]/.test(plain) ? plain : `column_${plain}`).slice(0, 64);
}

/** `Sales agent` and `sales-agent` have one plain name; neither value may get lost. */
function freeName(name: string, taken: ReadonlyMap<string, string>): string {
  let free = name;
  for (let n = 2; taken.has(free); n++) free = `${name.slice(0, 60)}_${n}`;
  return free;
}

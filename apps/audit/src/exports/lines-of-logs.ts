import type { ReadLog } from '../audit-logs/audit-log.model.ts';
import { toAuditRecord } from '../audit-logs/audit-record.ts';
import { csvLine } from './csv.ts';
import { csvColumns } from './csv-columns.ts';

const paths = Object.values(csvColumns).map((path) => path.split('.'));

export function jsonLineOf(log: ReadLog): string {
  return `${JSON.stringify(toAuditRecord(log))}\n`;
}

export function csvLineOf(log: ReadLog): string {
  return csvLine(paths.map((path) => cellOf(valueAt(log, path))));
}

function valueAt(log: ReadLog, path: string[]): unknown {
  let value: unknown = log;
  for (const name of path)
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return value;
}

function cellOf(value: unknown): string | number | null {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (value instanceof Date) return value.toISOString();
  return value === null || value === undefined ? null : JSON.stringify(value);
}

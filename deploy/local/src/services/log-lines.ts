import { closeSync, openSync, readSync, statSync } from 'node:fs';

const shown = new Set(['warn', 'error', 'fatal']);
/** Said elsewhere in the line or of no use to a reader at a terminal. */
const hidden = new Set(['level', 'time', 'service', 'msg', 'err', 'pid', 'hostname']);

/**
 * Makes one line of a service's log readable: `12:34:56 crm warn  the message key=value`.
 * @returns undefined for entries below warn and for empty lines; what is not a JSON entry is shown as it is
 */
export function readableLine(service: string, line: string): string | undefined {
  if (line.trim() === '') return undefined;
  const entry = parse(line);
  if (!entry) return `${service}: ${line}`;
  if (typeof entry['level'] !== 'string' || !shown.has(entry['level'])) return undefined;
  const details = Object.entries(entry).filter(([key]) => !hidden.has(key));
  const pairs = details.map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const error = (entry['err'] as { message?: string } | undefined)?.message;
  const words = [timeOf(entry), service, entry['level'], entry['msg'], error && `(${error})`, ...pairs];
  return words.filter(Boolean).join(' ');
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function timeOf(entry: Record<string, unknown>): string {
  const time = entry['time'];
  return typeof time === 'string' || typeof time === 'number'
    ? new Date(time).toISOString().slice(11, 19)
    : '';
}

/**
 * Follows a growing file, from its present end.
 * @param onLine called with each complete line
 * @returns stops following
 */
export function follow(file: string, onLine: (line: string) => void, every = 300): () => void {
  let position = sizeOf(file);
  let rest = '';
  const look = () => {
    const size = sizeOf(file);
    if (size <= position) return;
    const lines = (rest + read(file, position, size)).split('\n');
    position = size;
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  };
  const timer = setInterval(look, every);
  return () => {
    clearInterval(timer);
    look();
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function read(file: string, from: number, to: number): string {
  const handle = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(to - from);
    readSync(handle, bytes, 0, bytes.length, from);
    return bytes.toString('utf8');
  } finally {
    closeSync(handle);
  }
}

import { hash } from 'node:crypto';
import serialize from 'canonicalize';
import { orderOf } from './member-order.ts';

/**
 * The canonical JSON of a value (RFC 8785): one text however its members are ordered. Dates become ISO 8601 texts.
 * Whatever records are made of is written here, several times as fast as by the library; all else is left to that.
 * @throws Error for what JSON cannot say: NaN, infinities, lone surrogates
 */
export function canonical(value: unknown): string {
  return write(value, 0) ?? 'null';
}

/** Deeper values are the library's, which needs no call stack and finds circles. */
const deepest = 64;

/** undefined for what JSON leaves out. */
function write(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return writeText(value);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return 'null';
  if (value instanceof Date && !Number.isNaN(value.getTime())) return `"${value.toISOString()}"`;
  if (depth < deepest && Array.isArray(value)) return writeArray(value, depth);
  if (depth < deepest && isPlain(value)) return writeMembers(value, depth);
  return serialize(value);
}

function writeArray(items: unknown[], depth: number): string {
  let text = '[';
  for (let index = 0; index < items.length; index++)
    text += (index === 0 ? '' : ',') + (write(items[index], depth + 1) ?? 'null');
  return `${text}]`;
}

function writeMembers(members: Record<string, unknown>, depth: number): string {
  const { sorted, labels } = orderOf(members);
  let text = '';
  for (let index = 0; index < sorted.length; index++) {
    const name = sorted[index] ?? '';
    const value = write(members[name], depth + 1);
    if (value === undefined) continue;
    // The library says what is wrong with a name that has no label.
    text += `${text === '' ? '' : ','}${labels[index] ?? serialize(name)}${value}`;
  }
  return `{${text}}`;
}

/** Anything but what stands as it is: control characters, quotes and backslashes are escaped, surrogates may be half a character. */
const special = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

function writeText(text: string): string {
  return special.test(text) ? (serialize(text) ?? '') : `"${text}"`;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** SHA-256 over the UTF-8 of a text, in hex. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

import { unusual } from './unusual.ts';

interface Name {
  text: string;
  /** The next of those with the same code. */
  next: Name | undefined;
}

const slots = 4_096;
const mostNames = 16_384;
const known: (Name | undefined)[] = Array.from({ length: slots });
let count = 0;

/**
 * The name that begins at a place of a document and ends at a zero byte. A trail has the same few hundred names in each of its
 * records: each is made once and found by its bytes from then on, several times as fast.
 * @throws unusual for a name that is very long, that JSON writes with escapes, that is not ASCII, or that has a meaning of its own to
 * BSON or JavaScript
 */
export function nameAt(bytes: Uint8Array, start: number): string {
  let code = 0;
  let end = start;
  for (; end < bytes.length; end++) {
    const byte = bytes[end] ?? 0;
    if (byte === 0) break;
    code = (Math.imul(code, 31) + byte) | 0;
  }
  const slot = code & (slots - 1);
  for (let name = known[slot]; name; name = name.next)
    if (isAt(bytes, start, end, name.text)) return name.text;
  return remember(slot, newName(bytes, start, end));
}

function isAt(bytes: Uint8Array, start: number, end: number, name: string): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++)
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  return true;
}

function newName(bytes: Uint8Array, start: number, end: number): string {
  const name = Buffer.from(bytes.subarray(start, end)).toString('latin1');
  if (!/^[ !#%-[\]-~][ !#-[\]-~]{0,127}$/.test(name) || name === '__proto__') throw unusual;
  return name;
}

/** Forgets all when there are too many: custom fields have names of anybody's choice. */
function remember(slot: number, text: string): string {
  if (++count > mostNames) {
    known.fill(undefined);
    count = 1;
  }
  // Read as a name of an object, the text becomes the one that all objects have: maps find it without hashing it anew.
  const [name = text] = Object.keys({ [text]: true });
  known[slot] = { text: name, next: known[slot] };
  return name;
}

/** A power of two, so that a hash becomes a place by a mask. */
const places = 4_096;
/** Forgotten when there are more: custom fields have names of anybody's choice. */
const most = 2 * places;

let known = new Map<number, string[]>();
let count = 0;

/**
 * The name that begins at an offset and ends before a zero, always the same string for the same name, which makes it a
 * quick key. undefined for names that the library treats in a way of its own, and for all but ASCII.
 */
export function nameAt(bytes: Buffer, start: number): string | undefined {
  let [hash, end] = [0, start];
  for (let byte = bytes[end]; byte !== 0; byte = bytes[++end]) {
    if (byte === undefined || byte > 0x7f) return undefined;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const place = hash & (places - 1);
  const found = known.get(place)?.find((name) => isAt(bytes, start, end, name));
  return found ?? learn(place, bytes.toString('latin1', start, end));
}

function isAt(bytes: Buffer, start: number, end: number, name: string): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++)
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  return true;
}

function learn(place: number, name: string): string | undefined {
  if (name.startsWith('$') || name === '__proto__') return undefined;
  if (++count > most) [known, count] = [new Map<number, string[]>(), 1];
  known.set(place, [...(known.get(place) ?? []), name]);
  return name;
}

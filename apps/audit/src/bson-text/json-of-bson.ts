import { closeArray, closeObject, colon, comma, dollar, openArray, openObject } from './ascii.ts';
import { bsonType, checkEnd, endOfValue } from './elements.ts';
import { addScalar, addString } from './scalar.ts';
import { addByte, close, type Text } from './text.ts';
import { unusual } from './unusual.ts';

/** Deeper is left to the slow way, which needs no call stack. */
const deepest = 32;

/**
 * Adds the JSON of the value that begins at a place: the text that `JSON.stringify` has for what the value decodes to, members in
 * the order in which they are stored.
 * @returns where the value ends
 * @throws unusual for a value that has none, or one that is not written here
 */
export function addJson(text: Text, bytes: Buffer, type: number, start: number, depth = 0): number {
  const end = endOfValue(bytes, type, start);
  if (type === bsonType.object) addMembers(text, bytes, start, end, depth);
  else if (type === bsonType.array) addItems(text, bytes, start, end, depth);
  else addScalar(text, bytes, type, start, end);
  return end;
}

function addMembers(text: Text, bytes: Buffer, start: number, end: number, depth: number): void {
  if (depth === deepest) throw unusual;
  addByte(text, openObject);
  let at = start + 4;
  while (at < end - 1) {
    const type = bytes[at] ?? 0;
    const nameEnd = endOfName(bytes, at + 1);
    // The library makes references of some members whose names begin so.
    if (bytes[at + 1] === dollar) throw unusual;
    addString(text, bytes, at + 1, nameEnd);
    addByte(text, colon);
    at = addJson(text, bytes, type, nameEnd + 1, depth + 1);
    addByte(text, comma);
  }
  checkEnd(bytes, at, end);
  close(text, closeObject);
}

function addItems(text: Text, bytes: Buffer, start: number, end: number, depth: number): void {
  if (depth === deepest) throw unusual;
  addByte(text, openArray);
  let at = start + 4;
  while (at < end - 1) {
    const type = bytes[at] ?? 0;
    at = addJson(text, bytes, type, endOfName(bytes, at + 1) + 1, depth + 1);
    addByte(text, comma);
  }
  checkEnd(bytes, at, end);
  close(text, closeArray);
}

function endOfName(bytes: Buffer, start: number): number {
  let at = start;
  while (bytes[at]) at++;
  return at;
}

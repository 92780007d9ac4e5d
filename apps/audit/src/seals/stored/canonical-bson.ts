import { isUtf8 } from 'node:buffer';
import { canonical } from '../format/canonical.ts';
import { quotedBytes } from '../format/paths.ts';
import { bsonType, type Element, int32At, int64At, itemsOf, type Member, membersOf } from './elements.ts';
import { addDate } from './iso-date.ts';
import { addAscii, addByte, addBytes, close, reserve, type Text } from './text.ts';
import { unusual } from './unusual.ts';

const [quote, comma, colon] = [0x22, 0x2c, 0x3a];
const [openObject, closeObject, openArray, closeArray] = [0x7b, 0x7d, 0x5b, 0x5d];

const [nothing, yes, no] = [Buffer.from('null'), Buffer.from('true'), Buffer.from('false')];

/** Deeper is left to the slow way, which needs no call stack. */
const deepest = 32;

/**
 * Adds the canonical JSON of a value: the same text as `canonical` has for what the value decodes to.
 * @throws unusual for a value that has none, or one that is not written here
 */
export function addCanonical(text: Text, bytes: Buffer, element: Element, depth = 0): void {
  const { type, start, end } = element;
  switch (type) {
    case bsonType.string:
      return addString(text, bytes, start + 4, end - 1);
    case bsonType.null:
      return addBytes(text, nothing);
    case bsonType.boolean:
      return addBoolean(text, bytes[start]);
    case bsonType.int32:
      return addAscii(text, String(int32At(bytes, start)));
    case bsonType.int64:
      return addNumber(text, int64At(bytes, start), Number.isSafeInteger);
    case bsonType.double:
      return addNumber(text, bytes.readDoubleLE(start), Number.isFinite);
    case bsonType.date:
      return addDate(text, int64At(bytes, start));
    case bsonType.object:
      return addObject(text, bytes, element, depth);
    case bsonType.array:
      return addArray(text, bytes, element, depth);
    default:
      throw unusual;
  }
}

function addBoolean(text: Text, byte: number | undefined): void {
  if (byte !== 0 && byte !== 1) throw unusual;
  addBytes(text, byte === 1 ? yes : no);
}

function addNumber(text: Text, value: number, isWritten: (value: number) => boolean): void {
  if (!isWritten(value)) throw unusual;
  addAscii(text, String(value));
}

/** Which bytes stand for themselves in a JSON text. */
const isPlain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte !== quote && byte !== 0x5c ? 1 : 0,
);

function addString(text: Text, bytes: Buffer, start: number, end: number): void {
  if (bytes[end] !== 0) throw unusual;
  reserve(text, end - start + 2);
  const target = text.bytes;
  let [at, all] = [text.length, 0];
  target[at++] = quote;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0;
    if (isPlain[byte] === 0) return addEscaped(text, bytes.subarray(start, end));
    all |= byte;
    target[at++] = byte;
  }
  if (all > 0x7f && !isUtf8(bytes.subarray(start, end))) throw unusual;
  target[at++] = quote;
  text.length = at;
}

function addEscaped(text: Text, utf8: Buffer): void {
  if (!isUtf8(utf8)) throw unusual;
  addBytes(text, Buffer.from(canonical(utf8.toString())));
}

function addObject(text: Text, bytes: Buffer, element: Element, depth: number): void {
  if (depth === deepest) throw unusual;
  addByte(text, openObject);
  for (const member of inOrder(membersOf(bytes, element))) {
    addName(text, member.name);
    addCanonical(text, bytes, member, depth + 1);
    addByte(text, comma);
  }
  close(text, closeObject);
}

/** Members by the UTF-16 code units of their names, as everywhere in canonical JSON. */
function inOrder(members: Member[]): Member[] {
  return members.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** A name or path and the colon behind it. */
export function addName(text: Text, name: string): void {
  addBytes(text, quotedBytes(name));
  addByte(text, colon);
}

function addArray(text: Text, bytes: Buffer, element: Element, depth: number): void {
  if (depth === deepest) throw unusual;
  addByte(text, openArray);
  for (const item of itemsOf(bytes, element)) {
    addCanonical(text, bytes, item, depth + 1);
    addByte(text, comma);
  }
  close(text, closeArray);
}

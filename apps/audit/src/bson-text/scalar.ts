import { isUtf8 } from 'node:buffer';
import { backslash, quote } from './ascii.ts';
import { bsonType, int32At, int64At } from './elements.ts';
import { addDate } from './iso-date.ts';
import { addAscii, addBytes, reserve, type Text } from './text.ts';
import { unusual } from './unusual.ts';

const [nothing, yes, no] = [Buffer.from('null'), Buffer.from('true'), Buffer.from('false')];

/**
 * Adds the JSON of a value that has no members: the same text as `JSON.stringify` has for what the value decodes to.
 * @throws unusual for a value that has none, or one that is not written here
 */
export function addScalar(text: Text, bytes: Buffer, type: number, start: number, end: number): void {
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
  byte >= 0x20 && byte !== quote && byte !== backslash ? 1 : 0,
);

/** Adds the bytes up to a zero byte, which must be there, as a JSON string. @throws unusual for bytes that are no UTF-8 */
export function addString(text: Text, bytes: Buffer, start: number, end: number): void {
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
  addBytes(text, Buffer.from(JSON.stringify(utf8.toString())));
}

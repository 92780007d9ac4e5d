import { comma } from './ascii.ts';

/** A text in the making, as its UTF-8 bytes: `length` of them count. Used again and again, so that no record leaves garbage. */
export interface Text {
  bytes: Buffer;
  length: number;
  /** Of the first so many bytes, for small numbers: a view costs more than a short text. */
  views: (Buffer | undefined)[];
}

const mostViews = 512;

export function createText(): Text {
  return { bytes: Buffer.alloc(16_384), length: 0, views: [] };
}

/** Makes room for so many more bytes. Whoever kept `bytes` has the old ones. */
export function reserve(text: Text, more: number): void {
  if (text.length + more <= text.bytes.length) return;
  const larger = Buffer.alloc(2 * (text.length + more));
  text.bytes.copy(larger, 0, 0, text.length);
  text.bytes = larger;
  text.views = [];
}

export function addByte(text: Text, byte: number): void {
  reserve(text, 1);
  text.bytes[text.length++] = byte;
}

export function addBytes(text: Text, bytes: Uint8Array): void {
  reserve(text, bytes.length);
  text.bytes.set(bytes, text.length);
  text.length += bytes.length;
}

/** A few of the bytes, fewer than are worth a view of their own. */
export function addPart(text: Text, bytes: Uint8Array, start: number, length: number): void {
  reserve(text, length);
  const target = text.bytes;
  const shift = text.length - start;
  for (let index = start; index < start + length; index++) target[index + shift] = bytes[index] ?? 0;
  text.length += length;
}

export function addAscii(text: Text, ascii: string): void {
  reserve(text, ascii.length);
  text.length += text.bytes.write(ascii, text.length, 'latin1');
}

/** Takes back the comma behind the last member or item, if there is any, and closes what they are in. */
export function close(text: Text, bracket: number): void {
  if (text.bytes[text.length - 1] === comma) text.length--;
  addByte(text, bracket);
}

/** What has been written, until something else is. */
export function written(text: Text): Buffer {
  const { bytes, length, views } = text;
  return length < mostViews ? (views[length] ??= bytes.subarray(0, length)) : bytes.subarray(0, length);
}

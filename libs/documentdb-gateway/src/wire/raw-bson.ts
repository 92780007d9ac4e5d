/**
 * Reading and rewriting BSON without deserializing it. Commands are routed by a handful of top-level fields; everything else, above
 * all the documents, passes through as the bytes that came in. That is faster, and no number changes its type on the way.
 * Layout: https://bsonspec.org/spec.html
 */

/** One top-level element: `start` is its type byte, `value` the first byte after its name, `end` the byte after it. */
export interface RawElement {
  type: number;
  name: string;
  start: number;
  value: number;
  end: number;
}

export class MalformedBson extends Error {}

const OBJECT_ID_BYTES = 12;
const FIXED_SIZES = new Map<number, number>([
  [0x01, 8],
  [0x06, 0],
  [0x07, OBJECT_ID_BYTES],
  [0x08, 1],
  [0x09, 8],
  [0x0a, 0],
  [0x10, 4],
  [0x11, 8],
  [0x12, 8],
  [0x13, 16],
  [0xff, 0],
  [0x7f, 0],
]);

/**
 * Lists the top-level elements of one BSON document.
 * @throws MalformedBson when a length or type does not fit the document
 */
export function readElements(doc: Buffer): RawElement[] {
  if (doc.length < 5 || doc.readInt32LE(0) !== doc.length || doc[doc.length - 1] !== 0) {
    throw new MalformedBson('document length does not match');
  }
  const elements: RawElement[] = [];
  let at = 4;
  while (at < doc.length - 1) {
    const element = readElement(doc, at);
    elements.push(element);
    at = element.end;
  }
  return elements;
}

function readElement(doc: Buffer, start: number): RawElement {
  const type = doc[start] ?? 0;
  const nameEnd = doc.indexOf(0, start + 1);
  if (nameEnd < 0) throw new MalformedBson('unterminated name');
  const value = nameEnd + 1;
  const end = value + valueSize(doc, type, value);
  if (end > doc.length - 1) throw new MalformedBson('element exceeds its document');
  return { type, name: doc.toString('utf8', start + 1, nameEnd), start, value, end };
}

function valueSize(doc: Buffer, type: number, at: number): number {
  const fixed = FIXED_SIZES.get(type);
  if (fixed !== undefined) return fixed;
  if (type === 0x0b) return cstringSize(doc, at) + cstringSize(doc, at + cstringSize(doc, at));
  const length = at + 4 <= doc.length ? doc.readInt32LE(at) : -1;
  if (length < 0) throw new MalformedBson('negative length');
  if (type === 0x03 || type === 0x04 || type === 0x0f) return Math.max(length, 5);
  if (type === 0x02 || type === 0x0d || type === 0x0e) return 4 + Math.max(length, 1);
  if (type === 0x05) return 5 + length;
  if (type === 0x0c) return 4 + length + OBJECT_ID_BYTES;
  throw new MalformedBson(`unknown element type ${type}`);
}

function cstringSize(doc: Buffer, at: number): number {
  const end = doc.indexOf(0, at);
  if (end < 0) throw new MalformedBson('unterminated string');
  return end - at + 1;
}

/** The text of a string element. */
export function readString(doc: Buffer, element: RawElement): string {
  return doc.toString('utf8', element.value + 4, element.value + 4 + doc.readInt32LE(element.value) - 1);
}

/** The value of any numeric element, as a bigint (fractions dropped); undefined for other types. */
export function readInteger(doc: Buffer, element: RawElement): bigint | undefined {
  if (element.type === 0x10) return BigInt(doc.readInt32LE(element.value));
  if (element.type === 0x12) return doc.readBigInt64LE(element.value);
  if (element.type !== 0x01) return undefined;
  const double = doc.readDoubleLE(element.value);
  return Number.isFinite(double) ? BigInt(Math.trunc(double)) : undefined;
}

/** What MongoDB takes for true in a command field: `true` or a number other than 0. */
export function readFlag(doc: Buffer, element: RawElement | undefined): boolean {
  if (element === undefined) return false;
  if (element.type === 0x08) return doc[element.value] === 1;
  return (readInteger(doc, element) ?? 0n) !== 0n;
}

/** The bytes of an embedded document, array or binary value (without the binary's length and subtype). */
export function readBytes(doc: Buffer, element: RawElement): Buffer {
  return doc.subarray(element.type === 0x05 ? element.value + 5 : element.value, element.end);
}

/** A copy of `doc` with extra elements (already encoded) at its end. */
export function appendElements(doc: Buffer, ...elements: Buffer[]): Buffer {
  const out = Buffer.concat([doc.subarray(0, doc.length - 1), ...elements, Buffer.of(0)]);
  out.writeInt32LE(out.length, 0);
  return out;
}

/** Cuts a run of concatenated documents (an OP_MSG document sequence) into its documents. */
export function* splitDocuments(run: Buffer): Generator<Buffer> {
  let at = 0;
  while (at < run.length) {
    const length = at + 5 <= run.length ? run.readInt32LE(at) : -1;
    if (length < 5 || at + length > run.length) throw new MalformedBson('document sequence does not add up');
    yield run.subarray(at, at + length);
    at += length;
  }
}

/** An array element holding the documents of a sequence, for commands that take no sequence of their own. */
export function arrayElement(name: string, run: Buffer): Buffer {
  const parts: Buffer[] = [];
  let index = 0;
  for (const document of splitDocuments(run)) {
    parts.push(Buffer.from(`\x03${index}\0`), document);
    index += 1;
  }
  return Buffer.concat([Buffer.from(`\x04${name}\0`), appendElements(Buffer.of(5, 0, 0, 0, 0), ...parts)]);
}

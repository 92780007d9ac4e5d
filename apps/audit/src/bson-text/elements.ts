import { nameAt } from './names.ts';
import { unusual } from './unusual.ts';

/** Types of BSON values that records are made of (bsonspec.org). */
export const bsonType = {
  double: 0x01,
  string: 0x02,
  object: 0x03,
  array: 0x04,
  boolean: 0x08,
  date: 0x09,
  null: 0x0a,
  int32: 0x10,
  int64: 0x12,
} as const;

/** A value where it lies in a document's bytes. */
export interface Element {
  type: number;
  start: number;
  end: number;
}

/** The texts that are written of a document are kept for the next one, and so must not become too large. */
const mostBytes = 256 * 1_024;

/** A whole document as a value. @throws unusual when it says another length than it has, or is far larger than others */
export function documentOf(bytes: Uint8Array): Element {
  const element = { type: bsonType.object, start: 0, end: endOfValue(bytes, bsonType.object, 0) };
  if (element.end !== bytes.length || bytes.length > mostBytes) throw unusual;
  return element;
}

export interface Member extends Element {
  name: string;
}

/** Nothing that is stored as it should be has more: members are looked for one by one, and are few enough for that to be fast. */
const mostMembers = 128;

/**
 * The members of an object, in the order in which they stand.
 * @throws unusual for a name that comes twice: decoding keeps one of the values, and whoever wrote both may know which
 */
export function membersOf(bytes: Uint8Array, { start, end }: Element): Member[] {
  const members: Member[] = [];
  let at = start + 4;
  while (at < end - 1) {
    const type = bytes[at] ?? 0;
    const name = nameAt(bytes, at + 1);
    const valueStart = at + 1 + name.length + 1;
    at = endOfValue(bytes, type, valueStart);
    if (members.length === mostMembers || memberOf(members, name)) throw unusual;
    members.push({ name, type, start: valueStart, end: at });
  }
  checkEnd(bytes, at, end);
  return members;
}

export function memberOf(members: Member[], name: string): Member | undefined {
  // By places: an iterator here, for each name of each record, was half of all the memory that reading took.
  for (let place = 0; place < members.length; place++)
    if (members[place]?.name === name) return members[place];
  return undefined;
}

/** The items of an array, whose names are numbers that nobody looks at. */
export function itemsOf(bytes: Uint8Array, { start, end }: Element): Element[] {
  const items: Element[] = [];
  let at = start + 4;
  while (at < end - 1) {
    const type = bytes[at] ?? 0;
    while (bytes[++at]);
    const valueStart = at + 1;
    at = endOfValue(bytes, type, valueStart);
    items.push({ type, start: valueStart, end: at });
  }
  checkEnd(bytes, at, end);
  return items;
}

/** Whoever is inside an object or array has come to exactly its end: nothing in it was longer than itself. */
export function checkEnd(bytes: Uint8Array, at: number, end: number): void {
  if (at !== end - 1 || bytes[at] !== 0) throw unusual;
}

/** Where the value at a place ends, by what it says of itself. @throws unusual for a type that no record has */
export function endOfValue(bytes: Uint8Array, type: number, at: number): number {
  switch (type) {
    case bsonType.string:
      return at + 4 + sizeAt(bytes, at, 1);
    case bsonType.object:
    case bsonType.array:
      return at + sizeAt(bytes, at, 5);
    case bsonType.null:
      return at;
    case bsonType.boolean:
      return at + 1;
    case bsonType.int32:
      return at + 4;
    case bsonType.date:
    case bsonType.double:
    case bsonType.int64:
      return at + 8;
    default:
      throw unusual;
  }
}

function sizeAt(bytes: Uint8Array, at: number, least: number): number {
  const size = int32At(bytes, at);
  if (size < least) throw unusual;
  return size;
}

export function int32At(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

/** As a double, which has room for 53 bits of it. */
export function int64At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at + 4) * 2 ** 32 + (int32At(bytes, at) >>> 0);
}

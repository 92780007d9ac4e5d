import { closeArray, closeObject, colon, comma, openArray, openObject } from '../../bson-text/ascii.ts';
import { type Element, bsonType, itemsOf, type Member, membersOf } from '../../bson-text/elements.ts';
import { addScalar } from '../../bson-text/scalar.ts';
import { addByte, addBytes, close, type Text } from '../../bson-text/text.ts';
import { unusual } from '../../bson-text/unusual.ts';
import { quotedBytes } from '../format/paths.ts';

/** Deeper is left to the slow way, which needs no call stack. */
const deepest = 32;

/**
 * Adds the canonical JSON of a value: the same text as `canonical` has for what the value decodes to.
 * @throws unusual for a value that has none, or one that is not written here
 */
export function addCanonical(text: Text, bytes: Buffer, element: Element, depth = 0): void {
  if (element.type === bsonType.object) addObject(text, bytes, element, depth);
  else if (element.type === bsonType.array) addArray(text, bytes, element, depth);
  else addScalar(text, bytes, element.type, element.start, element.end);
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

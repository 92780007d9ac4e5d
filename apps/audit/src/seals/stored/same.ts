import { addCanonical } from './canonical-bson.ts';
import type { Element } from '../../bson-text/elements.ts';
import { createText, written } from '../../bson-text/text.ts';

const [oneText, otherText] = [createText(), createText()];

/** Whether two values have the same canonical text. The same bytes have; other bytes may: 1 and 1.0, members in another order. */
export function isSame(bytes: Buffer, one: Element, other: Element): boolean {
  if (one.type === other.type && areSameBytes(bytes, one, other)) return true;
  oneText.length = otherText.length = 0;
  addCanonical(oneText, bytes, one);
  addCanonical(otherText, bytes, other);
  return written(oneText).equals(written(otherText));
}

function areSameBytes(bytes: Buffer, one: Element, other: Element): boolean {
  const length = one.end - one.start;
  if (length !== other.end - other.start) return false;
  for (let index = 0; index < length; index++)
    if (bytes[one.start + index] !== bytes[other.start + index]) return false;
  return true;
}

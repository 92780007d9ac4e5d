import { apostrophe, quote } from '../bson-text/ascii.ts';
import { reserve, type Text } from '../bson-text/text.ts';
import { formulaStart } from './csv.ts';

/** First bytes of what may be a formula: of those beyond ASCII the character has to be looked at. */
const mayBeFormula = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 0x7f || formulaStart.test(String.fromCharCode(byte)) ? 1 : 0,
);
const longestCharacter = 4;

/** Adds the cell that `csvLine` makes of a text, from its UTF-8 bytes. */
export function addCsvCell(text: Text, bytes: Buffer, start: number, end: number): void {
  // Were each byte a quote.
  reserve(text, 2 * (end - start) + 3);
  const target = text.bytes;
  let at = text.length;
  target[at++] = quote;
  if (isFormula(bytes, start, end)) target[at++] = apostrophe;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0;
    if (byte === quote) target[at++] = quote;
    target[at++] = byte;
  }
  target[at++] = quote;
  text.length = at;
}

function isFormula(bytes: Buffer, start: number, end: number): boolean {
  if (start === end || mayBeFormula[bytes[start] ?? 0] === 0) return false;
  return formulaStart.test(bytes.toString('utf8', start, Math.min(end, start + longestCharacter)));
}

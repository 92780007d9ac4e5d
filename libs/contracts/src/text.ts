import { z } from 'zod';

/** NUL breaks C strings and PostgreSQL text; a lone surrogate cannot be encoded as UTF-8. Neither belongs in a CRM. */
function isCleanText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

const cleanMessage = 'must not contain NUL or unpaired surrogates';

/** One line of text: trimmed, never empty. */
export function lineSchema(max: number) {
  return z.string().trim().min(1).max(max).refine(isCleanText, cleanMessage);
}

/** Free text of several lines; may be empty. */
export function proseSchema(max: number) {
  return z.string().max(max).refine(isCleanText, cleanMessage);
}

/** A mail address, lower-cased: addresses that differ only in case belong to one person. */
export const emailSchema = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email({ error: 'must be a mail address' }));

/** What a word is to a search: letters and digits in a row; case, width and accents do not count. */
const wordPattern = /[\p{L}\p{N}]{2,}/gu;
const asciiWordPattern = /[a-z0-9]{2,}/g;
const beyondAscii = /[^\0-\x7f]/;
const longestWord = 40;

/** The different words of a text, for a search of whole words; single characters are none, long ones are cut at 40. */
export function wordsOf(text: string): string[] {
  return [...new Set(wordsIn(text)?.map((word) => word.slice(0, longestWord)))];
}

/** Most texts are ASCII, in which there is nothing to decompose and no letter has a class to be looked up. */
function wordsIn(text: string): string[] | null {
  if (!beyondAscii.test(text)) return text.toLowerCase().match(asciiWordPattern);
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().match(wordPattern);
}

import { colon, letterT, letterZ, point, quote, zero } from './ascii.ts';
import { addAscii, addByte, type Text } from './text.ts';
import { unusual } from './unusual.ts';

const dayLength = 86_400_000;
/** The first moment of the year 10000, in ms: before it years have four digits. */
const end = 253_402_300_800_000;

const mostDays = 4_096;
const days = new Map<number, string>();

/**
 * Adds a time, in ms since 1970, as `toISOString` writes it, between quotes. That function takes a good part of a microsecond;
 * here the text of a day is made once, and only the time of day anew.
 * @throws unusual for a time before 1970 or after the year 9999
 */
export function addDate(text: Text, time: number): void {
  if (!(time >= 0 && time < end)) throw unusual;
  const day = Math.floor(time / dayLength);
  const left = time - day * dayLength;
  addByte(text, quote);
  addAscii(text, days.get(day) ?? rememberDay(day));
  addPair(text, letterT, Math.floor(left / 3_600_000));
  addPair(text, colon, Math.floor(left / 60_000) % 60);
  addPair(text, colon, Math.floor(left / 1_000) % 60);
  addByte(text, point);
  addByte(text, zero + Math.floor((left % 1_000) / 100));
  addByte(text, zero + (Math.floor(left / 10) % 10));
  addByte(text, zero + (left % 10));
  addByte(text, letterZ);
  addByte(text, quote);
}

/** Forgets all when there are too many. */
function rememberDay(day: number): string {
  if (days.size >= mostDays) days.clear();
  const text = new Date(day * dayLength).toISOString().slice(0, 10);
  days.set(day, text);
  return text;
}

function addPair(text: Text, before: number, value: number): void {
  addByte(text, before);
  addByte(text, zero + Math.floor(value / 10));
  addByte(text, zero + (value % 10));
}

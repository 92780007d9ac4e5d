import { createBsonNames } from '@pipedesk/mongo';
import { unusual } from './unusual.ts';

/** Not very long, ASCII, written by JSON without escapes, and without a meaning of its own to BSON or JavaScript. */
const usual = /^[ !#%-[\]-~][ !#-[\]-~]{0,127}$/;

const names = createBsonNames((name) => usual.test(name) && name !== '__proto__');

/**
 * The name that begins at a place of a document and ends at a zero byte.
 * @throws unusual for one that is left to the slow way
 */
export function nameAt(bytes: Uint8Array, start: number): string {
  const name = names(bytes, start);
  if (name === undefined) throw unusual;
  return name;
}

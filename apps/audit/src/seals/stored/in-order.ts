import { unusual } from '../../bson-text/unusual.ts';
import type { Value } from './values-of-bson.ts';

/** For a number of values, the places that they had when so many were last sorted. Few numbers occur. */
const orders = new Map<number, number[]>();

/**
 * The values by the UTF-16 code units of their paths. Records with as many values mostly have the same ones: the order of the
 * last such is tried first, which costs one comparison a value, and sorting five.
 * @throws unusual for a path that comes twice: which of the two is meant is not left to chance
 */
export function inOrder(values: Value[]): Value[] {
  const order = orders.get(values.length);
  return (order && arranged(values, order)) ?? sorted(values);
}

/** The values as the places say; undefined when that is not by their paths. */
function arranged(values: Value[], order: number[]): Value[] | undefined {
  const result: Value[] = [];
  let last = '';
  for (const place of order) {
    const value = values[place];
    if (!value || value.path <= last) return undefined;
    last = value.path;
    result.push(value);
  }
  return result;
}

function sorted(values: Value[]): Value[] {
  const places = [...values.keys()].sort((one, other) =>
    pathAt(values, one) < pathAt(values, other) ? -1 : 1,
  );
  const result = arranged(values, places);
  if (!result) throw unusual;
  orders.set(values.length, places);
  return result;
}

function pathAt(values: Value[], place: number): string {
  return values[place]?.path ?? '';
}

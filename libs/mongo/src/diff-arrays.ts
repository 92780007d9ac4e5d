import { isDeepStrictEqual } from 'node:util';

/** Which elements of an array went, which came, and which stayed, by their places before and after. */
export interface Alignment {
  /** Places before. */
  removed: Set<number>;
  /** Places after. */
  added: Set<number>;
  /** Elements that stayed, though not always as they were: from place to place. */
  kept: [from: number, to: number][];
  /** One went and one came at this place, between the same neighbours. */
  isReplacement: (place: number) => boolean;
}

/** What names an element among its like, first that applies. */
const identities = ['id', 'entityId', 'email'];

/** Comparisons of one alignment; longer arrays that differ throughout are told as one value. */
const mostComparisons = 40_000;

/**
 * Aligns two arrays by their longest common subsequence, where elements of one identity are the same however much else of
 * them changed. Undefined where telling element by element would say less than the whole: an absent element cannot be told
 * from null, and very long arrays would take too long.
 */
export function alignElements(before: unknown[], after: unknown[]): Alignment | undefined {
  if ([...before, ...after].some((element) => element === null || element === undefined)) return undefined;
  const head = commonHead(before, after);
  const tail = commonHead(before.slice(head).reverse(), after.slice(head).reverse());
  const [old, fresh] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  if (old.length * fresh.length > mostComparisons) return undefined;
  const kept = longestCommon(old, fresh).map(([from, to]): [number, number] => [from + head, to + head]);
  const removed = others(old.length, head, new Set(kept.map(([from]) => from)));
  const added = others(fresh.length, head, new Set(kept.map(([, to]) => to)));
  const isReplacement = (place: number) =>
    removed.has(place) && added.has(place) && kept.every(([from, to]) => from < place === to < place);
  return { removed, added, kept, isReplacement };
}

function commonHead(one: unknown[], other: unknown[]): number {
  const differing = one.findIndex(
    (element, place) => place >= other.length || !isDeepStrictEqual(element, other[place]),
  );
  return differing < 0 ? one.length : differing;
}

/** The classic table: `length[i][j]` is how much the rests behind `i` and `j` have in common. */
function longestCommon(old: unknown[], fresh: unknown[]): [number, number][] {
  const isSame = old.map((one) => fresh.map((other) => areSame(one, other)));
  const length = Array.from({ length: old.length + 1 }, () => new Uint32Array(fresh.length + 1));
  const lengthAt = (i: number, j: number) => length[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = fresh.length - 1; j >= 0; j--) {
      const row = length[i];
      if (row)
        row[j] = isSame[i]?.[j]
          ? lengthAt(i + 1, j + 1) + 1
          : Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1));
    }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < old.length && j < fresh.length;) {
    if (isSame[i]?.[j]) pairs.push([i++, j++]);
    else if (lengthAt(i + 1, j) >= lengthAt(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}

function areSame(one: unknown, other: unknown): boolean {
  const identity = identityOf(one);
  return identity === undefined ? isDeepStrictEqual(one, other) : identity === identityOf(other);
}

function identityOf(element: unknown): unknown {
  if (typeof element !== 'object' || element === null) return undefined;
  const name = identities.find((field) => Object.hasOwn(element, field));
  return name === undefined ? undefined : (Reflect.get(element, name) as unknown);
}

function others(count: number, offset: number, taken: Set<number>): Set<number> {
  const places = Array.from({ length: count }, (_, place) => place + offset);
  return new Set(places.filter((place) => !taken.has(place)));
}

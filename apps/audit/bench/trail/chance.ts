/** Chance that repeats: the same seed gives the same trail. */
export interface Chance {
  /** From 0 to below 1. */
  next(): number;
  below(limit: number): number;
  pick<T>(some: readonly T[]): T;
  /** Words as texts have them: a few are everywhere, most are rare. */
  words(count: number): string;
}

const syllables = [
  'ka',
  'lo',
  'ven',
  'tri',
  'mor',
  'sa',
  'bel',
  'qui',
  'nor',
  'da',
  'fex',
  'ru',
  'pan',
  'ti',
  'ost',
  'ge',
];
const vocabulary = syllables.flatMap((a) => syllables.flatMap((b) => syllables.map((c) => a + b + c)));

export function createChance(seed: number): Chance {
  let state = seed;
  /** mulberry32: 32 bits of state are plenty for made-up records. */
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const word = () => vocabulary[Math.floor(vocabulary.length * next() ** 3)] ?? '';
  return {
    next,
    below,
    pick: <T>(some: readonly T[]) => {
      if (some.length === 0) throw new RangeError('there is nothing to pick');
      return some[below(some.length)] as T;
    },
    words: (count) => Array.from({ length: count }, word).join(' '),
  };
}

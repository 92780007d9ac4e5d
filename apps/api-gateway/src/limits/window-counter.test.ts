import { describe, expect, it } from '@jest/globals';
import { createWindowCounter } from './window-counter.ts';

const window = 60_000;
/** The beginning of some window. */
const start = 1_000 * window;

function buildCounter(capacity?: number) {
  let now = start;
  const counter = createWindowCounter({ window, clock: () => now, ...(capacity && { capacity }) });
  const add = (key: string, times: number) => {
    for (let time = 0; time < times; time++) counter.add(key);
  };
  return { counter, add, at: (ms: number) => void (now = start + ms) };
}

describe('a sliding window', () => {
  it('counts each key by itself', () => {
    const { counter, add } = buildCounter();
    add('a', 3);
    expect([counter.used('a'), counter.used('b')]).toEqual([3, 0]);
  });

  it('lets go of the last window bit by bit, and of all of it after two', () => {
    const { counter, add, at } = buildCounter();
    add('a', 8);
    at(window);
    expect(counter.used('a')).toBe(8);
    at(window * 1.25);
    expect(counter.used('a')).toBe(6);
    at(window * 2);
    expect(counter.used('a')).toBe(0);
  });

  it('never admits more than the quota within any minute, also across the turn of two windows', () => {
    const { counter, add, at } = buildCounter();
    at(window - 1);
    add('a', 10);
    at(window + 1);
    expect(counter.waitFor('a', 10)).toBeGreaterThan(0);
  });

  it.each([
    [0, 10],
    [30_000, 10],
    [59_000, 10],
    [10_000, 25],
    [90_000, 25],
  ])('tells at %i ms when there is room again after %i of 10: not before, and then', (when, times) => {
    const { counter, add, at } = buildCounter();
    at(when);
    add('a', times);
    const wait = counter.waitFor('a', 10);
    at(when + wait - 2);
    expect(counter.waitFor('a', 10)).toBeGreaterThan(0);
    at(when + wait + 2);
    expect(counter.waitFor('a', 10)).toBe(0);
  });

  it('survives a clock that jumps either way', () => {
    const { counter, add, at } = buildCounter();
    add('a', 5);
    at(10 * window);
    expect(counter.used('a')).toBe(0);
    add('a', 5);
    at(0);
    expect(counter.used('a')).toBe(0);
  });
});

describe('more keys than there is room for', () => {
  it('make it forget the oldest, so that nobody new is refused', () => {
    const { counter, add } = buildCounter(3);
    for (const key of ['a', 'b', 'c', 'd']) add(key, 2);
    expect(['a', 'b', 'c', 'd'].map(counter.used)).toEqual([0, 2, 2, 2]);
  });
});

describe('what several processes count', () => {
  it('is handed over once, window by window', () => {
    const { counter, add, at } = buildCounter();
    expect(counter.takeChanges()).toEqual([]);
    add('a', 2);
    at(window);
    add('a', 1);
    const changes = counter.takeChanges();
    expect(changes.map(({ index, counts }) => [index, counts.get('a')])).toEqual([
      [1_000, 2],
      [1_001, 1],
    ]);
    expect(counter.takeChanges()).toEqual([]);
  });

  it('adds up with what was counted since', () => {
    const { counter, add } = buildCounter();
    counter.takeChanges();
    add('a', 2);
    counter.takeChanges();
    add('a', 1);
    counter.merge(1_000, 'a', 7);
    expect(counter.used('a')).toBe(8);
  });

  it('never shrinks: a sum that misses what was counted here is no news', () => {
    const { counter, add } = buildCounter();
    counter.takeChanges();
    add('a', 5);
    counter.takeChanges();
    counter.merge(1_000, 'a', 2);
    expect(counter.used('a')).toBe(5);
  });

  it('counts for the last window too, and no longer for those before', () => {
    const { counter, at } = buildCounter();
    at(window);
    counter.merge(1_000, 'a', 7);
    counter.merge(999, 'b', 7);
    expect([counter.used('a'), counter.used('b')]).toEqual([7, 0]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { diffRecords } from './diff.ts';

describe('diffRecords', () => {
  it('finds nothing between equal records, whatever the order of their fields', () => {
    const a = { name: 'A', amount: { amount: 1, currency: 'USD' }, tags: ['x'], none: null };
    const b = { none: null, tags: ['x'], amount: { currency: 'USD', amount: 1 }, name: 'A' };
    expect(diffRecords(a, b)).toEqual([]);
  });

  it('names nested fields by their path', () => {
    const before = { amount: { amount: 1, currency: 'USD' }, deep: { a: { b: 1, c: 2 } } };
    const after = { amount: { amount: 2, currency: 'USD' }, deep: { a: { b: 1, c: 3 } } };
    expect(diffRecords(before, after)).toEqual([
      { field: 'amount.amount', before: 1, after: 2 },
      { field: 'deep.a.c', before: 2, after: 3 },
    ]);
  });

  it('takes an array as one value', () => {
    expect(diffRecords({ tags: ['a', 'b'] }, { tags: ['b', 'a'] })).toEqual([
      { field: 'tags', before: ['a', 'b'], after: ['b', 'a'] },
    ]);
    expect(diffRecords({ tags: [] }, { tags: {} })).toEqual([{ field: 'tags', before: [], after: {} }]);
  });

  it.each([
    ['null and absent are the same', { a: null }, {}, []],
    ['undefined counts as absent', { a: undefined }, { a: null }, []],
    [
      'null to object is one change',
      { a: null },
      { a: { b: 1 } },
      [{ field: 'a', before: null, after: { b: 1 } }],
    ],
    [
      'object to null is one change',
      { a: { b: 1 } },
      { a: null },
      [{ field: 'a', before: { b: 1 }, after: null }],
    ],
    ['a removed member', { a: { b: 1 } }, { a: {} }, [{ field: 'a.b', before: 1, after: null }]],
    ['an empty object is a value', {}, { a: {} }, [{ field: 'a', before: null, after: {} }]],
    [
      'zero, empty text and false are values',
      { a: 0, b: '', c: false },
      {},
      [
        { field: 'a', before: 0, after: null },
        { field: 'b', before: '', after: null },
        { field: 'c', before: false, after: null },
      ],
    ],
    ['a number is not its text', { a: 1 }, { a: '1' }, [{ field: 'a', before: 1, after: '1' }]],
  ])('%s', (_, before, after, expected) => {
    expect(diffRecords(before, after)).toEqual(expected);
  });

  it('is not confused by names of built-in members', () => {
    const hostile = JSON.parse('{"__proto__":{"x":1},"constructor":"c","toString":"t"}') as Record<
      string,
      unknown
    >;
    expect(diffRecords({}, hostile).map(({ field }) => field)).toEqual([
      '__proto__',
      'constructor',
      'toString',
    ]);
    expect(diffRecords(hostile, { ...hostile })).toEqual([]);
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });
});

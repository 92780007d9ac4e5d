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

  it.each([
    ['an added element', ['a'], ['a', 'b'], [{ field: 'tags.1', before: null, after: 'b' }]],
    ['one added in front', ['b', 'c'], ['a', 'b', 'c'], [{ field: 'tags.0', before: null, after: 'a' }]],
    ['a removed element', ['a', 'b', 'c'], ['a', 'c'], [{ field: 'tags.1', before: 'b', after: null }]],
    ['a replaced element', ['a', 'b', 'c'], ['a', 'x', 'c'], [{ field: 'tags.1', before: 'b', after: 'x' }]],
    [
      'a moved element, as gone and come',
      ['a', 'b', 'c'],
      ['b', 'c', 'a'],
      [
        { field: 'tags.0', before: 'a', after: null },
        { field: 'tags.2', before: null, after: 'a' },
      ],
    ],
    ['one of several equal ones', ['a', 'a'], ['a'], [{ field: 'tags.1', before: 'a', after: null }]],
    ['an array with null as one value', [null], ['a'], [{ field: 'tags', before: [null], after: ['a'] }]],
    ['an array in the place of an object', {}, [], [{ field: 'tags', before: {}, after: [] }]],
    ['an array that was not there', null, ['a'], [{ field: 'tags', before: null, after: ['a'] }]],
  ])('tells %s of an array', (_, before, after, expected) => {
    expect(diffRecords({ tags: before }, { tags: after })).toEqual(expected);
  });

  it('tells what changed inside an element that names itself, wherever it stands now', () => {
    const guests = [
      { email: 'ada@example.com', status: 'open' },
      { email: 'bob@example.com', status: 'open' },
    ];
    const after = [{ email: 'bob@example.com', status: 'accepted' }];
    expect(diffRecords({ guests }, { guests: after })).toEqual([
      { field: 'guests.0', before: guests[0], after: null },
      { field: 'guests.0.status', before: 'open', after: 'accepted' },
    ]);
  });

  it('takes very long arrays without anything in common as one value', () => {
    const [before, after] = ['a', 'b'].map((name) => Array.from({ length: 201 }, (_, n) => name + n));
    expect(diffRecords({ list: before }, { list: after })).toEqual([{ field: 'list', before, after }]);
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

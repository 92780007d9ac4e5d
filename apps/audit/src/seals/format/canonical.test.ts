import { describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonical } from './canonical.ts';

/** JSON as it can come: names that look like numbers, escapes, empty names, deep nests. */
const anything = fc.object({
  key: fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.nat().map(String)),
  values: [
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, '\u2028', '"\\\n'),
    fc.date({ noInvalidDate: true }),
  ],
  maxDepth: 4,
});

describe('the canonical JSON', () => {
  it('is that of the reference library, whatever the value', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(canonical(value)).toBe(canonicalize(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it('orders names by UTF-16 code units and not by number or code point', () => {
    const value = { 10: 1, 9: 2, '\u{1f600}': 3, '\ufb33': 4, a: { c: [], b: {} } };
    expect(canonical(value)).toBe('{"10":1,"9":2,"a":{"b":{},"c":[]},"\u{1f600}":3,"\ufb33":4}');
  });

  it('is that of the reference library, however many shapes of objects come and come again', () => {
    const shapes = Array.from({ length: 3_000 }, (_, index) => ({
      name: index,
      [`field ${index % 2_500}`]: { b: 1, a: [{}] },
      ...(index % 7 === 0 ? Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`many ${n}`, n])) : {}),
      ...(index % 5 === 0 ? { ['long'.repeat(20)]: index } : {}),
      ...(index % 3 === 0 ? { last: true } : { last: undefined }),
    }));
    const reversed = shapes.map((shape) => Object.fromEntries(Object.entries(shape).reverse()));
    const texts = shapes.map((shape) => canonicalize(shape));
    for (const some of [shapes, reversed, shapes]) expect(some.map(canonical)).toEqual(texts);
  });

  it('leaves out what JSON does', () => {
    expect(canonical({ a: undefined, b: [undefined], c: () => 1 })).toBe('{"b":[null]}');
    expect(canonical(undefined)).toBe('null');
  });

  it('refuses what JSON cannot say', () => {
    for (const value of [NaN, Infinity, 'half \ud800', { '\udc00': 1 }, [[{ a: NaN }]]])
      expect(() => canonical(value)).toThrow(/not allowed/);
    expect(canonical({ '\udc00': undefined })).toBe('{}');
  });

  it('takes any depth, and finds circles', () => {
    let deep: unknown = 'bottom';
    for (let level = 0; level < 20_000; level++) deep = [deep];
    expect(canonical(deep)).toBe(`${'['.repeat(20_000)}"bottom"${']'.repeat(20_000)}`);
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(() => canonical(circle)).toThrow(/[Cc]ircular/);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mongo } from 'mongoose';
import { inspect } from 'node:util';
import { readBson } from './read-bson.ts';

const { BSON } = mongo;

const name = fc.oneof(
  fc.constantFrom(
    'name',
    'amount',
    'before',
    '',
    '0',
    '7',
    '__proto__',
    'constructor',
    'toString',
    '$ref',
    '$id',
    '$db',
  ),
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\0', '')),
);
const odd = fc.constantFrom<unknown>(
  new BSON.ObjectId('65f000000000000000000001'),
  BSON.Decimal128.fromString('1.50'),
  new BSON.Binary(Buffer.from('bytes')),
  BSON.Long.fromString('9007199254740993'),
  BSON.Long.fromString('-9007199254740993'),
  new BSON.Timestamp({ t: 1, i: 2 }),
  /a+/i,
  undefined,
);
const scalar = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
  fc.integer(),
  fc.maxSafeInteger().map((value) => BSON.Long.fromNumber(value)),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.date({ noInvalidDate: true }),
);
const tree = fc.letrec<{ value: unknown; members: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { arbitrary: scalar, weight: 6 },
    { arbitrary: odd, weight: 1 },
    { arbitrary: fc.array(tie('value'), { maxLength: 4 }), weight: 2 },
    { arbitrary: tie('members'), weight: 2 },
  ),
  members: fc
    .uniqueArray(fc.tuple(name, tie('value')), { maxLength: 6, selector: ([key]) => key })
    .map((entries) => Object.fromEntries(entries)),
}));

const outcome = (read: () => unknown) => {
  try {
    // As text: no two invalid dates are equal.
    return { value: inspect(read(), { depth: Infinity, maxStringLength: null }) };
  } catch (error) {
    return { refused: error instanceof BSON.BSONError };
  }
};
const compare = (bytes: Uint8Array) =>
  expect(outcome(() => readBson(bytes))).toEqual(outcome(() => BSON.deserialize(bytes)));

describe('reading BSON', () => {
  it('gives what the library gives', () => {
    fc.assert(
      fc.property(tree.members, (document) => {
        compare(BSON.serialize(document));
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives or refuses what the library does, whatever the bytes', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(tree.members, changes, fc.nat(), (document, some, cut) => {
        const bytes = Buffer.from(BSON.serialize(document));
        for (const [at, byte] of some) bytes[at % bytes.length] = byte;
        compare(bytes);
        compare(bytes.subarray(0, cut % bytes.length));
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads a part of a larger buffer', () => {
    const bytes = Buffer.from(BSON.serialize({ name: 'Öl & Söhne', at: new Date(5), tags: ['a', 1, null] }));
    const within = Buffer.concat([Buffer.from('xyz'), bytes, Buffer.from('xyz')]);
    expect(readBson(within.subarray(3, 3 + bytes.length))).toEqual({
      name: 'Öl & Söhne',
      at: new Date(5),
      tags: ['a', 1, null],
    });
  });

  it('tells names apart that fall on one place', () => {
    // 'Aa' and 'BB' have one hash, as every Java programmer knows.
    const document = { Aa: 1, BB: 2, AaAa: 3, BBBB: 4, AaBB: 5 };
    expect(readBson(BSON.serialize(document))).toEqual(document);
  });

  it('keeps reading when it has seen more names than it remembers', () => {
    for (let from = 0; from < 20_000; from += 1_000) {
      const document = Object.fromEntries(
        Array.from({ length: 1_000 }, (_, index) => [`n${from + index}`, index]),
      );
      expect(readBson(BSON.serialize(document))).toEqual(document);
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import {
  Binary,
  BSONRegExp,
  Code,
  Decimal128,
  deserialize,
  Double,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
} from 'bson';
import {
  appendElements,
  arrayElement,
  MalformedBson,
  readBytes,
  readElements,
  readFlag,
  readInteger,
  readString,
  splitDocuments,
} from './raw-bson.ts';

const bson = (document: Record<string, unknown>) => Buffer.from(serialize(document));
const elementOf = (document: Record<string, unknown>) => {
  const doc = bson(document);
  const [element] = readElements(doc);
  if (!element) throw new Error('no element');
  return { doc, element };
};

describe('reading raw BSON', () => {
  it('steps over every type of element', () => {
    const values = {
      double: new Double(1.5),
      string: 'text',
      document: { a: 1 },
      array: [1, 2],
      binary: new Binary(Buffer.from('bytes')),
      id: new ObjectId(),
      yes: true,
      date: new Date(0),
      nothing: null,
      regex: new BSONRegExp('a.b', 'i'),
      code: new Code('f()'),
      scoped: new Code('f()', { x: 1 }),
      int: 1,
      stamp: new Timestamp({ t: 1, i: 1 }),
      long: Long.fromNumber(5),
      decimal: Decimal128.fromString('1.1'),
      min: new MinKey(),
      max: new MaxKey(),
      last: 'end',
    };
    const elements = readElements(bson(values));
    expect(elements.map(({ name }) => name)).toEqual(Object.keys(values));
  });

  it('reads the values that route a command', () => {
    const text = elementOf({ $db: 'größe' });
    expect(readString(text.doc, text.element)).toBe('größe');
    const numbers = [7, new Double(7), Long.fromNumber(7)].map((n) => elementOf({ n }));
    expect(numbers.map(({ doc, element }) => readInteger(doc, element))).toEqual([7n, 7n, 7n]);
    const flags = [true, 1, false, 0].map((f) => elementOf({ f }));
    expect(flags.map(({ doc, element }) => readFlag(doc, element))).toEqual([true, true, false, false]);
    const binary = elementOf({ b: new Binary(Buffer.from('abc')) });
    expect(readBytes(binary.doc, binary.element).toString()).toBe('abc');
  });

  it('refuses documents whose lengths do not add up', () => {
    const damaged = (change: (doc: Buffer) => void) => {
      const doc = bson({ name: 'value', n: 1 });
      change(doc);
      return () => readElements(doc);
    };
    expect(damaged((doc) => doc.writeInt32LE(doc.length + 1, 0))).toThrow(MalformedBson);
    expect(damaged((doc) => doc.writeInt32LE(-1, 10))).toThrow(MalformedBson);
    expect(damaged((doc) => doc.writeInt32LE(1_000_000, 10))).toThrow(MalformedBson);
    expect(damaged((doc) => doc.fill(1, doc.length - 1))).toThrow(MalformedBson);
    expect(damaged((doc) => doc.writeUInt8(0x66, 4))).toThrow(MalformedBson);
  });
});

describe('rewriting raw BSON', () => {
  it('appends elements to a document', () => {
    const sequence = Buffer.concat([bson({ _id: 1 }), bson({ _id: 2 })]);
    const whole = appendElements(bson({ insert: 'c' }), arrayElement('documents', sequence));
    expect(deserialize(whole)).toEqual({ insert: 'c', documents: [{ _id: 1 }, { _id: 2 }] });
  });

  it('splits a sequence, and refuses one that ends inside a document', () => {
    const sequence = Buffer.concat([bson({ a: 1 }), bson({ b: 'two' })]);
    expect([...splitDocuments(sequence)].map((one) => deserialize(one))).toEqual([{ a: 1 }, { b: 'two' }]);
    expect(() => [...splitDocuments(sequence.subarray(0, -1))]).toThrow(MalformedBson);
  });
});

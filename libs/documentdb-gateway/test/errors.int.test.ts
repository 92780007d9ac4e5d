import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Collection, Document, MongoBulkWriteError } from 'mongodb';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';

describe('errors', () => {
  let fixture: GatewayFixture;
  let people: Collection<{ _id: string | number } & Document>;
  beforeAll(async () => {
    fixture = await startFixture();
    people = fixture.db.collection('people');
    await people.createIndex({ org: 1, 'contact.email': 1 }, { unique: true, name: 'org_email' });
    await people.insertOne({ _id: 1, org: 'x', contact: { email: 'a@example.com' } });
  });
  afterAll(() => fixture.close());

  const taken = { org: 'x', contact: { email: 'a@example.com' } };
  const duplicate = {
    code: 11000,
    keyPattern: { org: 1, 'contact.email': 1 },
    keyValue: { org: 'x', 'contact.email': 'a@example.com' },
  };

  it('names the collection, the index and the values of a duplicate key', async () => {
    const namespace = `${fixture.db.databaseName}.people`;
    await expect(people.insertOne({ _id: 2, ...taken })).rejects.toMatchObject({
      ...duplicate,
      message: `E11000 duplicate key error collection: ${namespace} index: org_email dup key: { org: "x", contact.email: "a@example.com" }`,
    });
    await expect(people.insertOne({ _id: 1, org: 'y' })).rejects.toMatchObject({
      code: 11000,
      message: `E11000 duplicate key error collection: ${namespace} index: _id_ dup key: { _id: 1 }`,
      keyPattern: { _id: 1 },
      keyValue: { _id: 1 },
    });
  });

  it('tells a duplicate key of an update, an upsert and a findAndModify alike', async () => {
    await people.insertOne({ _id: 3, org: 'z' });
    const update = { $set: { org: 'x', 'contact.email': 'a@example.com' } };
    await expect(people.updateOne({ _id: 3 }, update)).rejects.toMatchObject(duplicate);
    await expect(people.updateOne({ _id: 4 }, update, { upsert: true })).rejects.toMatchObject(duplicate);
    await expect(people.findOneAndUpdate({ _id: 5 }, update, { upsert: true })).rejects.toMatchObject({
      ...duplicate,
      codeName: 'DuplicateKey',
    });
  });

  it('goes on after duplicates in an unordered insert, and stops at the first in an ordered one', async () => {
    const batch = () => Array.from({ length: 200 }, (_, i) => ({ _id: 1000 + i, org: `o${i}` }));
    await people.insertMany(batch().filter((_, i) => i % 2 === 0));
    const unordered = await people.insertMany(batch(), { ordered: false }).catch((error: unknown) => error);
    const { writeErrors, insertedCount } = unordered as MongoBulkWriteError;
    expect(insertedCount).toBe(100);
    expect([writeErrors].flat().map(({ index, code }) => [index, code])).toEqual(
      Array.from({ length: 100 }, (_, i) => [i * 2, 11000]),
    );
    const ordered = await people
      .insertMany([{ _id: 5000, org: 'n' }, { _id: 1 }, { _id: 5001 }])
      .catch((error: unknown) => error);
    expect(ordered).toMatchObject({ code: 11000, insertedCount: 1, writeErrors: [{ index: 1 }] });
  });

  it('refuses what a validator forbids with 121', async () => {
    await fixture.db.createCollection('valid', { validator: { $jsonSchema: { required: ['name'] } } });
    const valid = fixture.db.collection('valid');
    await expect(valid.insertOne({ n: 1 })).rejects.toMatchObject({ code: 121 });
    await valid.insertOne({ name: 'a' });
    await expect(valid.updateOne({ name: 'a' }, { $unset: { name: 1 } })).rejects.toMatchObject({
      code: 121,
    });
    await expect(valid.findOneAndUpdate({ name: 'a' }, { $unset: { name: 1 } })).rejects.toMatchObject({
      code: 121,
      codeName: 'DocumentValidationFailure',
    });
  });

  const cases: [string, () => Promise<unknown>, number, string][] = [
    ['an unknown command', () => fixture.db.command({ frobnicate: 1 }), 59, 'CommandNotFound'],
    ['an unknown operator', () => people.findOne({ a: { $frob: 1 } }), 2, 'BadValue'],
    ['an unknown stage', () => people.aggregate([{ $frob: 1 }]).toArray(), 40324, 'Location40324'],
    ['a bad regular expression', () => people.findOne({ a: { $regex: '(' } }), 51091, 'Location51091'],
    ['the indexes of no collection', () => fixture.db.collection('none').indexes(), 26, 'NamespaceNotFound'],
    ['the drop of no index', () => people.dropIndex('none'), 27, 'IndexNotFound'],
    [
      'an index with the name of another',
      () => people.createIndex({ b: 1 }, { name: 'org_email' }),
      86,
      'IndexKeySpecsConflict',
    ],
    [
      'an index with another name',
      () => people.createIndex({ org: 1, 'contact.email': 1 }, { name: 'n', unique: true }),
      85,
      'IndexOptionsConflict',
    ],
    [
      'a collection that is there',
      () => fixture.db.createCollection('people', { validator: { a: 1 } }),
      48,
      'NamespaceExists',
    ],
    [
      'no such cursor',
      () => fixture.db.command({ getMore: 4711n, collection: 'people' }),
      43,
      'CursorNotFound',
    ],
    [
      'a capped collection',
      () => fixture.db.createCollection('c', { capped: true, size: 1 }),
      115,
      'CommandNotSupported',
    ],
    [
      'a field of the wrong type',
      () => fixture.db.command({ aggregate: 'people', pipeline: 1, cursor: {} }),
      14,
      'TypeMismatch',
    ],
  ];
  it.each(cases)('answers %s with its code', async (_, run, code, codeName) => {
    await expect(run()).rejects.toMatchObject({ code, codeName });
  });

  it('tells the codes of single failed updates', async () => {
    const failing = async (update: Document) => {
      const error = await people.updateOne({ _id: 1 }, update).catch((failure: unknown) => failure);
      return (error as { code: number }).code;
    };
    expect(await failing({ $set: { a: 1 }, $inc: { a: 1 } })).toBe(40);
    expect(await failing({ $inc: { org: 1 } })).toBe(14);
    expect(await failing({ $set: { _id: 9 } })).toBe(66);
    expect(await failing({ $frob: { a: 1 } })).toBe(9);
  });

  it('stops a command at its maxTimeMS with 50', async () => {
    await fixture.db.collection('slow').insertMany(Array.from({ length: 300 }, (_, i) => ({ i })));
    const slow = fixture.db.collection('slow').aggregate(
      [
        {
          $set: {
            r: {
              $reduce: {
                input: { $range: [0, 200_000] },
                initialValue: 0,
                in: { $add: ['$$value', '$$this'] },
              },
            },
          },
        },
        { $group: { _id: null, sum: { $sum: '$r' } } },
      ],
      { maxTimeMS: 50 },
    );
    await expect(slow.toArray()).rejects.toMatchObject({ code: 50, codeName: 'MaxTimeMSExpired' });
  });

  it('leaves the connection usable after any of them', async () => {
    const single = await fixture.connect({ maxPoolSize: 1 });
    const collection = single.db(fixture.db.databaseName).collection('people');
    await expect(collection.aggregate([{ $frob: 1 }]).toArray()).rejects.toThrow();
    expect(await collection.countDocuments({ org: 'x' })).toBe(1);
  });
});

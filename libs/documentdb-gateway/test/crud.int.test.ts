import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Binary,
  Decimal128,
  Double,
  Int32,
  Long,
  ObjectId,
  Timestamp,
  UUID,
  type Collection,
  type Document,
} from 'mongodb';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';

describe('reading and writing documents', () => {
  let fixture: GatewayFixture;
  let deals: Collection<{ _id: string | number } & Document>;
  beforeAll(async () => {
    fixture = await startFixture();
    deals = fixture.db.collection('deals');
  });
  afterAll(() => fixture.close());

  it('stores a document and finds it again', async () => {
    const { insertedId } = await deals.insertOne({ _id: 'one', name: 'First', tags: ['a', 'b'] });
    expect(insertedId).toBe('one');
    expect(await deals.findOne({ tags: 'b' })).toEqual({ _id: 'one', name: 'First', tags: ['a', 'b'] });
  });

  it('keeps every type of a value as it was written', async () => {
    const values = {
      int: new Int32(7),
      long: Long.fromString('9007199254740993'),
      smallLong: Long.fromNumber(7),
      double: new Double(7),
      decimal: Decimal128.fromString('1.10'),
      date: new Date('2026-01-02T03:04:05.678Z'),
      id: new ObjectId(),
      uuid: new UUID(),
      bytes: new Binary(Buffer.from([0, 1, 255])),
      stamp: new Timestamp({ t: 1, i: 2 }),
      regex: /^a.b$/i,
      text: 'Grüße, 世界 \u0000 🙂',
      nothing: null,
      nested: { empty: {}, list: [[], [{}]] },
    };
    await deals.insertOne({ _id: 'types', ...values });
    const found = await deals.findOne({ _id: 'types' }, { promoteValues: false });
    expect(found).toEqual({ _id: 'types', ...values, text: expect.anything(), nothing: null });
    expect(String(found?.text)).toBe(values.text);
  });

  it('changes one document by operators and reports what it did', async () => {
    await deals.insertOne({ _id: 'change', version: 1, log: [] });
    const result = await deals.updateOne(
      { _id: 'change', version: 1 },
      { $set: { stage: 'won' }, $inc: { version: 1 }, $push: { log: { at: 1 } } as never },
    );
    expect(result).toMatchObject({ matchedCount: 1, modifiedCount: 1 });
    expect(await deals.findOne({ _id: 'change' })).toEqual({
      _id: 'change',
      version: 2,
      log: [{ at: 1 }],
      stage: 'won',
    });
    expect(await deals.updateOne({ _id: 'change', version: 1 }, { $inc: { version: 1 } })).toMatchObject({
      matchedCount: 0,
    });
  });

  it('inserts what an upsert does not find', async () => {
    const first = await deals.updateOne(
      { _id: 'upsert' },
      { $setOnInsert: { by: 1 }, $set: { n: 1 } },
      { upsert: true },
    );
    const second = await deals.updateOne(
      { _id: 'upsert' },
      { $setOnInsert: { by: 2 }, $set: { n: 2 } },
      { upsert: true },
    );
    expect([first.upsertedId, second.upsertedId]).toEqual(['upsert', null]);
    expect(await deals.findOne({ _id: 'upsert' })).toEqual({ _id: 'upsert', by: 1, n: 2 });
  });

  it('updates by pipeline and by array filters', async () => {
    await deals.insertOne({
      _id: 'filters',
      amount: 4,
      lines: [
        { sku: 'a', n: 1 },
        { sku: 'b', n: 1 },
      ],
    });
    await deals.updateOne({ _id: 'filters' }, [{ $set: { double: { $multiply: ['$amount', 2] } } }]);
    await deals.updateOne(
      { _id: 'filters' },
      { $set: { 'lines.$[x].n': 9 } },
      { arrayFilters: [{ 'x.sku': 'b' }] },
    );
    expect(await deals.findOne({ _id: 'filters' })).toMatchObject({ double: 8, lines: [{ n: 1 }, { n: 9 }] });
  });

  it('finds and changes in one step, giving the old or the new document', async () => {
    await deals.insertOne({ _id: 'fam', n: 1 });
    expect(await deals.findOneAndUpdate({ _id: 'fam' }, { $inc: { n: 1 } })).toEqual({ _id: 'fam', n: 1 });
    expect(
      await deals.findOneAndUpdate({ _id: 'fam' }, { $inc: { n: 1 } }, { returnDocument: 'after' }),
    ).toEqual({ _id: 'fam', n: 3 });
    expect(await deals.findOneAndReplace({ _id: 'fam' }, { m: 1 }, { returnDocument: 'after' })).toEqual({
      _id: 'fam',
      m: 1,
    });
    expect(await deals.findOneAndDelete({ _id: 'fam' })).toEqual({ _id: 'fam', m: 1 });
    expect(await deals.findOneAndDelete({ _id: 'fam' })).toBeNull();
  });

  it('runs a mixed bulk write', async () => {
    const result = await deals.bulkWrite([
      { insertOne: { document: { _id: 'bulk-1', n: 1 } } },
      { updateOne: { filter: { _id: 'bulk-1' }, update: { $inc: { n: 1 } } } },
      { updateOne: { filter: { _id: 'bulk-2' }, update: { $set: { n: 5 } }, upsert: true } },
      { replaceOne: { filter: { _id: 'bulk-2' }, replacement: { n: 6 } } },
      { deleteOne: { filter: { _id: 'bulk-1' } } },
    ]);
    expect(result).toMatchObject({ insertedCount: 1, matchedCount: 2, upsertedCount: 1, deletedCount: 1 });
    expect(await deals.findOne({ _id: 'bulk-2' })).toEqual({ _id: 'bulk-2', n: 6 });
  });

  it('counts, lists distinct values, and deletes many', async () => {
    const many = fixture.db.collection('many');
    await many.insertMany(Array.from({ length: 30 }, (_, i) => ({ g: i % 3, n: i })));
    expect(await many.countDocuments({ g: 1 })).toBe(10);
    expect(await many.estimatedDocumentCount()).toBe(30);
    expect((await many.distinct('g')).sort()).toEqual([0, 1, 2]);
    expect(await many.updateMany({ g: 2 }, { $set: { z: 1 } })).toMatchObject({ modifiedCount: 10 });
    expect(await many.deleteMany({ g: { $in: [0, 1] } })).toMatchObject({ deletedCount: 20 });
  });

  it('acknowledges majority and journaled writes, and carries out unacknowledged ones', async () => {
    await deals.insertOne(
      { _id: 'majority' },
      { writeConcern: { w: 'majority', journal: true, wtimeoutMS: 1000 } },
    );
    const result = await deals.insertOne({ _id: 'unacknowledged' }, { writeConcern: { w: 0 } });
    expect(result.acknowledged).toBe(false);
    // The same connection serves its requests in order, so the write is done once a later command is answered.
    const found = await deals.find({ _id: { $in: ['majority', 'unacknowledged'] } }).toArray();
    expect(found.length).toBeGreaterThanOrEqual(1);
    expect(await deals.findOne({ _id: 'unacknowledged' })).toEqual({ _id: 'unacknowledged' });
  });
});

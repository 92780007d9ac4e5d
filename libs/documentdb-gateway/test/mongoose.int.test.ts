import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import mongoose, { Schema, type Connection } from 'mongoose';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';

const dealSchema = new Schema(
  {
    name: { type: String, required: true },
    tenant: String,
    version: { type: Number, default: 1 },
    amount: Schema.Types.BigInt,
    notes: [{ text: String }],
    labels: { type: Map, of: String },
  },
  { timestamps: true, optimisticConcurrency: true },
);
dealSchema.index({ tenant: 1, name: 1 }, { unique: true });

describe('mongoose', () => {
  let fixture: GatewayFixture;
  let connection: Connection;
  const connect = async () => {
    fixture = await startFixture();
    connection = await mongoose
      .createConnection(fixture.gateway.uri, { dbName: fixture.db.databaseName })
      .asPromise();
    await dealModel().init();
  };
  const dealModel = () => connection.model('Deal', dealSchema);
  beforeAll(connect);
  afterAll(async () => {
    await connection.close();
    await fixture.close();
  });

  it('saves, finds, changes and deletes a document', async () => {
    const Deal = dealModel();
    const deal = await Deal.create({
      name: 'One',
      tenant: 'a',
      amount: 9_007_199_254_740_993n,
      labels: { x: 'y' },
    });
    deal.notes.push({ text: 'called' });
    await deal.save();
    const found = await Deal.findOne({ name: 'One' }).orFail();
    expect(found.toObject()).toMatchObject({
      amount: 9_007_199_254_740_993n,
      notes: [{ text: 'called' }],
      version: 1,
    });
    expect(found.labels?.get('x')).toBe('y');
    expect(await Deal.deleteOne({ _id: deal._id })).toMatchObject({ deletedCount: 1 });
  });

  it('builds its indexes and reports a duplicate with its key', async () => {
    const Deal = dealModel();
    expect((await Deal.listIndexes()).map(({ name }: { name?: string }) => name)).toContain(
      'tenant_1_name_1',
    );
    expect(await Deal.syncIndexes()).toEqual([]);
    await Deal.create({ name: 'Twice', tenant: 'a' });
    await expect(Deal.create({ name: 'Twice', tenant: 'a' })).rejects.toMatchObject({
      code: 11000,
      keyPattern: { tenant: 1, name: 1 },
      keyValue: { tenant: 'a', name: 'Twice' },
    });
  });

  it('notices that someone else changed a document', async () => {
    const Deal = dealModel();
    await Deal.create({ name: 'Contested', tenant: 'b' });
    const [mine, theirs] = [
      await Deal.findOne({ name: 'Contested' }).orFail(),
      await Deal.findOne({ name: 'Contested' }).orFail(),
    ];
    theirs.version = 2;
    await theirs.save();
    mine.version = 3;
    await expect(mine.save()).rejects.toMatchObject({ name: 'VersionError' });
  });

  it('runs a transaction over several models, and takes all of it back', async () => {
    const Deal = dealModel();
    const Event = connection.model('Event', new Schema({ of: String }));
    await connection.transaction(async (session) => {
      await Deal.create([{ name: 'InTransaction', tenant: 'c' }], { session });
      await Event.create([{ of: 'InTransaction' }], { session });
    });
    const failed = connection.transaction(async (session) => {
      await Deal.updateOne({ name: 'InTransaction' }, { tenant: 'd' }, { session });
      throw new Error('changed my mind');
    });
    await expect(failed).rejects.toThrow('changed my mind');
    expect(await Deal.findOne({ name: 'InTransaction' }).lean()).toMatchObject({ tenant: 'c' });
    expect(await Event.countDocuments()).toBe(1);
  });

  it('streams a query, populates, aggregates and writes in bulk', async () => {
    const Company = connection.model(
      'Company',
      new Schema({ name: String, best: { type: Schema.Types.ObjectId, ref: 'Deal' } }),
    );
    const Deal = dealModel();
    const best = await Deal.create({ name: 'Best', tenant: 'p' });
    await Company.bulkWrite([{ insertOne: { document: { name: 'Acme', best: best._id } } }]);
    const acme = await Company.findOne({ name: 'Acme' })
      .populate<{ best: { name: string } }>('best')
      .orFail();
    expect(acme.best.name).toBe('Best');
    await Deal.insertMany(Array.from({ length: 250 }, (_, i) => ({ name: `Many ${i}`, tenant: 'm' })));
    let streamed = 0;
    for await (const deal of Deal.find({ tenant: 'm' }).batchSize(40).cursor())
      streamed += deal.name.startsWith('Many') ? 1 : 0;
    expect(streamed).toBe(250);
    expect(await Deal.aggregate([{ $match: { tenant: 'm' } }, { $count: 'n' }])).toEqual([{ n: 250 }]);
  });
});

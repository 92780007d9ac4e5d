import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';

describe('many clients at once', () => {
  let fixture: GatewayFixture;
  let clients: MongoClient[];
  beforeAll(async () => {
    fixture = await startFixture({ poolSize: 4 });
    clients = await Promise.all(Array.from({ length: 30 }, () => fixture.connect({ maxPoolSize: 10 })));
  });
  afterAll(() => fixture.close());

  const each = <T>(work: (client: MongoClient, i: number) => Promise<T>) => Promise.all(clients.map(work));
  const collectionOf = (client: MongoClient, name: string) =>
    client.db(fixture.db.databaseName).collection<{ _id: number | string; n?: number }>(name);

  it('each write what it means to, into collections that are made on the way', async () => {
    await each((client, i) =>
      Promise.all(
        Array.from({ length: 20 }, (_, j) =>
          collectionOf(client, `made${j % 4}`).insertOne({ _id: i * 100 + j }),
        ),
      ),
    );
    const counts = await Promise.all(
      [0, 1, 2, 3].map((i) => fixture.db.collection(`made${i}`).countDocuments()),
    );
    expect(counts).toEqual([150, 150, 150, 150]);
  });

  it('lose no increment of one document', async () => {
    await each((client) =>
      Promise.all(
        Array.from({ length: 10 }, () =>
          collectionOf(client, 'hot').updateOne({ _id: 'x' }, { $inc: { n: 1 } }, { upsert: true }),
        ),
      ),
    );
    expect(await fixture.db.collection('hot').find().toArray()).toEqual([{ _id: 'x', n: 300 }]);
  });

  it('win a version check one at a time', async () => {
    await collectionOf(fixture.client, 'versions').insertOne({ _id: 'v', n: 0 });
    const results = await each((client) =>
      collectionOf(client, 'versions').updateOne({ _id: 'v', n: 0 }, { $inc: { n: 1 } }),
    );
    expect(results.filter(({ modifiedCount }) => modifiedCount === 1)).toHaveLength(1);
  });

  it('never mix up their answers', async () => {
    await collectionOf(fixture.client, 'own').insertMany(clients.map((_, _id) => ({ _id, n: _id * 7 })));
    await each(async (client, i) => {
      for (let round = 0; round < 20; round += 1) {
        expect(await collectionOf(client, 'own').findOne({ _id: i })).toEqual({ _id: i, n: i * 7 });
      }
    });
  });

  it('create the same collection and the same indexes at the same time, as services do that start together', async () => {
    await each(async (client) => {
      const db = client.db(fixture.db.databaseName);
      await db.createCollection('shared', { validator: { $jsonSchema: { required: ['a'] } } });
      await db
        .collection('shared')
        .createIndexes([{ key: { a: 1 }, unique: true }, { key: { a: 1, b: -1 } }]);
    });
    const indexes = await fixture.db.collection('shared').indexes();
    expect(indexes.map(({ name }) => name).sort()).toEqual(['_id_', 'a_1', 'a_1_b_-1']);
  });

  it('open more transactions than there are connections without a deadlock', async () => {
    await each((client, i) =>
      client.withSession((session) =>
        session.withTransaction(async () => {
          await collectionOf(client, 'parallel').insertOne({ _id: i }, { session });
          await collectionOf(client, 'parallel').findOne({ _id: i }, { session });
        }),
      ),
    );
    expect(await fixture.db.collection('parallel').countDocuments()).toBe(30);
  });
});

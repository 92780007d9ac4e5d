import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';

describe('indexes and collections', () => {
  let fixture: GatewayFixture;
  let items: Collection<Document>;
  beforeAll(async () => {
    fixture = await startFixture();
    items = fixture.db.collection('items');
    await items.insertMany(
      Array.from({ length: 500 }, (_, n) => ({
        n,
        tenant: n % 5,
        key: `k${1000 + n}`,
        text: `word${n % 10} filler`,
      })),
    );
  });
  afterAll(() => fixture.close());

  const namesOf = async (collection: Collection<Document>) =>
    (await collection.indexes()).map(({ name }) => name).sort();

  it('builds, lists and drops indexes of every kind the product uses', async () => {
    const made = await items.createIndexes([
      { key: { tenant: 1, key: -1 }, name: 'feed' },
      { key: { n: 1 }, name: 'partial', unique: true, partialFilterExpression: { n: { $gte: 0 } } },
      { key: { rare: 1 }, name: 'sparse', sparse: true },
      { key: { at: 1 }, name: 'ttl', expireAfterSeconds: 3600 },
      { key: { text: 'text' }, name: 'words' },
      { key: { '$**': 1 }, name: 'wild' },
    ]);
    expect(made).toEqual(['feed', 'partial', 'sparse', 'ttl', 'words', 'wild']);
    expect(await namesOf(items)).toEqual(['_id_', 'feed', 'partial', 'sparse', 'ttl', 'wild', 'words']);
    await items.dropIndex('wild');
    expect(await namesOf(items)).not.toContain('wild');
  });

  it('reports an index built twice as built', async () => {
    await items.createIndex({ again: 1 });
    await items.createIndex({ again: 1 });
    expect((await namesOf(items)).filter((name) => name === 'again_1')).toHaveLength(1);
  });

  it('reads a page in index order', async () => {
    await items.createIndex({ tenant: 1, key: -1 }, { name: 'feed' });
    const page = await items
      .find({ tenant: 2, key: { $lt: 'k1400' } })
      .sort({ key: -1 })
      .limit(3)
      .toArray();
    expect(page.map(({ key }) => key as string)).toEqual(['k1397', 'k1392', 'k1387']);
    const plan = await items.find({ tenant: 2 }).sort({ key: -1 }).limit(3).explain();
    expect(JSON.stringify(plan.queryPlanner)).toContain('"feed"');
  });

  it('explains without running when asked for the plan only', async () => {
    const plan = await items.find({ tenant: 2 }).explain('queryPlanner');
    expect(plan).toMatchObject({ queryPlanner: { namespace: `${fixture.db.databaseName}.items` }, ok: 1 });
    expect(plan).not.toHaveProperty('executionStats');
    const stats = await items.aggregate([{ $match: { n: { $lt: 10 } } }]).explain('executionStats');
    expect(stats).toMatchObject({ executionStats: { nReturned: 10 } });
  });

  it('searches text', async () => {
    await items.createIndex({ text: 'text' }, { name: 'words' });
    expect(await items.countDocuments({ $text: { $search: 'word3' } })).toBe(50);
  });

  it('enforces uniqueness of a partial index within its filter only', async () => {
    const links = fixture.db.collection('links');
    await links.createIndex({ slug: 1 }, { unique: true, partialFilterExpression: { deleted: false } });
    await links.insertOne({ slug: 'a', deleted: false });
    await links.insertOne({ slug: 'a', deleted: true });
    await expect(links.insertOne({ slug: 'a', deleted: false })).rejects.toMatchObject({ code: 11000 });
  });

  it('refuses a unique index over duplicates', async () => {
    await expect(items.createIndex({ tenant: 1 }, { unique: true })).rejects.toMatchObject({ code: 11000 });
    expect(await namesOf(items)).not.toContain('tenant_1');
  });

  it('builds indexes of many collections at once, while they are written to', async () => {
    const collections = Array.from({ length: 6 }, (_, i) => fixture.db.collection(`busy${i}`));
    await Promise.all(
      collections.flatMap((collection) => [
        collection.insertMany([{ a: 1 }, { a: 2 }]),
        collection.createIndex({ a: 1, b: 1 }),
        collection.createIndex({ b: -1 }),
        collection.insertMany([{ a: 3 }, { a: 4 }]),
      ]),
    );
    for (const collection of collections) {
      expect(await namesOf(collection)).toEqual(['_id_', 'a_1_b_1', 'b_-1']);
      expect(await collection.countDocuments()).toBe(4);
    }
  });

  it('creates, lists, renames, changes and drops collections', async () => {
    await fixture.db.createCollection('made', { validator: { a: { $exists: true } } });
    await fixture.db.command({ collMod: 'made', validator: {} });
    await fixture.db.collection('made').insertOne({ b: 1 });
    await fixture.db.collection('made').rename('renamed');
    const names = (await fixture.db.listCollections({}, { nameOnly: true }).toArray()).map(
      ({ name }) => name,
    );
    expect(names).toContain('renamed');
    expect(await fixture.db.collection('renamed').drop()).toBe(true);
    expect(await fixture.db.listCollections({ name: 'renamed' }).toArray()).toEqual([]);
  });

  it('lists databases and tells statistics', async () => {
    const { databases } = await fixture.client.db('admin').admin().listDatabases();
    expect(databases.map(({ name }) => name)).toContain(fixture.db.databaseName);
    expect(await fixture.db.stats()).toMatchObject({ db: fixture.db.databaseName, ok: 1 });
    expect(await fixture.db.command({ collStats: 'items' })).toMatchObject({ count: 500 });
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';

describe('aggregation', () => {
  let fixture: GatewayFixture;
  let deals: Collection<{ _id: number } & Document>;
  beforeAll(async () => {
    fixture = await startFixture();
    deals = fixture.db.collection('deals');
    await deals.insertMany(
      Array.from({ length: 12 }, (_, i) => ({
        _id: i,
        stage: i % 3 === 0 ? 'won' : 'open',
        amount: i * 10,
        company: i % 2,
      })),
    );
    await fixture.db.collection<{ _id: number; name: string }>('companies').insertMany([
      { _id: 0, name: 'Even' },
      { _id: 1, name: 'Odd' },
    ]);
  });
  afterAll(() => fixture.close());

  it('groups and sums', async () => {
    const sums = await deals
      .aggregate([
        { $group: { _id: '$stage', total: { $sum: '$amount' }, count: { $sum: 1 } } },
        { $sort: { _id: 1 } },
      ])
      .toArray();
    expect(sums).toEqual([
      { _id: 'open', total: 480, count: 8 },
      { _id: 'won', total: 180, count: 4 },
    ]);
  });

  it('joins another collection', async () => {
    const joined = await deals
      .aggregate([
        { $match: { _id: { $in: [3, 4] } } },
        { $lookup: { from: 'companies', localField: 'company', foreignField: '_id', as: 'companies' } },
        { $sort: { _id: 1 } },
        { $project: { name: { $first: '$companies.name' } } },
      ])
      .toArray();
    expect(joined).toEqual([
      { _id: 3, name: 'Odd' },
      { _id: 4, name: 'Even' },
    ]);
  });

  it('answers several questions by facets', async () => {
    const [facets] = await deals
      .aggregate([
        {
          $facet: {
            count: [{ $count: 'n' }],
            top: [{ $sort: { amount: -1 } }, { $limit: 1 }, { $project: { _id: 1 } }],
          },
        },
      ])
      .toArray();
    expect(facets).toEqual({ count: [{ n: 12 }], top: [{ _id: 11 }] });
  });

  it('computes over windows and unions', async () => {
    const running = await deals
      .aggregate([
        {
          $setWindowFields: {
            sortBy: { _id: 1 },
            output: { sum: { $sum: '$amount', window: { documents: ['unbounded', 'current'] } } },
          },
        },
        { $match: { _id: 3 } },
        { $unionWith: { coll: 'companies', pipeline: [{ $match: { _id: 0 } }] } },
      ])
      .toArray();
    expect(running).toMatchObject([{ _id: 3, sum: 60 }, { name: 'Even' }]);
  });

  it('writes its result to a collection', async () => {
    await deals.aggregate([{ $match: { stage: 'won' } }, { $out: 'won' }]).toArray();
    expect(await fixture.db.collection('won').countDocuments()).toBe(4);
    await deals.aggregate([{ $match: { _id: 1 } }, { $merge: { into: 'won' } }]).toArray();
    expect(await fixture.db.collection('won').countDocuments()).toBe(5);
  });
});

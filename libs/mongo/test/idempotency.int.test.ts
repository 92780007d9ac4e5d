import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { conflict } from '@pipedesk/service-kit';
import type { Connection } from '../src/index.ts';
import {
  buildContext,
  buildDeal,
  type DealRepository,
  openDatabase,
  openDeals,
  outboxOf,
  problemOf,
  stored,
} from './fixture.ts';

let connection: Connection;
let close: () => Promise<void>;
let deals: DealRepository;

beforeAll(async () => {
  ({ connection, close } = await openDatabase());
  ({ deals } = await openDeals(connection));
});
afterAll(() => close());

describe('an idempotency key', () => {
  it('gives a repeat the record of the first request and writes nothing', async () => {
    const context = buildContext();
    const first = await deals.create(context, buildDeal(), { idempotencyKey: 'k1' });
    const repeat = await deals.create(context, buildDeal(), { idempotencyKey: 'k1' });
    expect(repeat).toEqual({ record: first.record, replayed: true });
    expect(await stored(connection).countDocuments({ tenantId: context.tenantId })).toBe(1);
    expect(await outboxOf(connection, first.record.id)).toHaveLength(1);
  });

  it('is refused with 422 when it comes with another body', async () => {
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal(), { idempotencyKey: 'k1' });
    const other = deals.create(context, buildDeal({ probability: 99 }), { idempotencyKey: 'k1' });
    expect(await problemOf(other)).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    expect((await deals.list(context, { filter: {}, limit: 10 })).items).toEqual([record]);
  });

  it('gives the repeat its record even if there could be no other any more', async () => {
    const context = buildContext();
    const admit = async () => {
      if (await deals.find(context, {})) throw conflict('one_is_enough');
    };
    const options = { idempotencyKey: 'k1', admit };
    const { record } = await deals.create(context, buildDeal(), options);
    expect(await deals.create(context, buildDeal(), options)).toEqual({ record, replayed: true });
    const other = deals.create(context, buildDeal(), { admit });
    expect(await problemOf(other)).toMatchObject({ code: 'one_is_enough' });
    const reused = deals.create(context, buildDeal({ probability: 99 }), options);
    expect(await problemOf(reused)).toMatchObject({ code: 'idempotency_key_reused' });
    expect(await stored(connection).countDocuments({ tenantId: context.tenantId })).toBe(1);
  });

  it('compares the request instead of the fields when it is told what the request was', async () => {
    const context = buildContext();
    const options = { idempotencyKey: 'k1', request: { file: 'abc' } };
    const { record } = await deals.create(context, buildDeal({ name: 'A' }), options);
    expect(await deals.create(context, buildDeal({ name: 'B' }), options)).toEqual({
      record,
      replayed: true,
    });
  });

  it('creates one record however many requests with it run at once', async () => {
    const context = buildContext();
    const results = await Promise.all(
      Array.from({ length: 8 }, () => deals.create(context, buildDeal(), { idempotencyKey: 'k1' })),
    );
    expect(new Set(results.map(({ record }) => record.id)).size).toBe(1);
    expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await stored(connection).countDocuments({ tenantId: context.tenantId })).toBe(1);
  });

  it('belongs to one user of one tenant', async () => {
    const ada = buildContext();
    const colleague = buildContext({ tenantId: ada.tenantId });
    const sameUserElsewhere = buildContext({ actor: ada.actor });
    const created = await Promise.all(
      [ada, colleague, sameUserElsewhere].map((context) =>
        deals.create(context, buildDeal(), { idempotencyKey: 'shared' }),
      ),
    );
    expect(created.map(({ replayed }) => replayed)).toEqual([false, false, false]);
  });

  it('still answers with the record after it has changed, and never shows itself', async () => {
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal(), { idempotencyKey: 'k1' });
    const changed = await deals.change(context, record.id, {}, (deal) => (deal.probability = 50));
    const repeat = await deals.create(context, buildDeal(), { idempotencyKey: 'k1' });
    expect(repeat.record).toEqual(changed);
    expect(JSON.stringify([repeat, await outboxOf(connection, record.id)])).not.toContain('k1');
  });
});

describe('createMany', () => {
  const drafts = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      fields: buildDeal({ name: `Deal ${n}` }),
      idempotencyKey: `row:${n}`,
    }));

  it('creates each record once, with its own event, however often and however far it ran before', async () => {
    const context = buildContext();
    await deals.createMany(context, drafts(3));
    const rest = await deals.createMany(context, drafts(5));
    expect(rest.map(({ name }) => name)).toEqual(['Deal 3', 'Deal 4']);
    expect(await deals.createMany(context, drafts(5))).toEqual([]);
    const documents = await stored(connection).find({ tenantId: context.tenantId }).toArray();
    expect(documents.map(({ name }) => name).sort()).toEqual(drafts(5).map(({ fields }) => fields.name));
    for (const { _id, _outbox } of documents)
      expect(_outbox).toMatchObject([{ id: `deal:${_id}:1`, data: { action: 'created' } }]);
  });

  it('has nothing to do for no drafts', async () => {
    expect(await deals.createMany(buildContext(), [])).toEqual([]);
  });

  it('creates none when one of them is invalid', async () => {
    const context = buildContext();
    const invalid = { fields: buildDeal({ probability: -1 }), idempotencyKey: 'row:x' };
    const call = deals.createMany(context, [...drafts(2), invalid]);
    expect((await problemOf(call)).name).toBe('ValidationError');
    expect(await stored(connection).countDocuments({ tenantId: context.tenantId })).toBe(0);
  });

  it('does not take another unique index for a repeat', async () => {
    await stored(connection).createIndex(
      { tenantId: 1, probability: 1 },
      { name: 'one_of_77', unique: true, partialFilterExpression: { probability: 77 } },
    );
    const context = buildContext();
    const twins = ['a', 'b'].map((idempotencyKey) => ({
      fields: buildDeal({ probability: 77 }),
      idempotencyKey,
    }));
    expect((await problemOf(deals.createMany(context, twins))).name).toBe('MongoBulkWriteError');
  });
});

describe('keysOf', () => {
  it('tells which values are taken and by which own key, without deleted and foreign records', async () => {
    const context = buildContext();
    const [mine] = await deals.createMany(context, [
      { fields: buildDeal({ name: 'A' }), idempotencyKey: 'row:1' },
    ]);
    await deals.create(context, buildDeal({ name: 'B' }));
    const { record: gone } = await deals.create(context, buildDeal({ name: 'C' }));
    await deals.remove(context, gone.id, {});
    await deals.create(buildContext(), buildDeal({ name: 'D' }));
    expect(mine?.name).toBe('A');
    expect(await deals.keysOf(context, 'name', ['A', 'B', 'C', 'D', '$gt'])).toEqual(
      new Map([
        ['A', 'row:1'],
        ['B', null],
      ]),
    );
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@pipedesk/service-kit';
import type { Connection } from '../src/index.ts';
import { tenantOf } from '../src/index.ts';
import {
  buildContext,
  buildDeal,
  type Deal,
  type DealRepository,
  openDatabase,
  openDeals,
  problemOf,
} from './fixture.ts';

let connection: Connection;
let close: () => Promise<void>;
let deals: DealRepository;

beforeAll(async () => {
  ({ connection, close } = await openDatabase());
  ({ deals } = await openDeals(connection));
});
afterAll(() => close());

/** Every method of a repository, aimed at one record. */
const calls: Record<keyof DealRepository, (context: TenantContext, record: Deal) => Promise<unknown>> = {
  get: (context, { id }) => deals.get(context, id),
  find: (context, { name }) => deals.find(context, { name }),
  findRemoved: (context, { id }) => deals.findRemoved(context, id),
  keysOf: (context, { name }) => deals.keysOf(context, 'name', [name]),
  list: (context) => deals.list(context, { filter: {}, limit: 10 }),
  create: (context) => deals.create(context, buildDeal(), { idempotencyKey: 'k' }),
  createMany: (context) => deals.createMany(context, [{ fields: buildDeal(), idempotencyKey: 'k2' }]),
  change: (context, { id }) => deals.change(context, id, {}, (deal) => (deal.name = 'stolen')),
  remove: (context, { id }) => deals.remove(context, id, {}),
  restore: (context, { id }) => deals.restore(context, id, {}),
};

describe('a tenant', () => {
  it.each(['get', 'change', 'remove'] as const)("cannot %s another tenant's record: 404", async (name) => {
    const owner = buildContext();
    const { record } = await deals.create(owner, buildDeal());
    expect(await problemOf(calls[name](buildContext(), record))).toMatchObject({
      status: 404,
      code: 'deal_not_found',
    });
    expect(await deals.get(owner, record.id)).toEqual(record);
  });

  it('finds, lists and counts nothing of another tenant, even when a filter asks for it', async () => {
    const owner = buildContext();
    const { record } = await deals.create(owner, buildDeal());
    const stranger = buildContext();
    expect(await deals.find(stranger, { name: record.name, tenantId: owner.tenantId })).toBeNull();
    expect(await deals.keysOf(stranger, 'name', [record.name])).toEqual(new Map());
    const filter = { tenantId: owner.tenantId };
    expect(await deals.list(stranger, { filter, limit: 10 })).toEqual({ items: [], nextCursor: null });
  });

  it("is not disturbed by another tenant's idempotency keys", async () => {
    const [one, other] = [buildContext(), buildContext()];
    const { record } = await deals.create(one, buildDeal());
    for (const name of ['create', 'createMany'] as const) {
      await calls[name](one, record);
      await calls[name](other, record);
    }
    expect((await deals.list(other, { filter: {}, limit: 10 })).items).toHaveLength(2);
  });
});

describe('a data access without a tenant', () => {
  it.each(Object.keys(calls) as (keyof DealRepository)[])('%s throws', async (name) => {
    const { record } = await deals.create(buildContext(), buildDeal());
    const nobody = buildContext({ tenantId: '' });
    await expect(calls[name](nobody, record)).rejects.toThrow('data access without a tenant');
    expect(() => tenantOf(nobody)).toThrow('data access without a tenant');
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@pipedesk/service-kit';
import type { Connection } from '../src/index.ts';
import {
  buildContext,
  buildDeal,
  type DealRepository,
  openDatabase,
  openDeals,
  problemOf,
} from './fixture.ts';

let connection: Connection;
let close: () => Promise<void>;
let deals: DealRepository;
let contacts: DealRepository;

beforeAll(async () => {
  ({ connection, close } = await openDatabase());
  ({ deals } = await openDeals(connection));
  connection.deleteModel('deal');
  ({ deals: contacts } = await openDeals(connection, 'contacts'));
});
afterAll(() => close());

type ListRequest = Parameters<DealRepository['list']>[1];

async function createDeals(context: TenantContext, names: string[]) {
  const drafts = names.map((name, n) => ({
    fields: buildDeal({
      name,
      probability: n % 2,
      ownerId: n < 3 ? 'ada' : null,
      teamId: n === 4 ? 'blue' : null,
    }),
    idempotencyKey: `${n}`,
  }));
  return deals.createMany(context, drafts);
}

/** All pages of a list, in order. */
async function walk(context: TenantContext, request: ListRequest): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await deals.list(context, { ...request, cursor: cursor ?? undefined });
    expect(page.items.length).toBeLessThanOrEqual(request.limit);
    seen.push(...page.items.map(({ name }) => name));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return seen;
}

const names = ['e', 'b', 'b', 'a', 'd', 'c', 'b'];

describe('a list', () => {
  it.each([1, 2, 3, 6, 7, 8])('visits every record once, newest first, in pages of %d', async (limit) => {
    const context = buildContext();
    await createDeals(context, names);
    expect(await walk(context, { filter: {}, limit })).toEqual(names.toReversed());
  });

  it.each(['ascending', 'descending'] as const)('follows another key with ties, %s', async (direction) => {
    const context = buildContext();
    await createDeals(context, names);
    const sorted = names.toSorted();
    const expected = direction === 'ascending' ? sorted : sorted.toReversed();
    expect(await walk(context, { filter: {}, limit: 2, orderBy: '_sort', direction })).toEqual(expected);
  });

  it('keeps to its filter, operators and alternatives included', async () => {
    const context = buildContext();
    await createDeals(context, names);
    const visit = async (filter: Record<string, unknown>) =>
      (await walk(context, { filter, limit: 2 })).sort();
    expect(await visit({ probability: 1 })).toEqual(['a', 'b', 'c']);
    expect(await visit({ _sort: { $lt: 'c' } })).toEqual(['a', 'b', 'b', 'b']);
    expect(await visit({ $or: [{ ownerId: 'ada' }, { teamId: 'blue' }] })).toEqual(['b', 'b', 'd', 'e']);
    const teams = { $in: ['blue', 'green'] };
    expect(await visit({ $or: [{ ownerId: 'ada' }, { teamId: teams }] })).toEqual(['b', 'b', 'd', 'e']);
    expect(await visit({ $or: [{ ownerId: 'nobody' }, { teamId: teams }] })).not.toEqual([]);
  });

  it('keeps a bound on the very field it is ordered by, on every page', async () => {
    const context = buildContext();
    const ids = (await createDeals(context, names)).map(({ id }) => id).sort();
    const filter = { _id: { $gte: ids[1], $lt: ids[5] } };
    const order = { orderBy: '_id', direction: 'ascending' } as const;
    const kept = await walk(context, { filter, limit: 1, ...order });
    expect(kept).toEqual(await walk(context, { filter, limit: 100, ...order }));
    expect(kept).toHaveLength(4);
  });

  it('shows what came and went between pages at most once', async () => {
    const context = buildContext();
    const created = await createDeals(context, names);
    const first = await deals.list(context, { filter: {}, limit: 3 });
    await deals.create(context, buildDeal({ name: 'new' }));
    await deals.remove(context, created[3]?.id ?? '', {});
    const rest = await deals.list(context, { filter: {}, limit: 10, cursor: first.nextCursor ?? '' });
    expect(rest.items.map(({ name }) => name)).toEqual(['b', 'b', 'e']);
  });

  it('never takes a value for an operator unless the service wrote it', async () => {
    const context = buildContext();
    await createDeals(context, names);
    expect(await deals.find(context, { name: { $gt: '' } }).catch(() => null)).toBeNull();
  });
});

describe('a cursor', () => {
  it.each<[string, (context: TenantContext, cursor: string) => Promise<unknown>]>([
    ['another tenant', (_, cursor) => deals.list(buildContext(), { filter: {}, limit: 2, cursor })],
    [
      'another filter',
      (context, cursor) => deals.list(context, { filter: { probability: 1 }, limit: 2, cursor }),
    ],
    ['another list', (context, cursor) => contacts.list(context, { filter: {}, limit: 2, cursor })],
    [
      'another order',
      (context, cursor) => deals.list(context, { filter: {}, limit: 2, cursor, orderBy: '_sort' }),
    ],
    [
      'another direction',
      (context, cursor) => deals.list(context, { filter: {}, limit: 2, cursor, direction: 'ascending' }),
    ],
    ['no list at all', (context) => deals.list(context, { filter: {}, limit: 2, cursor: 'made-up' })],
    ['an empty one', (context) => deals.list(context, { filter: {}, limit: 2, cursor: '' })],
  ])('of %s is refused with 400', async (_, attempt) => {
    const context = buildContext();
    await createDeals(context, names);
    const { nextCursor } = await deals.list(context, { filter: {}, limit: 2 });
    const call = attempt(context, nextCursor ?? '');
    expect(await problemOf(call)).toMatchObject({ status: 400, code: 'invalid_cursor' });
  });

  it('serves any page size', async () => {
    const context = buildContext();
    await createDeals(context, names);
    const { nextCursor } = await deals.list(context, { filter: {}, limit: 2 });
    const rest = await deals.list(context, { filter: {}, limit: 100, cursor: nextCursor ?? '' });
    expect(rest.items).toHaveLength(names.length - 2);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection } from '../src/index.ts';
import {
  buildContext,
  buildDeal,
  type DealRepository,
  openDatabase,
  openDeals,
  outboxOf,
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

async function removed(context = buildContext(), overrides = {}) {
  const { record } = await deals.create(context, buildDeal(overrides));
  await deals.remove(context, record.id, {});
  return { context, record };
}

describe('restoring', () => {
  it('brings a record back as it was, as its next version, with its event', async () => {
    const { context, record } = await removed();
    const restored = await deals.restore(context, record.id, { expectedVersion: 2 });
    expect(restored).toMatchObject({ ...record, version: 3, updatedAt: expect.any(String) });
    expect(await deals.get(context, record.id)).toEqual(restored);
    const [, , event] = await outboxOf(connection, record.id);
    expect(event).toMatchObject({
      id: `deal:${record.id}:3`,
      type: 'crm.deal.restored',
      data: { version: 3, action: 'restored', before: null, after: restored, changes: [] },
    });
  });

  it('of the same tombstone by many at once happens once', async () => {
    const { context, record } = await removed();
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => deals.restore(context, record.id, {})));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await deals.get(context, record.id)).version).toBe(3);
    expect(await outboxOf(connection, record.id)).toHaveLength(3);
  });

  it('refuses what is not deleted, unknown, another tenant’s, of another version or not the caller’s', async () => {
    const { context, record } = await removed();
    const { record: alive } = await deals.create(context, buildDeal());
    const attempts = [
      deals.restore(context, alive.id, {}),
      deals.restore(buildContext(), record.id, {}),
      deals.restore(context, record.id, { expectedVersion: 1 }),
      deals.restore(context, record.id, {
        authorize: () => {
          throw new Error('not you');
        },
      }),
    ];
    const problems = await Promise.all(attempts.map(problemOf));
    expect(problems).toMatchObject([
      { status: 409, code: 'deal_not_deleted' },
      { status: 404, code: 'deal_not_found' },
      { status: 412, code: 'version_mismatch' },
      { message: 'not you' },
    ]);
  });
});

describe('secrets', () => {
  it('never enter an event, neither by creation nor by change nor by removal', async () => {
    const context = buildContext();
    const secrets = {
      password: 'p-1',
      api_token: 'p-2',
      ClientSecrets: 'p-3',
      'x-api-key': 'p-4',
      note: 'plain',
    };
    const { record } = await deals.create(context, buildDeal({ customFields: secrets }));
    const custom = { ...secrets, password: 'p-5', passwordHash: 'p-6', note: 'fine' };
    await deals.change(context, record.id, {}, (deal) => (deal.customFields = custom));
    await deals.remove(context, record.id, {});
    await deals.restore(context, record.id, {});
    const events = await outboxOf(connection, record.id);
    expect(JSON.stringify(events)).not.toMatch(/p-\d/);
    expect(events[1]?.data.changes).toEqual([
      { field: 'customFields.password', before: '[redacted]', after: '[redacted]' },
      { field: 'customFields.note', before: 'plain', after: 'fine' },
      { field: 'customFields.passwordHash', before: null, after: '[redacted]' },
    ]);
    expect((await deals.get(context, record.id)).customFields).toEqual(custom);
  });
});

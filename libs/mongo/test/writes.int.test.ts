import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { Connection, Outbox } from '../src/index.ts';
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
let outbox: Outbox;

beforeAll(async () => {
  ({ connection, close } = await openDatabase());
  ({ deals, outbox } = await openDeals(connection));
});
afterAll(() => close());

describe('create', () => {
  it('stores version 1 with its event: no before, everything after, who and from where', async () => {
    const context = buildContext();
    const companyId = uuidv7();
    const { record, replayed } = await deals.create(context, buildDeal({ companyId }));
    expect(replayed).toBe(false);
    const [event, ...others] = await outboxOf(connection, record.id);
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      id: `deal:${record.id}:1`,
      type: 'crm.deal.created',
      subject: `deal/${record.id}`,
      source: '/crm',
      tenantid: context.tenantId,
      time: record.createdAt,
      data: {
        version: 1,
        action: 'created',
        before: null,
        after: record,
        actor: context.actor,
        context: context.context,
        links: [{ entityType: 'company', entityId: companyId }],
      },
    });
  });

  it('tells every filled field of a new record as changed from nothing', async () => {
    const { record } = await deals.create(buildContext(), buildDeal({ tags: [], customFields: {} }));
    const [event] = await outboxOf(connection, record.id);
    expect(event?.data.changes).toEqual([
      { field: 'name', before: null, after: 'Acme - GTX Pro' },
      { field: 'amount', before: null, after: { amount: 482_100, currency: 'USD' } },
      { field: 'tags', before: null, after: [] },
      { field: 'probability', before: null, after: 10 },
      { field: 'customFields', before: null, after: {} },
    ]);
  });

  it('refuses what the schema refuses and stores nothing', async () => {
    const context = buildContext();
    const invalid = deals.create(context, buildDeal({ probability: -1 }));
    expect((await problemOf(invalid)).name).toBe('ValidationError');
    const unknown = deals.create(context, { ...buildDeal(), nope: 1 } as never);
    expect((await problemOf(unknown)).name).toBe('StrictModeError');
    expect(await stored(connection).countDocuments({ tenantId: context.tenantId })).toBe(0);
  });

  it.each(['tenantId', 'deletedAt', '_outbox', '_idempotency', '_sort', 'amount.amount'])(
    'lets no service set %s, neither on create nor on change',
    async (field) => {
      const context = buildContext();
      await expect(deals.create(context, { ...buildDeal(), [field]: 'x' })).rejects.toThrow(field);
      const { record } = await deals.create(context, buildDeal());
      await expect(
        deals.change(context, record.id, {}, (draft) => Object.assign(draft, { [field]: 'x' })),
      ).rejects.toThrow(field);
      expect(await deals.get(context, record.id)).toEqual(record);
    },
  );
});

describe('change', () => {
  it('writes the next version and its event: before, after, and each difference', async () => {
    const context = buildContext();
    const { record: before } = await deals.create(context, buildDeal());
    const after = await deals.change(context, before.id, {}, (deal) => {
      deal.amount = { amount: 500_000, currency: 'USD' };
      deal.tags.push('hot');
      deal.customFields = {};
      deal.dueAt = '2026-03-01T09:30:00.000Z';
    });
    expect(after).toEqual(await deals.get(context, before.id));
    const [, event] = await outboxOf(connection, before.id);
    expect(event).toMatchObject({
      id: `deal:${before.id}:2`,
      type: 'crm.deal.updated',
      time: after.updatedAt,
    });
    expect(event?.data).toMatchObject({ version: 2, action: 'updated', before, after });
    expect(event?.data.changes).toEqual([
      { field: 'amount.amount', before: 482_100, after: 500_000 },
      { field: 'tags.1', before: null, after: 'hot' },
      { field: 'dueAt', before: null, after: '2026-03-01T09:30:00.000Z' },
      { field: 'customFields.region', before: 'Central', after: null },
    ]);
  });

  it('links the event to the company the record left and to the one it joined', async () => {
    const context = buildContext();
    const [left, joined] = [uuidv7(), uuidv7()];
    const { record } = await deals.create(context, buildDeal({ companyId: left }));
    await deals.change(context, record.id, {}, (deal) => (deal.companyId = joined));
    const [, event] = await outboxOf(connection, record.id);
    expect(event?.data.links.map(({ entityId }) => entityId)).toEqual([left, joined]);
  });

  it('writes nothing when nothing differs, or only the form of a value does', async () => {
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal({ dueAt: '2026-03-01T09:30:00.000Z' }));
    const same = await deals.change(context, record.id, {}, (deal) => {
      deal.name = `${deal.name}`;
      deal.dueAt = '2026-03-01T10:30:00+01:00';
    });
    expect(same).toEqual(record);
    expect(await outboxOf(connection, record.id)).toHaveLength(1);
  });

  it('keeps id, version and times its own business', async () => {
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal());
    const changed = await deals.change(context, record.id, {}, (deal) => {
      Object.assign(deal, {
        id: uuidv7(),
        version: 99,
        createdAt: '2000-01-01T00:00:00.000Z',
        probability: 20,
      });
    });
    expect(changed).toMatchObject({
      id: record.id,
      version: 2,
      createdAt: record.createdAt,
      probability: 20,
    });
    expect(await deals.get(context, record.id)).toEqual(changed);
  });

  it('answers 412 with the current and the expected version', async () => {
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal());
    await deals.change(context, record.id, { expectedVersion: 1 }, (deal) => (deal.probability = 20));
    const stale = deals.change(context, record.id, { expectedVersion: 1 }, (deal) => (deal.probability = 30));
    expect(await problemOf(stale)).toMatchObject({
      status: 412,
      options: { extra: { expectedVersion: 1, currentVersion: 2 } },
    });
    expect(await deals.get(context, record.id)).toMatchObject({ version: 2, probability: 20 });
  });

  it('asks for permission on the record as it is, before the change is applied', async () => {
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal());
    const authorize = (deal: { probability: number }) => {
      throw new Error(`refused at ${deal.probability}`);
    };
    const refused = deals.change(context, record.id, { authorize }, (deal) => (deal.probability = 20));
    await expect(refused).rejects.toThrow('refused at 10');
    await expect(deals.remove(context, record.id, { authorize })).rejects.toThrow('refused at 10');
    expect(await deals.get(context, record.id)).toEqual(record);
  });

  it('loses no update of concurrent changes and leaves no gap in the versions', async () => {
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal({ probability: 0 }));
    const results = await Promise.allSettled(
      Array.from({ length: 12 }, () =>
        deals.change(context, record.id, {}, (deal) => void deal.probability++),
      ),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    // Giving up under heavy contention is allowed, and then it must say so.
    for (const { reason } of refused)
      expect(reason).toMatchObject({ status: 409, code: 'concurrent_changes' });
    const written = results.length - refused.length;
    expect(await deals.get(context, record.id)).toMatchObject({ probability: written, version: written + 1 });
    const events = await outboxOf(connection, record.id);
    expect(events.map(({ data }) => data.version)).toEqual(
      Array.from({ length: written + 1 }, (_, n) => n + 1),
    );
    expect(events.slice(1).map(({ data }) => data.before?.probability)).toEqual(
      events.slice(0, -1).map(({ data }) => data.after?.probability),
    );
  });

  it('lets exactly one of two changes that expect the same version through', async () => {
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal());
    const race = await Promise.allSettled(
      [20, 30].map((probability) =>
        deals.change(context, record.id, { expectedVersion: 1 }, (deal) => (deal.probability = probability)),
      ),
    );
    expect(race.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await deals.get(context, record.id)).version).toBe(2);
  });
});

describe('remove', () => {
  it('hides the record and keeps a tombstone with the event of its end', async () => {
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal());
    await deals.remove(context, record.id, { expectedVersion: 1 });
    expect(await problemOf(deals.get(context, record.id))).toMatchObject({
      status: 404,
      code: 'deal_not_found',
    });
    const [, event] = await outboxOf(connection, record.id);
    expect(event).toMatchObject({
      type: 'crm.deal.deleted',
      data: { version: 2, action: 'deleted', before: record, after: null, changes: [] },
    });
  });

  it('answers 404 to whatever comes after', async () => {
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal());
    await deals.remove(context, record.id, {});
    const calls = [
      deals.remove(context, record.id, {}),
      deals.change(context, record.id, {}, (deal) => (deal.probability = 1)),
    ];
    for (const call of calls) expect(await problemOf(call)).toMatchObject({ status: 404 });
    expect(await deals.find(context, { name: record.name })).toBeNull();
    expect((await deals.list(context, { filter: {}, limit: 10 })).items).toEqual([]);
    expect(await outboxOf(connection, record.id)).toHaveLength(2);
  });

  it('is refused with 412 when the record has moved on', async () => {
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal());
    await deals.change(context, record.id, {}, (deal) => (deal.probability = 20));
    expect(await problemOf(deals.remove(context, record.id, { expectedVersion: 1 }))).toMatchObject({
      status: 412,
    });
    expect((await deals.get(context, record.id)).version).toBe(2);
  });
});

describe('every write', () => {
  it('tells the relay what it has committed, and only that', async () => {
    const seen: string[] = [];
    outbox.onCommitted((events) => seen.push(...events.map(({ id }) => id)));
    const context = buildContext();
    const { record } = await deals.create(context, buildDeal());
    await deals.change(context, record.id, {}, (deal) => (deal.probability = 20));
    await problemOf(
      deals.change(context, record.id, { expectedVersion: 1 }, (deal) => (deal.probability = 30)),
    );
    await deals.remove(context, record.id, {});
    expect(seen).toEqual([1, 2, 3].map((version) => `deal:${record.id}:${version}`));
  });
});

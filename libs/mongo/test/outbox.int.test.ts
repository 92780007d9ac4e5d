import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChangeEvent } from '@pipedesk/contracts';
import type { Connection, Outbox } from '../src/index.ts';
import {
  buildContext,
  buildDeal,
  type DealRepository,
  openDatabase,
  openDeals,
  outboxOf,
  stored,
} from './fixture.ts';

let connection: Connection;
let close: () => Promise<void>;
let deals: DealRepository;
let outbox: Outbox;
const context = buildContext();

beforeAll(async () => {
  ({ connection, close } = await openDatabase());
  ({ deals, outbox } = await openDeals(connection));
});
beforeEach(() => stored(connection).deleteMany({}));
afterAll(() => close());

const ids = (events: ChangeEvent[]) => events.map(({ id }) => id);

async function pending(before: Date, pageSize = 10): Promise<ChangeEvent[][]> {
  const pages: ChangeEvent[][] = [];
  for await (const page of outbox.pending(before, pageSize)) pages.push(page);
  return pages;
}
const versions = (events: ChangeEvent[]) => events.map(({ data }) => data.version);
const soon = () => new Date(Date.now() + 1000);

/** A deal at this version, none of its events sent. */
async function createDeal(version = 1): Promise<{ id: string; events: ChangeEvent[] }> {
  const { record } = await deals.create(context, buildDeal());
  for (let n = 2; n <= version; n++)
    await deals.change(context, record.id, {}, (deal) => void deal.probability++);
  return { id: record.id, events: await outboxOf(connection, record.id) };
}

describe('remove', () => {
  it('takes a confirmed event out and leaves no trace of an outbox', async () => {
    const { id, events } = await createDeal();
    await outbox.remove(ids(events));
    const document = await stored(connection).findOne({ _id: id });
    expect(document).toMatchObject({ version: 1 });
    expect(Object.keys(document ?? {}).filter((field) => field.startsWith('_outbox'))).toEqual([]);
  });

  it('takes out only what was confirmed: an earlier event that was not stays', async () => {
    const { id, events } = await createDeal(2);
    await outbox.remove(ids(events.slice(1)));
    expect(versions(await outboxOf(connection, id))).toEqual([1]);
    expect(await pending(soon())).toEqual([events.slice(0, 1)]);
  });

  it('leaves an event that came while the one before it was on its way', async () => {
    const { id, events } = await createDeal();
    await deals.change(context, id, {}, (deal) => (deal.probability = 50));
    await outbox.remove(ids(events));
    expect(versions(await outboxOf(connection, id))).toEqual([2]);
  });

  it('does not mistake the one event of a record for another of the same batch', async () => {
    const waiting = await createDeal(3);
    const confirmed = await createDeal(3);
    await outbox.remove(ids(waiting.events.slice(0, 2)));
    await outbox.remove(ids([...confirmed.events, ...waiting.events.slice(0, 2)]));
    expect(versions(await outboxOf(connection, waiting.id))).toEqual([3]);
    expect(await outboxOf(connection, confirmed.id)).toEqual([]);
  });

  it('is repeatable: two relays confirm the same events', async () => {
    const { id, events } = await createDeal(3);
    await Promise.all([outbox.remove(ids(events)), outbox.remove(ids(events))]);
    await outbox.remove(ids(events));
    expect(await outboxOf(connection, id)).toEqual([]);
    expect(await outbox.backlog()).toEqual({ count: 0, oldest: null });
  });

  it('clears a mixed batch of many records', async () => {
    const made = await Promise.all([1, 1, 2, 3, 1].map((version) => createDeal(version)));
    await outbox.remove(ids(made.flatMap(({ events }) => events)));
    expect(await stored(connection).countDocuments({ _outbox: { $exists: true } })).toBe(0);
  });

  it('passes over ids that it does not hold', async () => {
    const { id, events } = await createDeal();
    await outbox.remove([`lead:${id}:1`, `deal:${id}:7`, 'nonsense']);
    expect(await outboxOf(connection, id)).toEqual(events);
  });
});

describe('pending events', () => {
  it('are what a crash has left, oldest first, in version order, deleted records included', async () => {
    const first = await createDeal(3);
    const second = await createDeal();
    await deals.remove(context, second.id, {});
    const found = await pending(soon());
    expect(ids(found.flat())).toEqual([
      ...[1, 2, 3].map((version) => `deal:${first.id}:${version}`),
      ...[1, 2].map((version) => `deal:${second.id}:${version}`),
    ]);
  });

  it('do not include what a crash between two commands has emptied, and a sweep ends its waiting', async () => {
    const emptied = await createDeal(2);
    const waiting = await createDeal();
    // What `remove` had done when the process died.
    await stored(connection).updateOne({ _id: emptied.id }, { $set: { _outbox: [] } });
    expect((await outbox.backlog()).count).toBe(2);
    expect(await pending(soon())).toEqual([waiting.events]);
    expect((await outbox.backlog()).count).toBe(1);
    const document = await stored(connection).findOne({ _id: emptied.id });
    expect(Object.keys(document ?? {}).filter((field) => field.startsWith('_outbox'))).toEqual([]);
  });

  it('leave the youngest to the process that wrote them', async () => {
    await createDeal();
    expect(await pending(new Date(Date.now() - 60_000))).toEqual([]);
  });

  it('come in pages of about the size asked for, whole records each', async () => {
    for (let deal = 0; deal < 3; deal++) await createDeal(3);
    expect((await pending(soon(), 4)).map((page) => page.length)).toEqual([6, 3]);
    expect((await pending(soon(), 100)).map((page) => page.length)).toEqual([9]);
  });

  it('include an old event of a record that has changed just now', async () => {
    const { id, events } = await createDeal();
    const longAgo = new Date(Date.now() - 60_000);
    await stored(connection).updateOne({ _id: id }, { $set: { _outboxAt: longAgo } });
    await deals.change(context, id, {}, (deal) => (deal.probability = 50));
    const [page] = await pending(new Date(Date.now() - 30_000));
    expect(page?.[0]).toEqual(events[0]);
    expect((await outbox.backlog()).oldest).toEqual(longAgo);
  });
});

describe('a record whose events wait for too long', () => {
  it('is not changed before it could outgrow its document, others are, and it is again once they have gone', async () => {
    const { id } = await createDeal();
    const waiting = Array.from({ length: 5 }, (_, event) => ({
      id: `old:${event}`,
      data: { text: 'x'.repeat(1_000_000) },
    }));
    const crowd = { $push: { _outbox: { $each: waiting } } } as unknown as {
      $set: { _outbox: ChangeEvent[] };
    };
    await stored(connection).updateOne({ _id: id }, crowd);
    const raise = () => deals.change(context, id, {}, (deal) => void deal.probability++);
    const problem = { status: 503, code: 'changes_waiting_for_audit' };
    await expect(raise()).rejects.toMatchObject(problem);
    await expect(deals.remove(context, id, {})).rejects.toMatchObject(problem);
    expect((await deals.get(context, id)).version).toBe(1);
    await createDeal(2);
    await stored(connection).updateOne({ _id: id }, { $unset: { _outbox: 1, _outboxAt: 1 } });
    expect((await raise()).version).toBe(2);
  });
});

describe('backlog', () => {
  it('counts the records that wait and knows since when the oldest does', async () => {
    const first = await createDeal(2);
    await createDeal();
    const { count, oldest } = await outbox.backlog();
    expect(count).toBe(2);
    expect(oldest).toEqual(new Date(first.events[0]?.time ?? ''));
  });
});

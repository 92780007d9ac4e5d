import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTcpProxy, type TcpProxy } from '@pipedesk/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, databaseProblem, isDatabaseUnavailable, pingMongo } from '../src/index.ts';
import {
  buildContext,
  buildDeal,
  type Deal,
  type DealRepository,
  mongodbUri,
  openDatabase,
  openDeals,
} from './fixture.ts';

let proxy: TcpProxy;
let connection: Connection;
let close: () => Promise<void>;
let deals: DealRepository;
const context = buildContext();

/** Longest a caller may wait for the news that the database is gone, ms. */
const bound = 25_000;

beforeAll(async () => {
  const uri = new URL(mongodbUri());
  proxy = await startTcpProxy({ host: uri.hostname, port: Number(uri.port || 27_017) });
  uri.host = `127.0.0.1:${proxy.port}`;
  uri.searchParams.set('directConnection', 'true');
  ({ connection, close } = await openDatabase(uri.href));
  ({ deals } = await openDeals(connection));
});
afterAll(async () => {
  await proxy.heal();
  await close();
  await proxy.close();
});

const calls: Record<string, (record: Deal) => Promise<unknown>> = {
  get: ({ id }) => deals.get(context, id),
  list: () => deals.list(context, { filter: {}, limit: 10 }),
  find: ({ name }) => deals.find(context, { name }),
  create: () => deals.create(context, buildDeal()),
  createMany: () => deals.createMany(context, [{ fields: buildDeal(), idempotencyKey: 'k' }]),
  change: ({ id }) => deals.change(context, id, {}, (deal) => void deal.probability++),
  remove: ({ id }) => deals.remove(context, id, {}),
};

/** How each call ends; `undefined` for those that go well. */
async function outcomes(record: Deal): Promise<Record<string, unknown>> {
  const entries = Object.entries(calls).map(async ([name, call]) => {
    const ending = await Promise.race([
      call(record).then(
        () => undefined,
        (error: unknown) => databaseProblem(error)?.status ?? error,
      ),
      sleep(bound, 'no answer', { ref: false }),
    ]);
    return [name, ending] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

const all503 = Object.fromEntries(Object.keys(calls).map((name) => [name, 503]));

describe('while the database', () => {
  it('refuses connections, every call ends with 503, and works again as soon as it is back', async () => {
    const { record } = await deals.create(context, buildDeal());
    await proxy.cut();
    try {
      expect(await outcomes(record)).toEqual(all503);
      await expect(pingMongo(connection)()).rejects.toThrow();
    } finally {
      await proxy.heal();
    }
    expect(await deals.get(context, record.id)).toEqual(record);
    await expect(pingMongo(connection)()).resolves.toMatchObject({ ok: 1 });
  }, 60_000);

  it('is frozen, every call ends with 503 in bounded time', async () => {
    const { record } = await deals.create(context, buildDeal());
    proxy.freeze();
    try {
      expect(await outcomes(record)).toEqual(all503);
    } finally {
      await proxy.heal();
    }
    await sleep(1000);
    expect((await deals.get(context, record.id)).id).toBe(record.id);
  }, 90_000);
});

describe('databaseProblem', () => {
  it('answers 409 for a unique index, 422 for a record the schema refuses, nothing for a defect', async () => {
    const { record } = await deals.create(context, buildDeal());
    const collection = connection.getClient().db(connection.name).collection<{ _id: string }>('deals');
    const double = await collection.insertOne({ _id: record.id }).catch((error: unknown) => error);
    expect(databaseProblem(double)).toMatchObject({ status: 409, code: 'duplicate_record' });
    const invalid = await deals
      .create(context, buildDeal({ probability: -1 }))
      .catch((error: unknown) => error);
    expect(databaseProblem(invalid)).toMatchObject({ status: 422, code: 'invalid_record' });
    expect(databaseProblem(new TypeError('x is undefined'))).toBeUndefined();
    expect(isDatabaseUnavailable('a text')).toBe(false);
  });
});

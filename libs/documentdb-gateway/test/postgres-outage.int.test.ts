import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Collection, Document, MongoServerError } from 'mongodb';
import { terminateBackends } from './backends.ts';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';
import { testPostgres } from './postgres-address.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

describe('PostgreSQL going away and coming back', () => {
  let proxy: TcpProxy;
  let fixture: GatewayFixture;
  let items: Collection<{ _id: string | number } & Document>;
  beforeAll(async () => {
    proxy = await startTcpProxy(testPostgres());
    fixture = await startFixture({ postgres: { ...testPostgres(), host: '127.0.0.1', port: proxy.port } });
    items = fixture.db.collection('items');
    await items.insertOne({ _id: 'kept', n: 0 });
  });
  afterAll(async () => {
    await fixture.close();
    await proxy.close();
  });

  const failure = async (run: () => Promise<unknown>) =>
    (await run().catch((error: unknown) => error)) as MongoServerError;

  it('is not noticed by clients when it lasts for a moment', async () => {
    await proxy.cut();
    const writes = Promise.all(Array.from({ length: 20 }, (_, _id) => items.insertOne({ _id, brief: true })));
    const reads = Promise.all(Array.from({ length: 20 }, () => items.findOne({ _id: 'kept' })));
    await new Promise((resolve) => setTimeout(resolve, 700));
    await proxy.resume();
    await writes;
    expect((await reads).every((found) => found?._id === 'kept')).toBe(true);
    expect(await items.countDocuments({ brief: true })).toBe(20);
  });

  it('fails commands in bounded time with 11600 when it lasts, and recovers by itself', async () => {
    const impatient = await fixture.connect({ retryReads: false, retryWrites: false });
    const collection = impatient.db(fixture.db.databaseName).collection('items');
    await proxy.cut();
    const read = await failure(() => collection.findOne({}));
    const write = await failure(() => collection.insertOne({ late: true }));
    expect(read).toMatchObject({ code: 11600, codeName: 'InterruptedAtShutdown' });
    expect(write).toMatchObject({ code: 11600 });
    expect(write.hasErrorLabel('RetryableWriteError')).toBe(true);
    await proxy.resume();
    expect(await collection.findOne({ _id: 'kept' as never })).toMatchObject({ _id: 'kept' });
  });

  it('applies every write exactly once while connections keep breaking under them', async () => {
    await items.insertOne({ _id: 'counter', n: 0 });
    let writing = true;
    const breakConnections = async () => {
      for (let times = 0; writing && times < 15; times += 1) {
        await terminateBackends(fixture.applicationName);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const write = async () => {
      for (let i = 0; i < 40; i += 1) await items.updateOne({ _id: 'counter' }, { $inc: { n: 1 } });
    };
    const breaking = breakConnections();
    await Promise.all([write(), write(), write()]).finally(() => (writing = false));
    await breaking;
    expect(await items.findOne({ _id: 'counter' })).toEqual({ _id: 'counter', n: 120 });
  });

  it('ends transactions with TransientTransactionError, so that they are run again', async () => {
    const session = fixture.client.startSession();
    session.startTransaction();
    await items.updateOne({ _id: 'kept' }, { $inc: { n: 1 } }, { session });
    proxy.drop();
    const error = await failure(() => items.updateOne({ _id: 'kept' }, { $inc: { n: 1 } }, { session }));
    expect(error.hasErrorLabel('TransientTransactionError')).toBe(true);
    await session.abortTransaction();
    await session.withTransaction(() => items.updateOne({ _id: 'kept' }, { $inc: { n: 10 } }, { session }));
    await session.endSession();
    expect(await items.findOne({ _id: 'kept' })).toMatchObject({ n: 10 });
  });

  it('does not end the process or the client connections', async () => {
    proxy.drop();
    await Promise.all(Array.from({ length: 50 }, () => items.findOne({ _id: 'kept' })));
    expect(await fixture.db.command({ ping: 1 })).toMatchObject({ ok: 1 });
  });
});

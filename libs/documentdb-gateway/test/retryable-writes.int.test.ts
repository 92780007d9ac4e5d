import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Long, UUID, type Document } from 'mongodb';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';
import { startGateway } from '../src/index.ts';
import { testPostgres } from './postgres-address.ts';
import { connectRaw, opMsg, type RawClient } from './raw-client.ts';

describe('writes that a driver repeats', () => {
  let fixture: GatewayFixture;
  let raw: RawClient;
  beforeAll(async () => {
    fixture = await startFixture();
    raw = await connectRaw(fixture.gateway.port);
  });
  afterAll(async () => {
    raw.socket.destroy();
    await fixture.close();
  });

  const numbered = (command: Document, session: UUID, number: number): Document => ({
    ...command,
    lsid: { id: session.toBinary() },
    txnNumber: Long.fromNumber(number),
    $db: fixture.db.databaseName,
  });
  const send = (client: RawClient, command: Document) => {
    client.send(opMsg(command));
    return client.reply();
  };
  const increments = (ids: string[]) => ({
    update: 'counters',
    updates: ids.map((_id) => ({ q: { _id }, u: { $inc: { n: 1 } }, upsert: true })),
  });

  it('takes effect once, and gets the first answer again', async () => {
    const command = numbered(increments(['a', 'b']), new UUID(), 1);
    const first = await send(raw, command);
    expect(first).toMatchObject({ n: 2, ok: 1 });
    expect(await send(raw, command)).toEqual(first);
    expect(
      await fixture.db.collection('counters').find().sort({ _id: 1 }).project({ _id: 0 }).toArray(),
    ).toEqual([{ n: 1 }, { n: 1 }]);
  });

  it('repeats an insert without a duplicate, and a duplicate with its error', async () => {
    const session = new UUID();
    const insert = numbered({ insert: 'inserted', documents: [{ _id: 1 }] }, session, 1);
    expect([await send(raw, insert), await send(raw, insert)]).toMatchObject([{ n: 1 }, { n: 1 }]);
    const again = numbered({ insert: 'inserted', documents: [{ _id: 1 }] }, session, 2);
    expect([await send(raw, again), await send(raw, again)]).toMatchObject([
      { n: 0, writeErrors: [{ code: 11000 }] },
      { n: 0, writeErrors: [{ code: 11000 }] },
    ]);
  });

  it('gives a findAndModify its first result again', async () => {
    const command = numbered(
      { findAndModify: 'numbers', query: { _id: 'x' }, update: { $inc: { n: 1 } }, upsert: true, new: true },
      new UUID(),
      1,
    );
    expect([await send(raw, command), await send(raw, command)]).toMatchObject([
      { value: { n: 1 } },
      { value: { n: 1 } },
    ]);
  });

  it('knows the answer even to a gateway that was started since', async () => {
    const command = numbered(increments(['restart']), new UUID(), 7);
    await send(raw, command);
    const other = await startGateway({ postgres: testPostgres(), poolSize: 2 });
    const client = await connectRaw(other.port);
    expect(await send(client, command)).toMatchObject({ n: 1 });
    client.socket.destroy();
    await other.close();
    expect(await fixture.db.collection('counters').findOne({ _id: 'restart' as never })).toMatchObject({
      n: 1,
    });
  });

  it('waits for a first attempt that still runs, instead of running beside it', async () => {
    await fixture.db.collection('counters').insertOne({ _id: 'slow' as never, n: 0 });
    const holder = fixture.client.startSession();
    holder.startTransaction();
    await fixture.db
      .collection('counters')
      .updateOne({ _id: 'slow' as never }, { $set: { held: true } }, { session: holder });
    const other = await connectRaw(fixture.gateway.port);
    const command = numbered(increments(['slow']), new UUID(), 1);
    const attempts = Promise.all([send(raw, command), send(other, command)]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await holder.commitTransaction();
    await holder.endSession();
    expect(await attempts).toMatchObject([{ nModified: 1 }, { nModified: 1 }]);
    expect(await fixture.db.collection('counters').findOne({ _id: 'slow' as never })).toMatchObject({ n: 1 });
    other.socket.destroy();
  });

  it('knows a commit that another gateway made', async () => {
    const session = new UUID();
    const inTransaction = (command: Document) => ({ ...numbered(command, session, 3), autocommit: false });
    await send(raw, {
      ...inTransaction({ insert: 'committed', documents: [{ _id: 1 }] }),
      startTransaction: true,
    });
    const commit = { ...inTransaction({ commitTransaction: 1 }), $db: 'admin' };
    expect(await send(raw, commit)).toMatchObject({ ok: 1 });
    const other = await startGateway({ postgres: testPostgres(), poolSize: 2 });
    const client = await connectRaw(other.port);
    expect(await send(client, commit)).toMatchObject({ ok: 1 });
    expect(await send(client, { ...commit, txnNumber: Long.fromNumber(4) })).toMatchObject({
      code: 251,
      errorLabels: ['TransientTransactionError'],
    });
    client.socket.destroy();
    await other.close();
  });

  it('counts a new number of the same session as a new write', async () => {
    const session = new UUID();
    for (const number of [1, 2, 3]) await send(raw, numbered(increments(['many']), session, number));
    expect(await fixture.db.collection('counters').findOne({ _id: 'many' as never })).toMatchObject({ n: 3 });
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoServerError } from 'mongodb';
import { type ClientSession, type Collection, type Document } from 'mongodb';
import { backendsOf } from './backends.ts';
import { eventually } from './eventually.ts';
import { startFixture, type GatewayFixture } from './gateway-fixture.ts';

describe('transactions', () => {
  let fixture: GatewayFixture;
  let accounts: Collection<{ _id: string | number } & Document>;
  beforeAll(async () => {
    fixture = await startFixture();
    accounts = fixture.db.collection('accounts');
  });
  beforeEach(async () => {
    await accounts.deleteMany({});
    await accounts.insertMany([
      { _id: 'a', balance: 10 },
      { _id: 'b', balance: 10 },
    ]);
  });
  afterAll(() => fixture.close());

  const balances = async () =>
    (await accounts.find().sort({ _id: 1 }).toArray()).map(({ balance }) => balance as number);
  const add = (_id: string, amount: number, session: ClientSession) =>
    accounts.updateOne({ _id }, { $inc: { balance: amount } }, { session });
  const openTransactions = async (name = fixture.applicationName) =>
    (await backendsOf(name)).filter(({ state }) => state.includes('in transaction')).length;

  it('commits changes of several documents and collections together', async () => {
    await fixture.client.withSession((session) =>
      session.withTransaction(async () => {
        await add('a', -3, session);
        await add('b', 3, session);
        await fixture.db.collection('transfers').insertOne({ amount: 3 }, { session });
      }),
    );
    expect(await balances()).toEqual([7, 13]);
    expect(await fixture.db.collection('transfers').countDocuments()).toBe(1);
  });

  it('shows its changes to itself only, and takes all of them back on abort', async () => {
    await fixture.client.withSession(async (session) => {
      session.startTransaction();
      await add('a', 5, session);
      expect(await accounts.findOne({ _id: 'a' }, { session })).toMatchObject({ balance: 15 });
      expect(await balances()).toEqual([10, 10]);
      await session.abortTransaction();
    });
    expect(await balances()).toEqual([10, 10]);
  });

  it('reads one snapshot', async () => {
    await fixture.client.withSession(async (session) => {
      session.startTransaction();
      expect(await accounts.findOne({ _id: 'a' }, { session })).toMatchObject({ balance: 10 });
      await accounts.updateOne({ _id: 'a' }, { $inc: { balance: 1 } });
      expect(await accounts.findOne({ _id: 'a' }, { session })).toMatchObject({ balance: 10 });
      await session.commitTransaction();
    });
  });

  it('reads cursors of several batches inside', async () => {
    await accounts.insertMany(Array.from({ length: 300 }, (_, n) => ({ _id: n, balance: n })));
    await fixture.client.withSession(async (session) => {
      session.startTransaction();
      await add('a', 1, session);
      const all = await accounts.find({}, { session, batchSize: 50 }).sort({ balance: -1 }).toArray();
      expect(all.find(({ _id }) => _id === 'a')).toMatchObject({ balance: 11 });
      expect(all).toHaveLength(302);
      await session.commitTransaction();
    });
  });

  it('answers a write that lost against a committed one with 112 and TransientTransactionError', async () => {
    await fixture.client.withSession(async (session) => {
      session.startTransaction();
      await accounts.findOne({ _id: 'b' }, { session });
      await accounts.updateOne({ _id: 'a' }, { $inc: { balance: 1 } });
      const error = await add('a', 1, session).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code: 112, codeName: 'WriteConflict' });
      expect((error as MongoServerError).hasErrorLabel('TransientTransactionError')).toBe(true);
      await session.abortTransaction();
    });
    expect(await balances()).toEqual([11, 10]);
  });

  it('does not wait for ever behind another open transaction', async () => {
    const [first, second] = [fixture.client.startSession(), fixture.client.startSession()];
    first.startTransaction();
    second.startTransaction();
    await add('a', 1, first);
    await expect(add('a', 1, second)).rejects.toMatchObject({ code: 112 });
    await first.commitTransaction();
    await second.abortTransaction();
    await Promise.all([first.endSession(), second.endSession()]);
    expect(await balances()).toEqual([11, 10]);
  });

  it('loses no update of many transactions on the same document', async () => {
    const transfer = () =>
      fixture.client.withSession((session) =>
        session.withTransaction(async () => {
          const account = await accounts.findOne({ _id: 'a' }, { session });
          await accounts.updateOne(
            { _id: 'a' },
            { $set: { balance: (account?.balance as number) + 1 } },
            { session },
          );
        }),
      );
    await Promise.all(Array.from({ length: 12 }, transfer));
    expect(await balances()).toEqual([22, 10]);
  });

  it('is over after an error inside it', async () => {
    await fixture.client.withSession(async (session) => {
      session.startTransaction();
      await add('b', 1, session);
      await expect(accounts.insertOne({ _id: 'a' }, { session })).rejects.toMatchObject({ code: 11000 });
      await expect(session.commitTransaction()).rejects.toMatchObject({
        code: 251,
        codeName: 'NoSuchTransaction',
      });
    });
    expect(await balances()).toEqual([10, 10]);
  });

  it('accepts a commit that is repeated', async () => {
    await fixture.client.withSession(async (session) => {
      session.startTransaction();
      await add('a', 1, session);
      await session.commitTransaction();
      await session.commitTransaction();
    });
    expect(await balances()).toEqual([11, 10]);
  });

  it('rolls back what a client leaves behind', async () => {
    const leaver = await fixture.connect();
    const session = leaver.startSession();
    session.startTransaction();
    await leaver
      .db(fixture.db.databaseName)
      .collection('accounts')
      .updateOne({ _id: 'a' as never }, { $inc: { balance: 1 } }, { session });
    expect(await openTransactions()).toBe(1);
    await leaver.close();
    await eventually('no transaction is open', async () => (await openTransactions()) === 0);
    await accounts.updateOne({ _id: 'a' }, { $inc: { balance: 5 } });
    expect(await balances()).toEqual([15, 10]);
  });

  it('rolls back what is never ended', async () => {
    const impatient = await startFixture({ transactionLifetimeMs: 500 });
    try {
      const session = impatient.client.startSession();
      session.startTransaction();
      await impatient.db.collection('left').insertOne({ n: 1 }, { session });
      await eventually(
        'no transaction is open',
        async () => (await openTransactions(impatient.applicationName)) === 0,
      );
      const late = impatient.db.collection('left').insertOne({ n: 2 }, { session });
      await expect(late).rejects.toMatchObject({ code: 251 });
      await session.abortTransaction();
      await session.endSession();
      expect(await impatient.db.collection('left').countDocuments()).toBe(0);
    } finally {
      await impatient.close();
    }
  });
});

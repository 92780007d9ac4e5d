import mongoose, { type Schema } from 'mongoose';
import { patchHistoryPlugin } from 'ts-patch-mongoose';
import { auditedIndexes, type Connection } from '../src/index.ts';
import { buildContext, buildDeal, mongodbUri, openDeals, outboxOf, stored } from '../test/fixture.ts';

/** One way to change a record, measured beside the others. */
export interface Way {
  name: string;
  /** Reads the record and sets its amount. */
  change(amount: number): Promise<unknown>;
  /** What others do later, outside the measured time: taking the event out of the outbox. */
  settle?(): Promise<unknown>;
}

export async function openWays(
  connection: Connection,
): Promise<{ ways: Way[]; closeWays: () => Promise<void> }> {
  // The plugin keeps its history on mongoose's own connection and nowhere else.
  await mongoose.connect(mongodbUri(), {
    dbName: connection.name,
    writeConcern: { w: 'majority', journal: true },
  });
  const ways = [
    await rawDriver(connection),
    await rawWithOutbox(connection),
    await ours(connection),
    await byMongoose('plain mongoose, findById and save'),
    await byMongoose('ts-patch-mongoose', (schema) => {
      patchHistoryPlugin(schema, { eventUpdated: 'deal-updated' });
    }),
  ];
  return { ways, closeWays: () => mongoose.connection.close() };
}

const usd = (amount: number) => ({ amount, currency: 'USD' });

async function openRaw(connection: Connection, name: string) {
  const collection = stored(connection, name);
  await collection.createIndexes([...auditedIndexes]);
  const now = new Date();
  const base = { _id: name, version: 1, tenantId: 'tenant', createdAt: now, updatedAt: now, deletedAt: null };
  await collection.insertOne({ ...base, ...buildDeal() });
  return {
    collection,
    read: () => collection.findOne({ _id: name, tenantId: 'tenant', deletedAt: null }),
    asRead: (version = 0) => ({ _id: name, tenantId: 'tenant', version, deletedAt: null }),
  };
}

async function rawDriver(connection: Connection): Promise<Way> {
  const { collection, read, asRead } = await openRaw(connection, 'raw');
  return {
    name: 'raw driver',
    change: async (amount) => {
      const before = await read();
      const set = { amount: usd(amount), updatedAt: new Date() };
      const update = { $set: set, $inc: { version: 1 } };
      await collection.updateOne(asRead(before?.version), update as object);
    },
  };
}

async function rawWithOutbox(connection: Connection): Promise<Way> {
  const { collection, read, asRead } = await openRaw(connection, 'rawoutbox');
  return {
    name: 'raw driver, event in an outbox',
    change: async (amount) => {
      const before = await read();
      const set = { amount: usd(amount), updatedAt: new Date() };
      const event = { id: `deal:${before?.version}`, data: { before, after: { ...before, ...set } } };
      const update = {
        $set: set,
        $inc: { version: 1 },
        $push: { _outbox: event },
        $min: { _outboxAt: new Date() },
      };
      await collection.updateOne(asRead(before?.version), update as object);
    },
    settle: () => collection.updateMany({}, { $unset: { _outbox: 1, _outboxAt: 1 } }),
  };
}

async function ours(connection: Connection): Promise<Way> {
  const { deals, outbox } = await openDeals(connection);
  const context = buildContext();
  const { record } = await deals.create(context, buildDeal());
  const settle = async () => outbox.remove((await outboxOf(connection, record.id)).map(({ id }) => id));
  await settle();
  return {
    name: 'change()',
    change: (amount) => deals.change(context, record.id, {}, (draft) => void (draft.amount = usd(amount))),
    settle,
  };
}

async function byMongoose(name: string, plugin?: (schema: Schema<object>) => void): Promise<Way> {
  const schema: Schema<object> = new mongoose.Schema<object>({
    tenantId: String,
    name: String,
    amount: { amount: Number, currency: String },
    tags: [String],
    probability: Number,
    customFields: Object,
  });
  plugin?.(schema);
  const model = mongoose.model(name, schema, name.replaceAll(/\W/g, ''));
  const { _id } = await model.create({ tenantId: 'tenant', ...buildDeal() });
  return {
    name,
    change: async (amount) => {
      const deal = await model.findById(_id);
      deal?.set('amount', usd(amount));
      await deal?.save();
    },
  };
}

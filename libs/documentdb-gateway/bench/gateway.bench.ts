/**
 * Latency and throughput of the operations the product lives on, by the official driver.
 * Run: MONGODB_URI=mongodb://127.0.0.1:27017/?directConnection=true node libs/documentdb-gateway/bench/gateway.bench.ts
 */
import { randomUUID } from 'node:crypto';
import { MongoClient, type Collection } from 'mongodb';

interface Deal {
  _id: string;
  org: number;
  key: string;
  version: number;
  name: string;
  amount: number;
  outbox: object[];
}

const DEALS = 20_000;
const uri = process.env.MONGODB_URI ?? 'mongodb://127.0.0.1:27017/?directConnection=true';
const deal = (i: number): Deal => ({
  _id: `deal-${i}`,
  org: i % 10,
  key: `2026-01-${String(i).padStart(8, '0')}`,
  version: 0,
  name: `Opportunity ${i} of a company with a name of ordinary length`,
  amount: i * 100,
  outbox: [],
});

const percentile = (sorted: number[], share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2).padStart(8);

/** Runs `operation` `times` times, `inFlight` at once, and prints p50, p95 and the rate; `items` is what one operation counts for. */
async function measure(
  name: string,
  { times, inFlight = 1, items = 1 }: { times: number; inFlight?: number; items?: number },
  operation: (i: number) => Promise<unknown>,
): Promise<void> {
  const latencies: number[] = [];
  let next = 0;
  const work = async () => {
    for (let i = next++; i < times; i = next++) {
      const start = performance.now();
      await operation(i);
      latencies.push(performance.now() - start);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: inFlight }, work));
  const rate = ((times * items * 1000) / (performance.now() - start)).toFixed(0);
  latencies.sort((a, b) => a - b);
  const label = inFlight > 1 ? `${name}, ${inFlight} in flight` : name;
  console.log(
    `${label.padEnd(48)} p50 ${percentile(latencies, 0.5)} ms  p95 ${percentile(latencies, 0.95)} ms  ${rate}/s`,
  );
}

async function prepare(deals: Collection<Deal>): Promise<void> {
  await deals.createIndex({ org: 1, key: -1 });
  await measure('insertMany of 1000, two indexes (docs)', { times: DEALS / 1000, items: 1000 }, (i) =>
    deals.insertMany(Array.from({ length: 1000 }, (_, j) => deal(i * 1000 + j))),
  );
}

async function run(deals: Collection<Deal>): Promise<void> {
  const filterOf = (i: number) => ({ _id: `deal-${(i * 7) % DEALS}` });
  const change = (i: number) =>
    deals.updateOne(
      { ...filterOf(i), org: ((i * 7) % DEALS) % 10, version: { $gte: 0 } },
      {
        $set: { amount: i },
        $inc: { version: 1 },
        $push: { outbox: { $each: [{ id: i, before: 1, after: 2 }], $slice: -3 } },
      },
    );
  await measure('find by _id', { times: 1000 }, (i) => deals.findOne(filterOf(i)));
  await measure('find by _id', { times: 4000, inFlight: 16 }, (i) => deals.findOne(filterOf(i)));
  await measure('insertOne', { times: 500 }, () => deals.insertOne({ ...deal(0), _id: randomUUID() }));
  await measure('insertOne', { times: 3000, inFlight: 16 }, () =>
    deals.insertOne({ ...deal(0), _id: randomUUID() }),
  );
  await measure('updateOne by _id', { times: 500 }, (i) =>
    deals.updateOne(filterOf(i), { $set: { amount: i } }),
  );
  await measure('updateOne $set+$inc+$push on version', { times: 500 }, change);
  await measure('updateOne $set+$inc+$push on version', { times: 3000, inFlight: 16 }, change);
  await measure('page of 50 by index sort', { times: 500 }, (i) =>
    deals
      .find({ org: i % 10 })
      .sort({ key: -1 })
      .limit(50)
      .toArray(),
  );
  await measure('page of 50 by index sort', { times: 2000, inFlight: 16 }, (i) =>
    deals
      .find({ org: i % 10 })
      .sort({ key: -1 })
      .limit(50)
      .toArray(),
  );
  await measure('bulkWrite of 500 upserts (docs)', { times: 20, items: 500 }, (i) =>
    deals.bulkWrite(
      Array.from({ length: 500 }, (_, j) => ({
        updateOne: {
          filter: { _id: `up-${i * 250 + j}` },
          update: { $set: { org: 11, key: String(j) } },
          upsert: true,
        },
      })),
    ),
  );
  await measure('read all in batches of 1000 (docs)', { times: 3, items: DEALS }, () =>
    deals.find({ org: { $lt: 10 } }, { batchSize: 1000 }).toArray(),
  );
}

const client = await new MongoClient(uri).connect();
const database = client.db(`bench_${randomUUID().slice(0, 8)}`);
try {
  await prepare(database.collection<Deal>('deals'));
  await run(database.collection<Deal>('deals'));
} finally {
  await database.dropDatabase();
  await client.close();
}

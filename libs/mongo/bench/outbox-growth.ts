/**
 * What a record's outbox does to its document while nobody takes events out: `MONGODB_URI=... node bench/outbox-growth.ts`.
 * Changes one record until it is refused, prints the size and what a change takes on the way, then takes the events out.
 */
import { tellFigure } from '@pipedesk/local';
import mongoose from 'mongoose';
import { buildContext, buildDeal, openDatabase, openDeals, problemOf, stored } from '../test/fixture.ts';

/** Far more than fit: events of 40 KB each, since every change carries all that wait. */
const mostChanges = 400;
const { connection, close } = await openDatabase();
const { deals, outbox } = await openDeals(connection);
const context = buildContext();
const { record } = await deals.create(context, buildDeal({ customFields: { note: 'x'.repeat(20_000) } }));

const document = async () => (await stored(connection).findOne({ _id: record.id })) ?? {};
const sizeOf = async () => mongoose.mongo.BSON.calculateObjectSize(await document());
const raise = () => deals.change(context, record.id, {}, (deal) => void deal.probability++);

const smallest = await sizeOf();
const reported = new Set([1, 10, 50, 100]);
let changes = 0;
let refusal: { status?: number; code?: string; name: string } | undefined;
while (!refusal && changes < mostChanges) {
  const began = performance.now();
  await raise().catch(async () => (refusal = await problemOf(raise())));
  if (refusal) break;
  changes++;
  if (!reported.has(changes)) continue;
  const took = (performance.now() - began).toFixed(1);
  console.log(
    `  ${changes} waiting changes: ${((await sizeOf()) / 1024).toFixed(0)} KB, the last took ${took} ms`,
  );
}
const largest = await sizeOf();
const { _outbox = [] } = (await document()) as { _outbox?: { id: string }[] };
await outbox.remove(_outbox.map(({ id }) => id));
const left = await sizeOf();
await raise();
tellFigure({
  bench: 'outbox',
  aim: 'a record outgrows no document and is as small as before once audit is back',
  measured: `${changes} changes wait in ${(largest / 2 ** 20).toFixed(1)} MB, then ${refusal?.status} ${refusal?.code}; ${(left / 1024).toFixed(0)} KB after, ${(smallest / 1024).toFixed(0)} KB with its first event`,
  met: refusal?.status === 503 && largest < 16 * 2 ** 20 && left < smallest,
});
await close();
process.exit(0);

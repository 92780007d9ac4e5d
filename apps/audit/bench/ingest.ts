/**
 * How fast audit takes events off its queue, beside the bare loop on the same messages: `node bench/ingest.ts [events]`.
 * The queue is filled first; the time counts from the first stored batch to the last. The service is all of audit, with
 * sealing at work. The bare loop is: parse the message, insert the document that audit would store (made beforehand) into a
 * collection with the same indexes, journaled, acknowledge; of the same prefetch and size of batches, one after the other.
 */
import { median, tellFigure } from '@pipedesk/local';
import { openTestBus } from '@pipedesk/testing';
import { openBenchDatabase } from './database.ts';
import { byBareLoop, byService, type IngestBench } from './ingest/variants.ts';
import { createTrail } from './trail/trail.ts';

const events = Number(process.argv[2] ?? 12_000);
const rounds = Number(process.argv[3] ?? 5);

const bus = await openTestBus();
const { connection, close } = await openBenchDatabase('ingest');
const bench: IngestBench = { bus, connection };
const trail = createTrail({ tenants: 50 });
const variants = { service: byService, bare: byBareLoop };
const rates = { service: [] as number[], bare: [] as number[] };

// The first round warms both up and does not count.
for (let round = 0; round <= rounds; round++) {
  const order = round % 2 === 0 ? (['service', 'bare'] as const) : (['bare', 'service'] as const);
  for (const name of order) {
    const { perSecond, cpu } = await variants[name](bench, trail.take(events));
    if (round > 0) rates[name].push(perSecond);
    const rate = perSecond.toFixed(0).padStart(6);
    console.log(`  round ${round}  ${name.padEnd(8)} ${rate} events/s  ${cpu.toFixed(0)} µs CPU each here`);
  }
}
const [service, bare] = [median(rates.service), median(rates.bare)];
tellFigure({
  bench: 'ingest',
  aim: 'at least 4,000 events/s from queue to stored',
  measured: `${service.toFixed(0)} events/s`,
  met: service >= 4_000,
});
tellFigure({
  bench: 'ingest',
  aim: 'at least 60 % of the bare loop',
  measured: `${((100 * service) / bare).toFixed(0)} % of ${bare.toFixed(0)} events/s`,
  met: service >= 0.6 * bare,
});
await close();
await bus.close();
process.exit(0);

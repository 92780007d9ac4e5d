/**
 * Audit full of records: `node bench/records.ts [records]` loads a tenth of them, asks every documented query, loads the rest
 * (1 million of 50 tenants unless told), asks again, exports and verifies; all over HTTP at the service.
 */
import { connectMongo } from '@pipedesk/mongo';
import { createKeySecret, createLogger } from '@pipedesk/service-kit';
import { median, tellFigure } from '@pipedesk/local';
import { given } from '@pipedesk/testing';
import { randomBytes } from 'node:crypto';
import { createAuditLogModels } from '../src/audit-logs/audit-log.model.ts';
import { createSealing } from '../src/seals/sealing.ts';
import { bareExport } from './records/bare-export.ts';
import { larger, type Memory, startClient } from './records/client.ts';
import { load } from './records/load.ts';
import { askAll, type Timings } from './records/queries.ts';
import { createTrail } from './trail/trail.ts';
import type { ChangeEvent } from '@pipedesk/contracts';

const records = Number(process.argv[2] ?? 1_000_000);
const few = Math.ceil(records / 10);
/** The short form: few tenants, so that each has records that were changed. */
const isShort = records < 1_000_000;
const tenants = isShort ? 10 : 50;
/** Events that every query is asked about. */
const mostSamples = isShort ? 20 : 60;
const secret = randomBytes(32).toString('base64');
const client = await startClient(secret);
const log = createLogger('bench', 'warn');
const connection = await connectMongo({ uri: given('MONGODB_URI'), database: client.database, log });
const clock = () => new Date();
const sealing = createSealing({
  connection,
  models: createAuditLogModels(connection),
  keySecret: createKeySecret(secret),
  sealing: { rotateAfter: 86_400_000, trustedKeys: [] },
  log,
  clock,
});
const trail = createTrail({ tenants });
const samples: ChangeEvent[] = [];
const take = (count: number) => {
  const events = trail.take(count);
  // Changes, so that there is a version before to compare with.
  const changed = events.filter(({ data }) => data.version > 1);
  if (samples.length < mostSamples) samples.push(...changed.slice(-20));
  return events;
};
const quantile = (some: number[], q: number) =>
  some.toSorted((a, b) => a - b)[Math.floor((some.length - 1) * q)] ?? Number.NaN;

async function timed(what: string, count: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `  ${what}: ${count} records in ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(0)} records/s`,
  );
  return seconds;
}

async function measureQueries(): Promise<Timings> {
  if (samples.length === 0) throw new RangeError(`${records} records are too few to ask about`);
  await askAll(client, samples.slice(0, 5));
  return askAll(client, samples);
}

await timed('loaded', few, () => load(connection, sealing, few, take));
const early = await measureQueries();
await timed('loaded', records - few, () => load(connection, sealing, records - few, take));
const late = await measureQueries();
for (const [name, some] of late) {
  const before = early.get(name) ?? [];
  const told = (all: number[]) =>
    `p50 ${quantile(all, 0.5).toFixed(1)} p95 ${quantile(all, 0.95).toFixed(1)} ms`;
  console.log(`  ${name.padEnd(20)} ${few}: ${told(before)}   ${records}: ${told(some)}`);
}
const slow = [...late].filter(([, some]) => quantile(some, 0.95) >= 20).map(([name]) => name);
tellFigure({
  bench: 'queries',
  aim: `every documented query p95 < 20 ms at ${records} records`,
  measured: slow.length === 0 ? `all of ${late.size}` : `not ${slow.join(', ')}`,
  met: slow.length === 0,
});
const grown = [...late].filter(([name, some]) => median(some) > 1.25 * median(early.get(name) ?? []));
tellFigure({
  bench: 'queries',
  aim: `p50 flat within 25 % from ${few} to ${records} records`,
  measured: grown.length === 0 ? `all of ${late.size}` : `not ${grown.map(([name]) => name).join(', ')}`,
  met: grown.length === 0,
});

// Queries leave a larger heap behind: what an export takes is seen in a service that has done nothing else.
const exporter = await startClient(secret, client);
const megabyte = 1024 * 1024;
const told = ({ resident, own }: Memory) =>
  `${(resident / megabyte).toFixed(0)} MB, ${(own / megabyte).toFixed(0)} without files that services share`;
console.log(
  `  resident at start: ${told(await exporter.memory())}; after the queries: ${told(await client.memory())}`,
);
const sample = trail.tenants.slice(0, 10);
for (const format of ['jsonl', 'csv']) {
  const [ours, bare] = [[] as number[], [] as number[]];
  let most = await exporter.memory();
  for (const { id } of sample) {
    const run = await exporter.drain(id, `/audit-logs/export?format=${format}`);
    ours.push(run.lines / run.seconds);
    most = larger(most, run.memory);
    bare.push(await bareExport(connection, id));
  }
  tellFigure({
    bench: 'export',
    aim: `${format}: at least 20,000 records/s`,
    measured: `${median(ours).toFixed(0)} records/s, ${((100 * median(ours)) / median(bare)).toFixed(0)} % of a bare cursor with JSON.stringify`,
    met: median(ours) >= 20_000,
  });
  tellFigure({
    bench: 'export',
    aim: `${format}: below 150 MB`,
    measured: told(most),
    met: most.resident < 150 * megabyte,
  });
}

exporter.close();

await timed('sealed', records, () => sealing.run());
const verified = await timed('verified', records, async () => {
  for (const { id } of trail.tenants) {
    const { body } = await client.time(id, '/audit-logs/verify');
    const { valid, first } = body as { valid: boolean; first: unknown };
    if (!valid) throw new Error(`the trail does not verify: ${JSON.stringify(first)}`);
  }
});
const perMillion = (verified / records) * 1_000_000;
tellFigure({
  bench: 'verify',
  aim: '1 million records in less than 60 s',
  measured: `${perMillion.toFixed(0)} s, ${(records / verified).toFixed(0)} records/s`,
  met: perMillion < 60,
});
client.close();
await connection.dropDatabase();
await connection.close();
process.exit(0);

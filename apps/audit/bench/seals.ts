/**
 * What tamper evidence costs and how fast it is: `MONGODB_URI=... node bench/seals.ts [records]` in a database of its
 * own. Hashing by itself, ingest with and without announcing and stamping, sealing, verifying, bytes a record.
 */
import { connectMongo, migrate } from '@pipedesk/mongo';
import { createKeySecret, createLogger } from '@pipedesk/service-kit';
import type { ChangeEvent } from '@pipedesk/contracts';
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { createAuditLogModels } from '../src/audit-logs/audit-log.model.ts';
import { createIngestService } from '../src/ingest/ingest.service.ts';
import { logOfEvent } from '../src/ingest/log-of-event.ts';
import { createLogStore } from '../src/ingest/log-store.ts';
import { migrations } from '../src/migrations.ts';
import { createChainCheck } from '../src/seals/format/chain-check.ts';
import { hashOfRecord } from '../src/seals/format/leaf.ts';
import { createSealKeys } from '../src/seals/seal-keys.ts';
import { createSealing } from '../src/seals/sealing.ts';
import { buildDealHistory } from '../test/deal-events.ts';

const count = Number(process.argv[2] ?? 100_000);
const batch = 250;
const log = createLogger('bench', 'warn');
const clock = () => new Date();
const keySecret = createKeySecret(randomBytes(32).toString('base64'));
const connection = await connectMongo({
  uri: process.env.MONGODB_URI ?? '',
  database: `bench_seals_${process.pid}`,
  log,
});
await migrate(connection, migrations, createLogger('bench', 'silent'));
const models = createAuditLogModels(connection);
const sealing = createSealing({
  connection,
  models,
  keySecret,
  sealing: { rotateAfter: 86_400_000, trustedKeys: [] },
  log,
  clock,
});
const store = createLogStore(models);
const bare = { announce: () => Promise.resolve() };
const unstamped = { stamp: <T>(one: T) => one, isAuthentic: () => true };
const nothingRemoved = { find: () => Promise.resolve(new Map()) };
const plain = createIngestService({
  ...{ store, clock },
  ...{ intake: bare, stamper: unstamped, removed: nothingRemoved },
});
const sealed = createIngestService({ store, ...sealing.atIngest, clock });
/** Wall time and this process's CPU time: the second is the steadier figure on a machine that has other things to do. */
const say = (what: string, { seconds, cpu }: Timing, records: number) => {
  const rate = (records / seconds).toFixed(0);
  console.log(
    `  ${what.padEnd(34)} ${rate.padStart(7)} records/s  ${((cpu / records) * 1e6).toFixed(1)} us CPU each`,
  );
};

interface Timing {
  seconds: number;
  cpu: number;
}

async function timed(work: () => Promise<unknown> | void): Promise<Timing> {
  const [began, used] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(used);
  return { seconds: (performance.now() - began) / 1000, cpu: (user + system) / 1e6 };
}

function eventsOf(tenantId: string, records: number): ChangeEvent[] {
  return Array.from({ length: Math.ceil(records / 5) }, () => buildDealHistory(5, { tenantId })).flat();
}

async function ingest(service: typeof plain, events: ChangeEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += batch)
    await service.store(events.slice(from, from + batch));
}

const sample = eventsOf(uuidv7(), 5_000);
const logs = sample.map((event) => logOfEvent(event, clock()));
const { stamper } = sealing.atIngest;
let stamped = logs;
for (let round = 0; round < 2; round++) {
  const made = await timed(() => void (stamped = logs.map((one) => stamper.stamp(one))));
  const hashed = await timed(() => {
    for (const [index, one] of stamped.entries()) hashOfRecord(one, index + 1);
  });
  if (round === 0) continue;
  say('stamping (salt and keyed hash)', made, logs.length);
  say('leaf (salts, commitments, hash)', hashed, logs.length);
}

for (let round = 1; round <= 3; round++) {
  const [one, other] = [eventsOf(uuidv7(), 5_000), eventsOf(uuidv7(), 5_000)];
  say(`ingest without, round ${round}`, await timed(() => ingest(plain, one)), one.length);
  say(`ingest with, round ${round}`, await timed(() => ingest(sealed, other)), other.length);
}

const tenantId = uuidv7();
for (let done = 0; done < count; done += 10_000)
  await ingest(sealed, eventsOf(tenantId, Math.min(10_000, count - done)));
say('sealing', await timed(() => sealing.sealer.sealTenant(tenantId)), count);

const head = (await sealing.seals.head(tenantId))?.segment ?? 0;
const range = { from: 1, to: head };
const lookup = await createSealKeys({
  connection,
  secret: keySecret,
  clock,
  rotateAfter: 86_400_000,
  trusted: [],
}).lookup();
let seen = 0;
const read = await timed(async () => {
  for await (const { records: some } of sealing.seals.segments(tenantId, range)) seen += some.length;
});
if (seen !== count) throw new Error(`${seen} of ${count} records were read`);
say('reading alone', read, count);
const check = createChainCheck({ tenantId, keys: lookup, before: null });
const verify = await timed(async () => {
  for await (const { seal, findings } of sealing.examine(tenantId, range)) check.segment(seal, findings);
});
const { flaws, records } = check.finish({ complete: true });
if (flaws.length > 0 || records !== count) throw new Error(`not verified: ${JSON.stringify(flaws[0])}`);
say('verifying', verify, count);
console.log(
  `  1,000,000 records at this rate: ${((verify.seconds / count) * 1e6).toFixed(0)} s; peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`,
);

const bytesOf = async (name: string) => {
  const stats = (await connection.db?.command({ collStats: name })) as {
    size: number;
    totalIndexSize: number;
  };
  return [stats.size, stats.totalIndexSize];
};
for (const name of ['auditrecords', 'auditseals', 'auditintake'])
  console.log(`  ${name}: data, indexes`, await bytesOf(name));
await connection.dropDatabase();
await connection.close();
process.exit(0);

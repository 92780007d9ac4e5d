import { dealSchema } from '@pipedesk/contracts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { repositoryRoot } from '../backing/cache.ts';
import { quantile, type Samples } from '../demo/latency.ts';
import type { BenchStack } from './bench.ts';
import { describeFigure, type Figure, isFigure, median } from './figure.ts';
import { signUp } from './history.bench.ts';
import { rawChanges } from './raw-driver.ts';

const changes = 100;
const minute = 60_000;

/** A bench in a process of its own, and how long it may take at most. */
interface Part {
  title: string;
  file: string;
  args: number[];
  limit: number;
}

/** With fewer records than are aimed at, everything is measured in fewer rounds too. */
function partsFor(records: number): Part[] {
  const isShort = records < 1_000_000;
  return [
    {
      title: 'What a change costs, beside other ways to write it',
      file: 'libs/mongo/bench/write-cost.ts',
      args: isShort ? [100, 2] : [400, 5],
      limit: 5 * minute,
    },
    {
      title: 'The outbox of a record while nobody empties it',
      file: 'libs/mongo/bench/outbox-growth.ts',
      args: [],
      limit: 3 * minute,
    },
    {
      title: 'From the queue into the database, beside the bare loop',
      file: 'apps/audit/bench/ingest.ts',
      args: isShort ? [4_000, 2] : [12_000, 5],
      limit: 5 * minute,
    },
    {
      title: 'Queries, exports and verification of many records',
      file: 'apps/audit/bench/records.ts',
      args: [records],
      limit: 10 * minute + records * 2,
    },
  ];
}

/**
 * What audit costs writers, and how fast it stores, answers, exports and verifies; closes with a table of aims.
 * @throws Error when a part did not come to its end, once all others have been measured
 */
export async function benchAudit({ backing, services, records, say }: BenchStack): Promise<void> {
  const figures: Figure[] = [];
  const broken: string[] = [];
  const env = {
    ...process.env,
    MONGODB_URI: backing.mongodbUri,
    AMQP_URL: backing.amqpUrl,
    AMQP_MANAGEMENT_URL: backing.amqpManagementUrl,
  };
  say('\n== PATCH /deals/:id through the gateway, beside the same change by the raw driver');
  figures.push(await benchPatch(backing.mongodbUri, services.urls['api-gateway'], say));
  for (const part of partsFor(records)) {
    say(`\n== ${part.title}`);
    const failure = await run(part, env, figures);
    if (failure) broken.push(`${part.file} ${failure}`);
  }
  say('\n== Aims');
  for (const figure of figures) say(`  ${figure.bench.padEnd(11)} ${describeFigure(figure)}`);
  if (broken.length > 0) throw new Error(broken.join('; '));
}

/** In a process of its own, whose lines appear among ours. @returns how it failed, if it did */
async function run(
  { file, args, limit }: Part,
  env: NodeJS.ProcessEnv,
  figures: Figure[],
): Promise<string | undefined> {
  const child = spawn(
    process.execPath,
    ['--no-warnings', join(repositoryRoot, file), ...args.map((arg) => String(arg))],
    { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], timeout: limit },
  );
  child.on('message', (message) => void (isFigure(message) && figures.push(message)));
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (code === 0) return undefined;
  return signal
    ? `was ended by ${signal}; it may take ${Math.ceil(limit / minute)} minutes`
    : `ended with ${code}`;
}

async function benchPatch(mongodbUri: string, gateway: string, say: BenchStack['say']): Promise<Figure> {
  const api = await signUp(gateway);
  const { id } = await api.expect('POST', '/deals', dealSchema, { body: { name: 'Probe' } });
  const rounds = { p50: [] as number[], p99: [] as number[], ratio: [] as number[] };
  for (let round = 0; round < 3; round++) {
    const patches: Samples = [];
    for (let amount = 1; amount <= changes; amount++) {
      const began = performance.now();
      const body = { amount: { amount: amount + round * changes, currency: 'USD' } };
      await api.expect('PATCH', `/deals/${id}`, dealSchema, { body });
      patches.push(performance.now() - began);
    }
    const raw = await rawChanges(mongodbUri, changes);
    rounds.ratio.push(quantile(patches, 0.5) / quantile(raw, 0.5));
    for (const [name, q] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const added = quantile(patches, q) - quantile(raw, q);
      rounds[name].push(added);
      say(
        `  ${name} PATCH ${quantile(patches, q).toFixed(1)} ms, raw driver ${quantile(raw, q).toFixed(1)} ms`,
      );
    }
  }
  const [p50, p99] = [median(rounds.p50), median(rounds.p99)];
  return {
    bench: 'HTTP',
    aim: 'a PATCH with all of its work adds far less than 50 ms to the raw update',
    measured: `${p50.toFixed(1)} ms p50 (${median(rounds.ratio).toFixed(1)}x), ${p99.toFixed(1)} ms p99`,
    met: p99 < 50,
  };
}

import { dealSchema } from '@pipedesk/contracts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { repositoryRoot } from '../backing/cache.ts';
import { quantile, type Samples } from '../demo/latency.ts';
import type { BenchStack } from './bench.ts';
import { type Figure, isFigure, median } from './figure.ts';
import { signUp } from './history.bench.ts';
import { rawChanges } from './raw-driver.ts';

const changes = 300;

/** What audit costs writers, and how fast it stores, answers, exports and verifies; closes with a table of aims. */
export async function benchAudit({ backing, services, say }: BenchStack): Promise<void> {
  const figures: Figure[] = [];
  const ownBenches = {
    'What a change costs, beside other ways to write it': 'libs/mongo/bench/write-cost.ts',
    'The outbox of a record while nobody empties it': 'libs/mongo/bench/outbox-growth.ts',
    'From the queue into the database, beside the bare loop': 'apps/audit/bench/ingest.ts',
    'Queries, exports and verification of many records': 'apps/audit/bench/records.ts',
  };
  const env = {
    ...process.env,
    MONGODB_URI: backing.mongodbUri,
    AMQP_URL: backing.amqpUrl,
    AMQP_MANAGEMENT_URL: backing.amqpManagementUrl,
  };
  say('\n== PATCH /deals/:id through the gateway, beside the same change by the raw driver');
  figures.push(await benchPatch({ backing, services, say }));
  for (const [title, file] of Object.entries(ownBenches)) {
    say(`\n== ${title}`);
    figures.push(...(await run(join(repositoryRoot, file), env)));
  }
  say('\n== Aims');
  for (const { bench, aim, measured, met } of figures)
    say(`  ${met ? 'met    ' : 'NOT MET'} ${bench.padEnd(11)} ${aim}: ${measured}`);
}

/** In a process of its own, whose lines appear among ours. @throws Error when it fails */
async function run(file: string, env: NodeJS.ProcessEnv): Promise<Figure[]> {
  const figures: Figure[] = [];
  const child = spawn(process.execPath, ['--no-warnings', file], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('message', (message) => void (isFigure(message) && figures.push(message)));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${file} ended with ${code}`);
  return figures;
}

async function benchPatch({ backing, services, say }: BenchStack): Promise<Figure> {
  const api = await signUp(services.urls['api-gateway']);
  const { id } = await api.expect('POST', '/deals', dealSchema, { body: { name: 'Probe' } });
  const rounds = { p50: [] as number[], p99: [] as number[] };
  for (let round = 0; round < 3; round++) {
    const patches: Samples = [];
    for (let amount = 1; amount <= changes; amount++) {
      const began = performance.now();
      const body = { amount: { amount: amount + round * changes, currency: 'USD' } };
      await api.expect('PATCH', `/deals/${id}`, dealSchema, { body });
      patches.push(performance.now() - began);
    }
    const raw = await rawChanges(backing.mongodbUri, changes);
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
    measured: `${p50.toFixed(1)} ms p50, ${p99.toFixed(1)} ms p99`,
    met: p99 < 50,
  };
}

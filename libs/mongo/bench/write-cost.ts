/**
 * What the audit of a change costs the writer: `MONGODB_URI=... node bench/write-cost.ts [changes] [rounds]`. Every way reads a
 * record, as the permission check needs it, and updates it, journaled; the ways take turns in a random order, each on a
 * record of its own in a collection with the same indexes.
 */
import { median, tellFigure } from '@pipedesk/local';
import { openDatabase } from '../test/fixture.ts';
import { openWays, type Way } from './ways.ts';

const changes = Number(process.argv[2] ?? 400);
const rounds = Number(process.argv[3] ?? 5);

const { connection, close } = await openDatabase();
const { ways, closeWays } = await openWays(connection);
const results = new Map(ways.map(({ name }) => [name, { p50: [] as number[], p99: [] as number[] }]));

// The first round warms everything up and does not count.
for (let round = 0; round <= rounds; round++) {
  const samples = await measure(ways);
  for (const [name, some] of samples) {
    if (round === 0) continue;
    results.get(name)?.p50.push(quantile(some, 0.5));
    results.get(name)?.p99.push(quantile(some, 0.99));
  }
}

async function measure(all: Way[]): Promise<Map<string, number[]>> {
  const samples = new Map(all.map(({ name }) => [name, [] as number[]]));
  for (let turn = 1; turn <= changes; turn++) {
    for (const way of shuffled(all)) {
      const began = performance.now();
      await way.change(turn);
      samples.get(way.name)?.push(performance.now() - began);
      await way.settle?.();
    }
  }
  return samples;
}

function shuffled<T>(items: T[]): T[] {
  const keyed = items.map((item) => ({ item, order: Math.random() }));
  return keyed.sort((a, b) => a.order - b.order).map(({ item }) => item);
}

function quantile(samples: number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

type Quantile = 'p50' | 'p99';
const roundsOf = (name: string, q: Quantile) => results.get(name)?.[q] ?? [];
/** Round by round: what else the machine does then is in both, and the next round has something else. */
const overRaw = (name: string, q: Quantile, compare: (ours: number, raw: number) => number) =>
  median(
    roundsOf(name, q).map((ours, round) => compare(ours, roundsOf('raw driver', q)[round] ?? Number.NaN)),
  );
const difference = (ours: number, raw: number) => ours - raw;
const ratio = (ours: number, raw: number) => ours / raw;

for (const { name } of ways) {
  const [p50, p99] = [median(roundsOf(name, 'p50')), median(roundsOf(name, 'p99'))];
  const added = overRaw(name, 'p50', difference).toFixed(2);
  console.log(`  ${name.padEnd(34)} p50 ${p50.toFixed(2)} ms (${added} over raw)  p99 ${p99.toFixed(2)} ms`);
}
for (const [q, most] of [
  ['p50', 0.5],
  ['p99', 3],
] as const) {
  const added = overRaw('change()', q, difference);
  tellFigure({
    bench: 'write cost',
    aim: `change() adds at most ${most} ms to the ${q} of the raw driver`,
    measured: `${added.toFixed(2)} ms, ${overRaw('change()', q, ratio).toFixed(2)}x`,
    met: added <= most,
  });
}
await closeWays();
await close();
process.exit(0);

import { type Deal, dealSchema } from '@pipedesk/contracts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../api-client.ts';

/** Milliseconds, sorted by nothing; `quantile` sorts. */
export type Samples = number[];

export function quantile(samples: Samples, q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

export function describe(samples: Samples): string {
  return `p50 ${quantile(samples, 0.5).toFixed(1)} ms, p95 ${quantile(samples, 0.95).toFixed(1)} ms (${samples.length} samples)`;
}

export interface Lag {
  patch: Samples;
  audit: Samples;
  timeline: Samples;
}

const giveUpAfter = 30_000;

/**
 * Changes a deal again and again and watches, from each answer on, how long its audit record and its timeline item take to
 * be readable. What it reports includes the reading itself.
 * @param isDone asked before each change
 */
export async function measureLag(
  api: ApiClient,
  deal: Deal,
  isDone: (changes: number) => boolean,
): Promise<Lag> {
  const lag: Lag = { patch: [], audit: [], timeline: [] };
  for (let changes = 0; !isDone(changes); changes++) {
    const began = performance.now();
    const amount = { amount: Math.floor(Math.random() * 1_000_000_000), currency: 'USD' };
    const { version } = await api.expect('PATCH', `/deals/${deal.id}`, dealSchema, { body: { amount } });
    const answered = performance.now();
    lag.patch.push(answered - began);
    const [audit, timeline] = await Promise.all([
      untilSeen(async () => (await api.call('GET', `/audit-logs/deal:${deal.id}:${version}`)).status === 200),
      untilSeen(async () => (await newestChange(api, deal.id)) >= version),
    ]);
    lag.audit.push(audit - answered);
    lag.timeline.push(timeline - answered);
  }
  return lag;
}

async function untilSeen(isThere: () => Promise<boolean>): Promise<number> {
  const deadline = performance.now() + giveUpAfter;
  while (performance.now() < deadline) {
    if (await isThere()) return performance.now();
    await sleep(2);
  }
  throw new Error(`A change was not seen within ${giveUpAfter / 1000} s of its answer.`);
}

/** The version of the newest change on the deal's timeline; a meeting to come may stand above it. */
async function newestChange(api: ApiClient, dealId: string): Promise<number> {
  const { body } = await api.call('GET', `/timeline/deal/${dealId}?limit=3`);
  const { items = [] } = body as { items?: { kind: string; source: { version: number } }[] };
  return items.find(({ kind }) => kind === 'change')?.source.version ?? 0;
}

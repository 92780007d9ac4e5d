import { type Deal, dealSchema, tokenSchema } from '@pipedesk/contracts';
import { randomUUID } from 'node:crypto';
import { type ApiClient, createApiClient } from '../api-client.ts';
import { readAudit } from '../demo/completeness.ts';
import { generateSource } from '../demo/generate.ts';
import { importFile } from '../demo/import-file.ts';
import { describe, measureLag, quantile, type Samples } from '../demo/latency.ts';
import { residentMemory } from '../demo/memory.ts';
import type { BenchStack } from './bench.ts';
import { rawChanges } from './raw-driver.ts';

const opportunities = 8_800;
const changes = 300;

/** The main job: import with audit and timeline keeping up, the lag behind a write, a PATCH beside the raw driver, memory. */
export async function benchHistory({ backing, services, say }: BenchStack): Promise<void> {
  const api = await signUp(services.urls['api-gateway']);
  const probe = await api.expect('POST', '/deals', dealSchema, { body: { name: 'Probe' } });
  await measureLag(api, probe, (done) => done === 30);

  say('\n== Import');
  const busy = await importAndProbe(api, probe, say);
  say('\n== Lag from the answer of a write (reading included)');
  const idle = await measureLag(api, probe, (done) => done === changes);
  for (const [when, lag] of [
    ['while importing', busy],
    ['idle', idle],
  ] as const) {
    say(`  ${when.padEnd(16)} audit    ${describe(lag.audit)}`);
    say(`  ${when.padEnd(16)} timeline ${describe(lag.timeline)}`);
  }

  say('\n== PATCH /deals/:id through the gateway, beside the same change by the raw driver');
  const raw = await rawChanges(backing.mongodbUri, changes);
  say(`  gateway          ${describe(idle.patch)}`);
  say(`  raw driver       ${describe(raw)}`);
  say(`  ratio            p50 ${ratio(idle.patch, raw, 0.5)}, p95 ${ratio(idle.patch, raw, 0.95)}`);

  say('\n== Memory after the import');
  for (const [name, megabytes] of await residentMemory(services.urls))
    say(`  ${name.padEnd(16)} ${megabytes?.toFixed(0) ?? '?'} MB`);
}

/** A tenant of the bench's own. */
export async function signUp(gateway: string): Promise<ApiClient> {
  const api = createApiClient(gateway);
  const body = {
    tenantName: 'Bench',
    name: 'Ada Admin',
    email: `${randomUUID()}@example.com`,
    password: randomUUID(),
  };
  return api.as((await api.expect('POST', '/auth/signup', tokenSchema, { body })).accessToken);
}

/** Imports while a probe deal is being changed; the rate counts until audit has everything. */
async function importAndProbe(api: ApiClient, probe: Deal, say: (line: string) => void) {
  const source = generateSource({ accounts: 85, opportunities, seed: 7 });
  await importFile(api, 'companies', source.accounts ?? '', () => undefined);
  const began = performance.now();
  let isImported = false;
  const probing = measureLag(api, probe, () => isImported);
  const { result, seconds } = await importFile(api, 'deals', source.opportunities, () => undefined);
  isImported = true;
  const lag = await probing;
  const audited = await untilAudited(api, result.operationId, result.imported);
  const total = (performance.now() - began) / 1000;
  say(
    `  ${result.imported} deals (${result.rejected} rows rejected): ${(result.imported / seconds).toFixed(0)} deals/s stored`,
  );
  say(
    `  audit had all ${audited} of them after ${total.toFixed(1)} s: ${(audited / total).toFixed(0)} deals/s, reading them back included`,
  );
  return lag;
}

async function untilAudited(api: ApiClient, operationId: string, expected: number): Promise<number> {
  for (;;) {
    const records = await readAudit(api, `/audit-logs?operationId=${operationId}&entityType=deal`);
    if (records.length >= expected) return records.length;
  }
}

function ratio(ours: Samples, raw: Samples, q: number): string {
  return `${(quantile(ours, q) / quantile(raw, q)).toFixed(1)}x`;
}

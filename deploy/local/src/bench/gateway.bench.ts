import { tokenSchema } from '@pipedesk/contracts';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { repositoryRoot } from '../backing/cache.ts';
import { type ApiClient, createApiClient } from '../api-client.ts';
import { quantile, type Samples } from '../demo/latency.ts';
import type { BenchStack } from './bench.ts';

const logins = 100;

/** The edge: proxies beside each other, what a token and a hostile header cost, and others while many log in. */
export async function benchGateway({ services, say }: BenchStack): Promise<void> {
  const ownBenches = {
    'Requests through the gateway with all of its work, beside proxies that only forward': 'proxies.ts',
    'Verification of a token': 'verification.ts',
    'Headers made to hurt, 50 at once': 'hostile-headers.ts',
  };
  for (const [title, file] of Object.entries(ownBenches)) {
    say(`\n== ${title}`);
    await run(join(repositoryRoot, 'apps/api-gateway/bench', file));
  }
  say(`\n== Other requests while ${logins} people log in at once`);
  await benchLogins(createApiClient(services.urls['api-gateway']), say);
}

/** In a process of its own, whose lines appear among ours. @throws Error when it fails */
async function run(file: string): Promise<void> {
  const child = spawn(process.execPath, ['--no-warnings', file], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${file} ended with ${code}`);
}

async function benchLogins(api: ApiClient, say: (line: string) => void): Promise<void> {
  const people = [];
  for (let person = 0; person < logins; person++) people.push(await signUp(api));
  const reader = api.as(people[0]?.token ?? '');
  let areDone = false;
  const alone = await probe(reader, (sent) => sent >= 200);
  const began = performance.now();
  const entering = Promise.all(people.map(({ email, password }) => logIn(api, email, password)));
  const probing = probe(reader, () => areDone);
  const statuses = await entering;
  areDone = true;
  const busy = await probing;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const counts = [...Map.groupBy(statuses, (status) => status)].map(
    ([status, all]) => `${all.length} x ${status}`,
  );
  say(`  logins            ${counts.join(', ')} within ${seconds} s`);
  for (const [name, samples] of Object.entries(alone)) say(`  ${name.padEnd(17)} alone   ${told(samples)}`);
  for (const [name, samples] of Object.entries(busy)) say(`  ${name.padEnd(17)} logins  ${told(samples)}`);
}

function told(samples: Samples): string {
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(samples, share).toFixed(1));
  return `p50 ${p50} ms, p99 ${p99} ms (${samples.length} samples)`;
}

async function signUp(api: ApiClient) {
  const email = `${randomUUID()}@example.com`;
  const password = randomUUID();
  const body = { tenantName: 'Bench', name: 'Ada Admin', email, password };
  const { accessToken: token } = await api.expect('POST', '/auth/signup', tokenSchema, { body });
  return { email, password, token };
}

async function logIn(api: ApiClient, email: string, password: string): Promise<number> {
  return (await api.call('POST', '/auth/login', { body: { email, password } })).status;
}

/** Reads one after the other, of auth itself and of another service, until told to stop; ms. */
async function probe(api: ApiClient, isDone: (sent: number) => boolean): Promise<Record<string, Samples>> {
  const paths = ['/auth/me', '/companies?limit=1'];
  const samples: Record<string, Samples> = Object.fromEntries(
    paths.map((path) => [`GET ${path.split('?')[0]}`, []]),
  );
  for (let sent = 0; !isDone(sent); sent++) {
    for (const path of paths) {
      const began = performance.now();
      await api.call('GET', path);
      samples[`GET ${path.split('?')[0]}`]?.push(performance.now() - began);
    }
  }
  return samples;
}

/** What it costs to verify a token, the first time and when it is remembered: `node bench/verification.ts`. */
import { createAuthenticator } from '@pipedesk/service-kit';
import type { Request, Response } from 'express';
import { audience, buildPerson, issuer, revocations, testKeys } from '../test/tokens.ts';

const tokens = 2_000;
const authenticate = createAuthenticator({ keys: testKeys, issuer, audience, revocations });

for (const token of build(500)) await verify(token);
const measured = build(tokens);
const first = await timesOf(measured);
const again = await timesOf(measured);
for (const [name, times] of [
  ['first time', first],
  ['remembered', again],
] as const) {
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(3);
  console.log(`  ${name.padEnd(12)} p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${times.length} tokens)`);
}

function build(count: number): string[] {
  return Array.from({ length: count }, () => buildPerson().token);
}

async function timesOf(some: string[]): Promise<number[]> {
  const times: number[] = [];
  for (const token of some) {
    const began = performance.now();
    await verify(token);
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b);
}

function verify(token: string): Promise<void> {
  const authorization = `Bearer ${token}`;
  const req = {
    method: 'GET',
    headers: { authorization },
    headersDistinct: { authorization: [authorization] },
  };
  return new Promise((resolve, reject) => {
    void authenticate(req as unknown as Request, {} as Response, (error?: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import { check, settle } from './checker.ts';
import { createRandom } from './random.ts';
import type { Scenario } from './scenario.ts';
import type { ChaosStack } from './stack.ts';
import { type Attempt, startWriter } from './writer.ts';

export interface Result {
  scenario: string;
  seed: number;
  writes: number;
  accepted: number;
  audited: number;
  lost: number;
  doubled: number;
  /** From the end of the writing, after the fault had healed, to nothing left on its way; ms. */
  recovery: number;
  /** p99 of writes before and during the fault, ms. */
  p99: { before: number; during: number };
  violations: string[];
}

const recoverWithin = 90_000;
const warmUp = 1_000;
const coolDown = 700;
/** A loaded machine varies by so much without any fault, ms. */
const slack = 500;

export async function runScenario(stack: ChaosStack, scenario: Scenario, seed: number): Promise<Result> {
  const random = createRandom(seed);
  const { tenantId, authorization } = await stack.signUp();
  const writer = startWriter({ url: stack.services.urls.crm, authorization, random });
  await sleep(warmUp);
  const began = Date.now();
  let failure: Error | undefined;
  try {
    await scenario.run({ stack, random, writer });
  } catch (error) {
    failure = error instanceof Error ? error : new Error('something that is no error was thrown');
  }
  const ended = Date.now();
  await sleep(coolDown);
  await writer.stop();
  const { attempts } = writer;
  const recovery = await settle(stack, tenantId, recoverWithin);
  const verdict = await check(stack, tenantId, attempts);
  const during = attempts.filter((attempt) => attempt.began >= began && attempt.began < ended);
  const p99 = {
    before: quantile(attempts.filter((attempt) => attempt.began < began)),
    during: quantile(during),
  };
  return {
    scenario: scenario.name,
    seed,
    writes: attempts.length,
    accepted: attempts.filter(({ outcome }) => outcome === 'accepted').length,
    ...verdict,
    recovery: recovery ?? recoverWithin,
    p99,
    violations: [
      ...verdict.violations,
      ...(failure === undefined ? [] : [`the fault itself failed: ${failure.message}`]),
      ...(scenario.sparesWrites ? writeViolations(during, p99) : []),
    ],
  };
}

/** Invariant 8. */
function writeViolations(during: Attempt[], p99: Result['p99']): string[] {
  const failed = during.filter(({ outcome }) => outcome === 'unknown').length;
  const isSlow = p99.during > 3 * p99.before + slack;
  return [
    ...(failed > 0 ? [`8: ${failed} writes failed`] : []),
    ...(isSlow ? [`8: p99 of writes went from ${p99.before} to ${p99.during} ms`] : []),
  ];
}

function quantile(attempts: Attempt[]): number {
  const sorted = attempts.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { dropUnconsumed } from './broker-queues.ts';
import { check, settle } from './checker.ts';
import { createRandom } from './random.ts';
import type { Scenario } from './scenario.ts';
import type { ChaosStack } from './stack.ts';
import { streamViolations } from './stream-check.ts';
import { startWriter, type Timed, type Writer } from './writer.ts';

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
  /** How long all of it took. */
  seconds: number;
  /** p99 of writes before and during the fault, and meanwhile of requests that do nothing, ms. */
  p99: { before: number; during: number; machine: number };
  violations: string[];
}

const recoverWithin = 90_000;
const warmUp = 1_000;
const coolDown = 700;
/** Writes vary by so much without any fault, ms. */
const slack = 500;
/** A write passes so many processes, each of which waits for a core of a loaded machine as a probe does. */
const hops = 4;

export async function runScenario(stack: ChaosStack, scenario: Scenario, seed: number): Promise<Result> {
  const started = Date.now();
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
  const streamed = scenario.streams ? await streamViolations(stack, tenantId) : [];
  await dropUnconsumed(stack);
  const fault = { began, ended };
  return {
    scenario: scenario.name,
    seed,
    writes: attempts.length,
    accepted: attempts.filter(({ outcome }) => outcome === 'accepted').length,
    ...verdict,
    recovery: recovery ?? recoverWithin,
    seconds: (Date.now() - started) / 1000,
    p99: slowestOf(writer, fault),
    violations: [
      ...verdict.violations,
      ...(failure === undefined ? [] : [`the fault itself failed: ${failure.message}`]),
      ...(scenario.sparesWrites ? writeViolations(writer, fault) : []),
      ...streamed,
    ],
  };
}

/** When the fault began and was healed. */
interface Fault {
  began: number;
  ended: number;
}

const before = <T extends Timed>(all: T[], fault: Fault) => all.filter(({ began }) => began < fault.began);
const during = <T extends Timed>(all: T[], fault: Fault) =>
  all.filter(({ began }) => began >= fault.began && began < fault.ended);

function slowestOf({ attempts, probes }: Writer, fault: Fault): Result['p99'] {
  return {
    before: p99Of(before(attempts, fault)),
    during: p99Of(during(attempts, fault)),
    machine: p99Of(during(probes, fault)),
  };
}

/** Invariant 8. */
function writeViolations(writer: Writer, fault: Fault): string[] {
  const failed = during(writer.attempts, fault).filter(({ outcome }) => outcome === 'unknown').length;
  const p99 = slowestOf(writer, fault);
  const isSlow = p99.during > 3 * p99.before + slack + hops * p99.machine;
  return [
    ...(failed > 0 ? [`8: ${failed} writes failed`] : []),
    ...(isSlow ? [`8: p99 of writes went from ${p99.before} to ${p99.during} ms`] : []),
  ];
}

function p99Of(some: Timed[]): number {
  const sorted = some.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? 0;
}

import { type Result, runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { type ChaosStack, startChaosStack } from './stack.ts';

interface Job {
  scenario: Scenario;
  seed: number;
}

interface RoundsOptions {
  scenarios: Scenario[];
  rounds: number;
  /** Of the first round; each round has the next one. */
  seed: number;
  /** How many stacks share the work side by side. */
  stacks: number;
  isOver: () => boolean;
  say: (line: string) => void;
  tell: (result: Result) => void;
}

/** Runs every scenario once a round. @returns the results of what was run before it was over */
export async function runRounds(options: RoundsOptions): Promise<Result[]> {
  const { scenarios, rounds, seed } = options;
  const jobs: Job[] = Array.from({ length: rounds }, (_, round) =>
    scenarios.map((scenario) => ({ scenario, seed: seed + round })),
  ).flat();
  const results: Result[] = [];
  const workers = Array.from({ length: Math.min(options.stacks, jobs.length) }, () =>
    work(jobs, results, options),
  );
  await Promise.all(workers);
  return results;
}

async function work(jobs: Job[], results: Result[], { isOver, say, tell }: RoundsOptions): Promise<void> {
  let stack: ChaosStack | undefined;
  try {
    for (let job = jobs.shift(); job && !isOver(); job = jobs.shift()) {
      stack ??= await startChaosStack(say);
      const { scenario, seed } = job;
      const result = await runScenario(stack, scenario, seed).catch((error) => notRun(job, error));
      results.push(result);
      tell(result);
      if (result.violations.length === 0) continue;
      say(`    the logs of this stack are kept in ${stack.keepLogs(scenario.name)}`);
      // Nobody knows what state it is in: the next round must not fail for what this one has left.
      await stack.stop();
      stack = undefined;
    }
  } finally {
    await stack?.stop();
  }
}

/** What kept a round from being run or checked counts as a failure of it; it must not end all the others. */
function notRun({ scenario, seed }: Job, error: unknown): Result {
  const nothing = { writes: 0, accepted: 0, audited: 0, lost: 0, doubled: 0, recovery: 0, seconds: 0 };
  const violations = [`not run to its end: ${error instanceof Error ? error.message : String(error)}`];
  return { scenario: scenario.name, seed, ...nothing, p99: { before: 0, during: 0, machine: 0 }, violations };
}

import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startBackingServices } from './backing/backing-services.ts';
import type { BackingServices } from './backing/backing-services.ts';
import { repositoryRoot } from './backing/cache.ts';
import { watchInterrupts } from './interrupt.ts';
import { outputOf, projectsWith, runMany, temporaryLog } from './nx.ts';
import { withElapsed } from './provision/progress.ts';
import { closingLine, missingOutcome, readOutcome, summarize } from './test-results.ts';
import type { JestResults, Outcome } from './test-results.ts';

/**
 * `npm test [-- project... pattern...]`: every suite on backing services of its own, which live as long as the run.
 * Prints a line per finished project, then what failed and why, and ends with `N passed, N failed`.
 */
const logFile = temporaryLog('test');
const longestRun = 20 * 60_000;
const interrupted = watchInterrupts();
const outcomes: Outcome[] = [];

try {
  await runTests(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  outcomes.push({ project: 'npm test', passed: 0, failed: 1, failures: [] });
}
rmSync(logFile, { force: true });
for (const failure of outcomes.flatMap((outcome) => outcome.failures)) console.log(`\n${failure}`);
console.log(`\n${closingLine(outcomes)}`);
process.exit(outcomes.some(({ failed }) => failed > 0) ? 1 : 0);

async function runTests(args: string[]): Promise<void> {
  const all = await projectsWith('test');
  const named = args.filter((arg) => all.includes(arg));
  const projects = named.length > 0 ? named : all;
  for (const project of projects) rmSync(resultsFile(project), { force: true });
  const backing = await startBackingServices({
    instance: `test-${process.pid}`,
    ephemeral: true,
    ports: 'free',
    progress: withElapsed((line) => console.log(line)),
  });
  const watcher = watchResults(projects);
  try {
    const patterns = args.filter((arg) => !all.includes(arg));
    const targets = ['test'];
    await runMany({
      targets,
      projects,
      args: patterns,
      env: testEnvironment(backing),
      logFile,
      timeout: longestRun,
      interrupted,
    });
    watcher.finish();
  } finally {
    watcher.close();
    await backing.stop();
  }
}

function testEnvironment({
  mongodbUri,
  amqpUrl,
  amqpManagementUrl,
  postgres,
}: BackingServices): NodeJS.ProcessEnv {
  return {
    NODE_ENV: 'test',
    MONGODB_URI: mongodbUri,
    AMQP_URL: amqpUrl,
    AMQP_MANAGEMENT_URL: amqpManagementUrl,
    PIPEDESK_TEST_POSTGRES: postgres && `${postgres.host}:${postgres.port}`,
  };
}

function resultsFile(project: string): string {
  const folder = ['apps', 'libs', 'deploy'].find((name) =>
    existsSync(join(repositoryRoot, name, project, 'package.json')),
  );
  return join(repositoryRoot, folder ?? '', project, 'test-output/results.json');
}

/**
 * Reports each project when its result file appears, which jest writes at its end and Nx restores when the project has not
 * changed since it last passed.
 */
function watchResults(projects: string[]) {
  const began = Date.now();
  const waiting = new Set(projects);
  const look = () => {
    for (const project of waiting) {
      const results = readResults(resultsFile(project));
      if (!results) continue;
      waiting.delete(project);
      finish(readOutcome(project, results), describeTime(results, began));
    }
  };
  const timer = setInterval(look, 250);
  return {
    close: () => clearInterval(timer),
    /** Nx has ended: who has written no results by now has failed to run. */
    finish(): void {
      look();
      const log = readFileSync(logFile, 'utf8');
      for (const project of waiting) {
        const output = interrupted.aborted
          ? `interrupted by ${String(interrupted.reason)}`
          : outputOf(log, project, 'test') || log;
        finish(missingOutcome(project, output), 'no results');
      }
    },
  };
}

function finish(outcome: Outcome, time: string): void {
  outcomes.push(outcome);
  console.log(summarize(outcome, time));
}

/** Undefined until the file is there and complete. */
function readResults(path: string): JestResults | undefined {
  try {
    return statSync(path).size > 0 ? (JSON.parse(readFileSync(path, 'utf8')) as JestResults) : undefined;
  } catch {
    return undefined;
  }
}

function describeTime(results: JestResults, began: number): string {
  if (results.startTime < began) return 'unchanged since it passed';
  const end = Math.max(results.startTime, ...results.testResults.map(({ endTime }) => endTime));
  return `${((end - results.startTime) / 1000).toFixed(1)} s`;
}

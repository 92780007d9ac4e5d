import { parseArgs } from 'node:util';
import { format, table } from './report.ts';
import { runRounds } from './run-rounds.ts';
import type { Result } from './run-scenario.ts';
import { scenarios } from './scenarios/index.ts';

/**
 * `npm run chaos [-- --scenario TEXT --seed N --rounds N --stacks N --minutes N]`: breaks a stack of its own in every way
 * of the fault matrix while clients write, heals it, and checks that audit has exactly what the clients were told.
 * `--scenario` is a part of a name and may be given several times. The same seed makes the same clients and the same
 * pauses. Most of a round is waiting, so several stacks side by side share the rounds sooner; each takes about 1 GiB. Two
 * are right for two cores. The logs of a stack that failed are kept, and the place is printed.
 */
const { values } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true, default: [''] },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rounds: { type: 'string', default: '1' },
    stacks: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '600' },
    list: { type: 'boolean', default: false },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);

const chosen = scenarios.filter(({ name }) => values.scenario.some((part) => name.includes(part)));
if (chosen.length === 0 || values.list) {
  say(`Scenarios:\n${scenarios.map(({ name }) => `  ${name}`).join('\n')}`);
  process.exit(values.list ? 0 : 1);
}

const began = Date.now();
const deadline = began + Number(values.minutes) * 60_000;
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (isInterrupted = true));

const results = await runRounds({
  scenarios: chosen,
  rounds: Number(values.rounds),
  seed: Number(values.seed),
  stacks: Number(values.stacks),
  isOver: () => isInterrupted || Date.now() > deadline,
  say,
  tell,
});
const planned = chosen.length * Number(values.rounds);
const minutes = ((Date.now() - began) / 60_000).toFixed(1);
say(`\n${results.length} of ${planned} rounds in ${minutes} minutes, seeds from ${values.seed}\n`);
say(format(table(results)));
process.exit(results.every(({ violations }) => violations.length === 0) ? 0 : 1);

function tell({ scenario, seed, seconds, writes, recovery, p99, violations }: Result): void {
  const verdict = violations.length === 0 ? 'ok' : 'FAILED';
  const slowest = `p99 ${p99.before} -> ${p99.during} ms (idle ${p99.machine}), ${seconds.toFixed(0)} s in all`;
  say(`${verdict}  ${scenario} (seed ${seed}): ${writes} writes, recovered in ${recovery} ms, ${slowest}`);
  for (const violation of violations.slice(0, 5)) say(`    ${violation}`);
  if (violations.length > 5) say(`    and ${violations.length - 5} more`);
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runScenario } from '../chaos/run-scenario.ts';
import { scenarios } from '../chaos/scenarios/index.ts';
import { type ChaosStack, startChaosStack } from '../chaos/stack.ts';

let stack: ChaosStack;

beforeAll(async () => {
  stack = await startChaosStack(() => undefined);
}, 120_000);
afterAll(() => stack?.stop(), 60_000);

/** The quickest of each kind; `npm run chaos` runs all of them. */
const quick = [
  'crm dies at outbox.after-write',
  'audit dies at consumer.after-store',
  'broker loses its disk with events in its queues',
  'connections cut in mid-frame between audit and its database',
];

/** Whether writes stay fast is for a machine that does nothing else: `npm run chaos`. */
const isAboutSpeed = (violation: string) => violation.startsWith('8: p99');

describe('clients that write, and audit', () => {
  it.each(quick)(
    'agree in everything after: %s',
    async (name) => {
      const scenario = scenarios.find((one) => one.name === name);
      if (!scenario) throw new Error(`there is no scenario ${name}`);
      const { violations, accepted, audited } = await runScenario(stack, scenario, 1);
      expect(violations.filter((violation) => !isAboutSpeed(violation))).toEqual([]);
      expect(accepted).toBeGreaterThan(20);
      expect(audited).toBeGreaterThanOrEqual(accepted);
    },
    150_000,
  );
});

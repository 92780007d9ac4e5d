import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';

export const databaseScenarios: Scenario[] = [
  {
    name: 'database server killed',
    run: async ({ stack, random }) => {
      await sleep(random.between(0, 500));
      await stack.database.killServer();
      await sleep(random.between(500, 2_000));
      await stack.database.startServer();
    },
  },
  {
    name: 'database server frozen',
    run: async ({ stack, random }) => {
      await stack.database.freeze();
      await sleep(random.between(3_000, 6_000));
      await stack.database.thaw();
    },
  },
  {
    name: 'database gateway killed',
    run: async ({ stack, random }) => {
      await sleep(random.between(0, 500));
      await stack.database.killGateway();
      await sleep(random.between(200, 1_500));
      await stack.database.startGateway();
    },
  },
];

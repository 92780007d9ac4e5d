import type { Scenario } from '../scenario.ts';
import { brokerScenarios } from './broker.ts';
import { databaseScenarios } from './database.ts';
import { queueScenarios } from './queues.ts';
import { serviceScenarios } from './services.ts';
import { wireScenarios } from './wires.ts';

/** Every fault that the delivery of events is promised to survive. */
export const scenarios: Scenario[] = [
  ...serviceScenarios,
  ...brokerScenarios,
  ...databaseScenarios,
  ...wireScenarios,
  ...queueScenarios,
];

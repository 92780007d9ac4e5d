import type { ServiceName } from '@pipedesk/local';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { eventually } from '../../src/eventually.ts';
import { depthOf } from '../broker-queues.ts';
import { deadLetters } from '../checker.ts';
import type { FaultContext, Scenario } from '../scenario.ts';
import type { ChaosStack } from '../stack.ts';

/** A point, and by the how manieth time at the latest the service is to die there. */
interface Death {
  service: ServiceName;
  point: string;
  latest?: number;
}

/** Starts a service that is to die at a named point, waits until it has, and starts it again without. */
async function dieAt({ stack, random }: FaultContext, { service, point, latest = 20 }: Death): Promise<void> {
  const { services } = stack;
  await services.kill(service);
  await startDoomed(stack, service, `${point}:${random.between(2, latest)}`);
  await eventually(() => {
    if (services.isRunning(service)) throw new Error(`${service} has not come by ${point}`);
  }, 90_000);
  await services.kill(service);
  await stack.revive(service);
}

/** It may be dead before it is ready. */
async function startDoomed(stack: ChaosStack, service: ServiceName, failpoints: string): Promise<void> {
  await stack.services.start(service, { PIPEDESK_FAILPOINTS: failpoints }).catch((error: unknown) => {
    if (stack.services.isRunning(service)) throw error;
  });
}

const dying = (service: ServiceName, point: string, rest: Partial<Scenario> = {}): Scenario => ({
  name: `${service} dies at ${point}`,
  run: (context) => dieAt(context, { service, point }),
  ...rest,
});

/** Streams move once in a while only, when something has been sealed, and by one process at a time. */
const dyingWithStream: Scenario = {
  name: 'audit dies at stream.after-append',
  streams: true,
  sparesWrites: true,
  run: (context) => dieAt(context, { service: 'audit', point: 'stream.after-append', latest: 3 }),
};

const killedAtRandom = (service: ServiceName, rest: Partial<Scenario> = {}): Scenario => ({
  name: `${service} killed at random`,
  run: async ({ stack, random }) => {
    for (let round = 0; round < 3; round++) {
      await sleep(random.between(100, 800));
      await stack.services.kill(service);
      await stack.revive(service);
    }
  },
  ...rest,
});

const frozen = (service: ServiceName, rest: Partial<Scenario> = {}): Scenario => ({
  name: `${service} frozen beyond two heartbeats`,
  run: async ({ stack, random }) => {
    await stack.services.freeze(service);
    await sleep(random.between(6_000, 7_000));
    stack.services.thaw(service);
  },
  ...rest,
});

/** Deliveries after which RabbitMQ gives up; as in deploy/rabbitmq/definitions.json. */
const deliveryLimit = 20;

const killedOverAndOver: Scenario = {
  name: 'audit killed 22 times with the same messages in hand',
  sparesWrites: true,
  run: async ({ stack }) => {
    const { services } = stack;
    await services.kill('audit');
    for (let kill = 0; kill < deliveryLimit + 2; kill++) {
      await startDoomed(stack, 'audit', 'consumer.before-store');
      await eventually(() => {
        if (services.isRunning('audit')) throw new Error('audit lives on');
      }, 20_000);
      await services.kill('audit');
    }
    await eventually(async () => {
      if ((await depthOf(stack, deadLetters)) === 0) throw new Error('nothing was dead-lettered');
    }, 20_000);
    await stack.revive('audit');
    await replay(stack);
  },
};

const replayCommand = join(import.meta.dirname, '../../../../apps/audit/src/replay/main.ts');

/** As an operator does it: `npm run audit:replay`. */
async function replay({ amqpUrl }: ChaosStack): Promise<void> {
  const env = { PATH: process.env['PATH'], AMQP_URL: amqpUrl };
  await promisify(execFile)(process.execPath, [replayCommand], { env });
}

export const serviceScenarios: Scenario[] = [
  dying('crm', 'outbox.after-write'),
  dying('crm', 'relay.after-publish'),
  dying('crm', 'relay.after-confirm'),
  dying('crm', 'relay.after-settlement'),
  killedAtRandom('crm'),
  dying('audit', 'consumer.before-store', { sparesWrites: true }),
  dying('audit', 'consumer.after-store', { sparesWrites: true }),
  dying('audit', 'consumer.after-settlement', { sparesWrites: true }),
  dying('audit', 'consumer.after-acknowledgement', { sparesWrites: true }),
  dyingWithStream,
  killedAtRandom('audit', { sparesWrites: true }),
  killedOverAndOver,
  frozen('crm'),
  frozen('audit', { sparesWrites: true }),
];

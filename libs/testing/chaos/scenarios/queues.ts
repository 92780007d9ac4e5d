import type { GetMessage } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import { withBroker } from '../broker-queues.ts';
import type { Scenario } from '../scenario.ts';

const queue = 'audit.events';
const exchange = 'pipedesk.events';

export const queueScenarios: Scenario[] = [
  {
    name: 'binding of audit missing',
    sparesWrites: true,
    run: ({ stack, random }) =>
      withBroker(stack.amqpUrl, async (model) => {
        const channel = await model.createChannel();
        await channel.unbindQueue(queue, exchange, '#');
        await sleep(random.between(1_000, 2_500));
        await channel.bindQueue(queue, exchange, '#');
      }),
  },
  {
    name: 'queue of audit deleted while consumed',
    sparesWrites: true,
    run: ({ stack, random }) =>
      withBroker(stack.amqpUrl, async (model) => {
        const channel = await model.createChannel();
        await sleep(random.between(0, 500));
        await channel.deleteQueue(queue);
      }),
  },
  {
    name: 'deliveries reversed',
    sparesWrites: true,
    run: async ({ stack, random }) => {
      await stack.services.stop('audit');
      await sleep(random.between(500, 1_500));
      await withBroker(stack.amqpUrl, async (model) => {
        const channel = await model.createConfirmChannel();
        const taken: GetMessage[] = [];
        for (let next = await channel.get(queue); next; next = await channel.get(queue)) taken.push(next);
        for (const { content, properties } of taken.toReversed())
          channel.sendToQueue(queue, content, properties);
        await channel.waitForConfirms();
        channel.ackAll();
        await channel.close();
      });
      await stack.revive('audit');
    },
  },
  {
    name: 'two relays, one of them killed',
    run: async ({ stack, writer, random }) => {
      const second = await stack.startSecondCrm();
      writer.urls.push(second.url);
      await sleep(random.between(1_000, 2_000));
      await second.kill();
      writer.urls.pop();
      await second.stop();
    },
  },
];

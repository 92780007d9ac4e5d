import { type ChannelModel, connect } from 'amqplib';
import { eventually } from '../src/eventually.ts';
import type { ChaosStack } from './stack.ts';

export async function withBroker<T>(url: string, use: (model: ChannelModel) => Promise<T>): Promise<T> {
  const model = await connect(url, { timeout: 5_000 });
  model.on('error', () => undefined);
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

/** Messages of a queue that no consumer has in hand. The broker may have been healed only just now. */
export function depthOf({ amqpUrl }: ChaosStack, queue: string): Promise<number> {
  const look = async (model: ChannelModel) => {
    const channel = await model.createChannel();
    channel.on('error', () => undefined);
    return (await channel.checkQueue(queue)).messageCount;
  };
  return eventually(() => withBroker(amqpUrl, look), 20_000);
}

/** Nobody here takes what the timeline would take, and what one round leaves must not burden the next. */
export function dropUnconsumed({ amqpUrl }: ChaosStack): Promise<void> {
  return eventually(
    () =>
      withBroker(amqpUrl, async (model) => {
        const channel = await model.createChannel();
        channel.on('error', () => undefined);
        for (const queue of ['timeline.events', 'pipedesk.unrouted']) await channel.purgeQueue(queue);
      }),
    20_000,
  );
}

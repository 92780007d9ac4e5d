import { type Logger, type Revocations, revokingEvents, rightsEvents } from '@pipedesk/service-kit';
import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { type Drop, superviseConnection } from './connection.ts';
import { decodeEvent } from './message.ts';
import { declareTopology, eventsExchange } from './topology.ts';

interface FeedOptions {
  url: string;
  service: string;
  log: Logger;
  revocations: Pick<Revocations, 'add' | 'setBusConnected'>;
}

export interface RevocationFeed {
  isConnected(): boolean;
  close(): Promise<void>;
}

/**
 * Brings a process every event that ends what a token says, or changes what people may beside their role. The queue is the process's own and goes with its
 * connection: what happens meanwhile is not kept for it, so at each (re)connection the list is asked for anew, after
 * the queue is bound and nothing can slip between the two.
 */
export function feedRevocations({ url, service, log, revocations }: FeedOptions): RevocationFeed {
  function receive(message: ConsumeMessage): void {
    try {
      revocations.add(decodeEvent(message));
    } catch (error) {
      log.error({ err: error, type: String(message.properties.type) }, 'an event of auth cannot be read');
    }
  }

  async function setup(model: ChannelModel, drop: Drop): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', (error) => {
      drop(`revocations channel: ${error.message}`);
    });
    channel.on('close', () => {
      drop('revocations channel closed');
    });
    await declareTopology(channel);
    const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true });
    for (const type of [...revokingEvents, ...rightsEvents])
      await channel.bindQueue(queue, eventsExchange, type);
    // Acknowledging would only help a queue that outlives its consumer.
    await channel.consume(
      queue,
      (message) => {
        if (message === null) drop('the broker cancelled the revocations consumer');
        else receive(message);
      },
      { noAck: true, exclusive: true },
    );
    revocations.setBusConnected(true);
  }

  return superviseConnection({
    url,
    name: `${service} revocations`,
    log,
    setup,
    onLost: () => {
      revocations.setBusConnected(false);
    },
  });
}

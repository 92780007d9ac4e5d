import type { ChangeEvent } from '@pipedesk/contracts';
import type { Logger } from '@pipedesk/service-kit';
import type { ChannelModel } from 'amqplib';
import { type Drop, superviseConnection } from './connection.ts';
import { consumerMetrics } from './consumer-metrics.ts';
import {
  type Batches,
  createConsumerSession,
  type ConsumerSession,
  messagesAhead,
  oneByOne,
  type Rejection,
} from './consumer-session.ts';
import { createSettlementSender } from './settlement-sender.ts';
import { type ConsumerQueue, declareTopology } from './topology.ts';
import type { Registry } from 'prom-client';

/** For so long a consumer that settles waits for the connection to tell it by, ms; then it stores all the same. */
const settlementsWithin = 3_000;

interface ConsumerOptions {
  url: string;
  queue: ConsumerQueue;
  log: Logger;
  metrics: Registry;
  /**
   * Stores a batch, idempotently; it may see any event again, at any time. Answers with the events (by identity, since
   * forgeries share ids) that can never be stored; all others are stored when it resolves.
   */
  handle: (events: ChangeEvent[]) => Promise<Rejection[]>;
  /** True for errors that pass by themselves (database down): the batch is held and retried until they do. */
  isTransient: (error: unknown) => boolean;
  /** Tells the emitters what is stored, which lets them take it out of their outboxes. One consumer of the system does. */
  settles?: boolean;
  /** 250 events, one after the other, unless told. Several at once are for a `handle` that bears it; they are acknowledged in order. */
  batches?: Batches;
}

export interface Consumer {
  isConnected(): boolean;
  /**
   * Stops taking messages, finishes the batch at hand, acknowledges it, closes. A batch that cannot be stored just now
   * goes back to the queue.
   */
  close(): Promise<void>;
}

/**
 * Consumes a quorum queue in batches: whatever arrived while one was stored is the next one. A message is
 * acknowledged only after its event is stored; one that can never be stored goes to the dead letters with its reason,
 * confirmed before the original is acknowledged, and never blocks the ones behind it.
 */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { url, queue, log, batches = oneByOne } = options;
  const metrics = consumerMetrics(options.metrics, queue);
  const settlements = options.settles ? createSettlementSender({ url, name: queue, log }) : undefined;
  let session: ConsumerSession | undefined;

  async function setup(model: ChannelModel, drop: Drop): Promise<void> {
    const channel = await model.createConfirmChannel();
    channel.on('error', (error) => {
      drop(`consumer channel: ${error.message}`);
    });
    channel.on('close', () => {
      drop('consumer channel closed');
    });
    await declareTopology(channel);
    // What is settled while nobody can be told is sent again, and that takes its time.
    await settlements?.connectedWithin(settlementsWithin);
    await channel.prefetch(messagesAhead(batches));
    const fresh = createConsumerSession({ ...options, channel, metrics, drop, settlements });
    session = fresh;
    fresh.consumerTag = (await channel.consume(queue, fresh.receive)).consumerTag;
  }

  const connection = superviseConnection({
    url,
    name: `${queue} consumer`,
    log,
    setup,
    onLost: () => session?.abandon(),
  });

  return {
    isConnected: () => connection.isConnected(),
    close: async () => {
      await session?.finish();
      await Promise.all([connection.close(), settlements?.close()]);
    },
  };
}

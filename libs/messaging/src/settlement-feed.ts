import { type Settlement, settlementSchema } from '@pipedesk/contracts';
import type { Logger } from '@pipedesk/service-kit';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Drop, superviseConnection } from './connection.ts';
import { type ConsumerQueue, declareSettledQueue, declareTopology } from './topology.ts';

export interface SettlementFeed {
  /**
   * True when the queue of audit is empty and somebody consumes it: what audit has not settled by then is in its hands or
   * lost. False when that is not known.
   */
  isAuditIdle(): Promise<boolean>;
  close(): Promise<void>;
}

interface FeedOptions {
  url: string;
  service: string;
  log: Logger;
  onSettled: (settlement: Settlement) => void;
}

const auditQueue: ConsumerQueue = 'audit.events';
/** A blocked or silent broker must not hold a sweep. */
const answerWithin = 3_000;

/** Hears what audit has settled of this service's events. What gets lost on the way is settled again when it is sent again. */
export function feedSettlements({ url, service, log, onSettled }: FeedOptions): SettlementFeed {
  let channel: Channel | undefined;

  function receive(message: ConsumeMessage): void {
    try {
      onSettled(settlementSchema.parse(JSON.parse(message.content.toString('utf8'))));
    } catch (error) {
      log.error({ err: error }, 'a settlement cannot be read');
    }
  }

  async function setup(model: ChannelModel, drop: Drop): Promise<void> {
    const fresh = await model.createChannel();
    fresh.on('error', (error) => {
      drop(`settlements channel: ${error.message}`);
    });
    fresh.on('close', () => {
      drop('settlements channel closed');
    });
    await declareTopology(fresh);
    const queue = await declareSettledQueue(fresh, service);
    await fresh.consume(
      queue,
      (message) => {
        if (message === null) drop('the broker cancelled the settlements consumer');
        else receive(message);
      },
      { noAck: true },
    );
    channel = fresh;
  }

  const connection = superviseConnection({
    url,
    name: `${service} settlements`,
    log,
    setup,
    onLost: () => (channel = undefined),
  });

  async function askQueue(open: Channel): Promise<boolean> {
    const { messageCount, consumerCount } = await open.checkQueue(auditQueue);
    return messageCount === 0 && consumerCount > 0;
  }

  return {
    isAuditIdle: async () => {
      if (!channel) return false;
      const answer = askQueue(channel).catch(() => false);
      return Promise.race([answer, sleep(answerWithin, false, { ref: false })]);
    },
    close: connection.close,
  };
}

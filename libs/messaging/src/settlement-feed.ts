import {
  type AuditGap,
  auditGapsSchema,
  type Settlement,
  settlementSchema,
  type VersionClaim,
} from '@pipedesk/contracts';
import { randomUUID } from 'node:crypto';
import type { Logger } from '@pipedesk/service-kit';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Drop, superviseConnection } from './connection.ts';
import { claimsQueue, type ConsumerQueue, declareSettledQueue, declareTopology } from './topology.ts';

export interface SettlementFeed {
  /**
   * True when the queue of audit is empty and somebody consumes it: what audit has not settled by then is in its hands or
   * lost. False when that is not known.
   */
  isAuditIdle(): Promise<boolean>;
  /** Which of these versions audit lacks. @throws Error when audit does not answer in time */
  askForGaps(claim: VersionClaim): Promise<AuditGap[]>;
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
/** Audit reads a thousand records for an answer; a question older than this is dropped by the broker. */
const gapsWithin = 30_000;
/** The broker's own queue for answers to this channel (rabbitmq.com/docs/direct-reply-to). */
const replyQueue = 'amq.rabbitmq.reply-to';

/** Hears what audit has settled of this service's events. What gets lost on the way is settled again when it is sent again. */
export function feedSettlements({ url, service, log, onSettled }: FeedOptions): SettlementFeed {
  const questions = new Map<string, (answer: unknown) => void>();
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
    await fresh.consume(
      replyQueue,
      (message) => {
        if (message)
          questions.get(String(message.properties.correlationId))?.(JSON.parse(message.content.toString()));
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
    askForGaps: async (claim) => {
      const correlationId = randomUUID();
      const { promise, resolve } = Promise.withResolvers<unknown>();
      questions.set(correlationId, resolve);
      const options = { replyTo: replyQueue, correlationId, expiration: gapsWithin };
      channel?.publish('', claimsQueue, Buffer.from(JSON.stringify(claim)), options);
      const answer = await Promise.race([promise, sleep(gapsWithin, undefined, { ref: false })]);
      questions.delete(correlationId);
      if (answer === undefined) throw new Error('audit does not say which versions it lacks');
      return auditGapsSchema.parse(answer).gaps;
    },
    close: connection.close,
  };
}

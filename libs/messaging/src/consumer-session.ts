import type { ChangeEvent } from '@pipedesk/contracts';
import { failpoint, type Logger } from '@pipedesk/service-kit';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Drop } from './connection.ts';
import type { ConsumerMetrics } from './consumer-metrics.ts';
import { sendToDeadLetters } from './dead-letters.ts';
import { decodeEvent } from './message.ts';
import { settled, type SettledEvent, type SettlementSender } from './settlement-sender.ts';
import type { ConsumerQueue } from './topology.ts';

/** An event of the batch that can never be processed: it goes to the dead letters at once. */
export interface Rejection {
  event: ChangeEvent;
  reason: string;
}

interface Delivery {
  message: ConsumeMessage;
  event: ChangeEvent;
}

/** Resolves after so many ms, or at once when the signal aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const attemptsPerEvent = 5;

export interface Batches {
  /** Most events of one. */
  size: number;
  /** How many may be worked on at a time. */
  atOnce: number;
}

/** Within the 100 to 300 unacknowledged messages that RabbitMQ's documentation finds best. */
export const oneByOne: Batches = { size: 250, atOnce: 1 };

/** So many messages may be unacknowledged. Of several batches at once one more waits, so that it is whole when one ends. */
export const messagesAhead = ({ size, atOnce }: Batches): number => size * (atOnce > 1 ? atOnce + 1 : 1);

/** Well below RabbitMQ's 30-minute limit on an unacknowledged delivery. */
const longestHold = 10 * 60_000;

export interface ConsumerSession {
  consumerTag: string;
  receive: (message: ConsumeMessage | null) => void;
  /** The connection is gone: stop retrying, forget what is buffered; the broker delivers it again. */
  abandon(): void;
  finish(): Promise<void>;
}

interface SessionOptions {
  channel: Pick<ConfirmChannel, 'ack' | 'nackAll' | 'cancel' | 'publish'>;
  queue: ConsumerQueue;
  handle: (events: ChangeEvent[]) => Promise<Rejection[]>;
  isTransient: (error: unknown) => boolean;
  log: Logger;
  metrics: ConsumerMetrics;
  drop: Drop;
  settlements?: Pick<SettlementSender, 'send'> | undefined;
  batches?: Batches | undefined;
  pause?: Pause;
  clock?: () => number;
}

/** What lives and dies with one channel: its buffer and the batches that are being stored. */
export function createConsumerSession({
  channel,
  queue,
  handle,
  isTransient,
  log,
  metrics,
  drop,
  settlements,
  batches = oneByOne,
  pause: wait = onTimer,
  clock = Date.now,
}: SessionOptions): ConsumerSession {
  const gone = new AbortController();
  const closing = new AbortController();
  let buffer: ConsumeMessage[] = [];
  const underway = new Set<Promise<void>>();
  /** The end of the batch that was begun last. */
  let latest: Promise<void> = Promise.resolve();
  let isBeginning = false;

  /** Once everything that arrived together is there: a batch that began with its first message would have no other. */
  function beginSoon(): void {
    if (isBeginning) return;
    isBeginning = true;
    queueMicrotask(() => {
      isBeginning = false;
      begin();
    });
  }

  /** Begins what can be begun: by itself whatever waits, beside another batch only what fills a good part of one. */
  function begin(): void {
    const worthIt = () => buffer.length >= (underway.size === 0 ? 1 : batches.size / 5);
    while (underway.size < batches.atOnce && worthIt()) {
      const batch = processBatch(buffer.splice(0, batches.size), latest)
        .catch((error: unknown) => {
          fail(`consumer failed: ${String(error)}`);
        })
        .finally(() => {
          underway.delete(batch);
          begin();
        });
      latest = batch;
      underway.add(batch);
    }
  }

  async function processBatch(messages: ConsumeMessage[], before: Promise<void>): Promise<void> {
    const outcomes: SettledEvent[] = [];
    const deliveries: Delivery[] = [];
    for (const message of messages) {
      if (message.fields.redelivered) metrics.redelivered.inc();
      try {
        deliveries.push({ message, event: decodeEvent(message) });
      } catch (error) {
        await bury(message, error, outcomes);
      }
    }
    if (deliveries.length > 0) await store(deliveries, outcomes);
    // Everything up to the last message of this batch is settled once the batch before it is.
    await before;
    const last = messages.at(-1);
    if (!last || gone.signal.aborted) return;
    settlements?.send(outcomes);
    failpoint('consumer.after-settlement');
    channel.ack(last, true);
    failpoint('consumer.after-acknowledgement');
  }

  /** Tries the batch as one; when it fails for a reason of its own, each event alone, so that one cannot fail others. */
  async function store(deliveries: Delivery[], outcomes: SettledEvent[]): Promise<void> {
    try {
      await handleAll(deliveries, outcomes);
    } catch (error) {
      if (gone.signal.aborted) return;
      log.warn(
        { err: error, queue, events: deliveries.length },
        'batch failed; storing its events one by one',
      );
      for (const delivery of deliveries) await storeAlone(delivery, outcomes);
    }
  }

  async function handleAll(deliveries: Delivery[], outcomes: SettledEvent[]): Promise<void> {
    failpoint('consumer.before-store');
    const rejections = await untilNotTransient(() => handle(deliveries.map(({ event }) => event)));
    failpoint('consumer.after-store');
    const reasons = new Map(rejections.map(({ event, reason }) => [event, reason]));
    for (const { message, event } of deliveries) {
      const reason = reasons.get(event);
      if (reason === undefined) {
        metrics.processed(event);
        outcomes.push(settled(event, 'stored'));
      } else await bury(message, reason, outcomes);
    }
  }

  async function storeAlone(delivery: Delivery, outcomes: SettledEvent[]): Promise<void> {
    for (let attempt = 1; !gone.signal.aborted; attempt++) {
      try {
        await handleAll([delivery], outcomes);
        return;
      } catch (error) {
        metrics.failed.inc();
        if (attempt === attemptsPerEvent) {
          await bury(delivery.message, error, outcomes);
          return;
        }
        await pause(100 * 2 ** attempt);
      }
    }
  }

  /** Holds the batch while the database is away; past the limit it gives the messages back and starts over. */
  async function untilNotTransient<Result>(attempt: () => Promise<Result>): Promise<Result> {
    const started = clock();
    for (let delay = 100; ; delay = Math.min(delay * 2, 5_000)) {
      try {
        return await attempt();
      } catch (error) {
        if (closing.signal.aborted && isTransient(error)) abandon();
        if (gone.signal.aborted || !isTransient(error)) throw error;
        if (clock() - started > longestHold) {
          giveBack();
          throw error;
        }
        log.warn({ err: error, queue, retryInMs: delay }, 'storing events is not possible just now');
        await pause(delay, closing.signal);
      }
    }
  }

  /** `nack` does not count against the delivery limit since RabbitMQ 4.3, a dropped connection does. */
  function giveBack(): void {
    channel.nackAll(true);
    fail('events could not be stored for too long');
  }

  /** Ends the session at once: nothing may be acknowledged after a failure. */
  function fail(reason: string): void {
    abandon();
    drop(reason);
  }

  function abandon(): void {
    buffer = [];
    gone.abort();
  }

  async function bury(message: ConsumeMessage, error: unknown, outcomes: SettledEvent[]): Promise<void> {
    if (gone.signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    log.error({ queue, messageId: String(message.properties.messageId), reason }, 'event dead-lettered');
    metrics.deadLettered.inc();
    try {
      await sendToDeadLetters(channel, queue, message, reason);
      const { properties } = message;
      outcomes.push({
        id: String(properties.messageId),
        source: String(properties.appId),
        outcome: 'rejected',
      });
    } catch (failure) {
      fail(`dead-lettering failed: ${String(failure)}`);
    }
  }

  const pause = (ms: number, cutShort = gone.signal) => wait(ms, AbortSignal.any([gone.signal, cutShort]));

  return {
    consumerTag: '',
    receive: (message) => {
      if (message === null) {
        fail('the broker cancelled the consumer');
        return;
      }
      buffer.push(message);
      beginSoon();
    },
    abandon,
    async finish() {
      await channel.cancel(this.consumerTag).catch(() => undefined);
      closing.abort();
      while (underway.size > 0) await Promise.all(underway);
    },
  };
}

const onTimer: Pause = (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined);

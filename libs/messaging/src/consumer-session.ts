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
  pause?: Pause;
  clock?: () => number;
}

/** What lives and dies with one channel: its buffer and the loop that stores it. */
export function createConsumerSession({
  channel,
  queue,
  handle,
  isTransient,
  log,
  metrics,
  drop,
  settlements,
  pause: wait = onTimer,
  clock = Date.now,
}: SessionOptions): ConsumerSession {
  const gone = new AbortController();
  const closing = new AbortController();
  let buffer: ConsumeMessage[] = [];
  /** Of the batch at hand. */
  let outcomes: SettledEvent[] = [];
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    while (buffer.length > 0 && !gone.signal.aborted) {
      const messages = buffer;
      buffer = [];
      await processBatch(messages);
    }
  }

  async function processBatch(messages: ConsumeMessage[]): Promise<void> {
    const deliveries: Delivery[] = [];
    outcomes = [];
    for (const message of messages) {
      const event = await decodeOrBury(message);
      if (event) deliveries.push({ message, event });
    }
    if (deliveries.length > 0) await store(deliveries);
    const last = messages.at(-1);
    // Batches run one after another, so everything up to the last message of this one is settled.
    if (!last || gone.signal.aborted) return;
    settlements?.send(outcomes);
    failpoint('consumer.after-settlement');
    channel.ack(last, true);
    failpoint('consumer.after-acknowledgement');
  }

  async function decodeOrBury(message: ConsumeMessage): Promise<ChangeEvent | undefined> {
    if (message.fields.redelivered) metrics.redelivered.inc();
    try {
      return decodeEvent(message);
    } catch (error) {
      await bury(message, error);
      return undefined;
    }
  }

  /** Tries the batch as one; when it fails for a reason of its own, each event alone, so that one cannot fail others. */
  async function store(deliveries: Delivery[]): Promise<void> {
    try {
      await handleAll(deliveries);
    } catch (error) {
      if (gone.signal.aborted) return;
      log.warn(
        { err: error, queue, events: deliveries.length },
        'batch failed; storing its events one by one',
      );
      for (const delivery of deliveries) await storeAlone(delivery);
    }
  }

  async function handleAll(deliveries: Delivery[]): Promise<void> {
    failpoint('consumer.before-store');
    const rejections = await untilNotTransient(() => handle(deliveries.map(({ event }) => event)));
    failpoint('consumer.after-store');
    const reasons = new Map(rejections.map(({ event, reason }) => [event, reason]));
    for (const { message, event } of deliveries) {
      const reason = reasons.get(event);
      if (reason === undefined) {
        metrics.processed(event);
        outcomes.push(settled(event, 'stored'));
      } else await bury(message, reason);
    }
  }

  async function storeAlone(delivery: Delivery): Promise<void> {
    for (let attempt = 1; !gone.signal.aborted; attempt++) {
      try {
        await handleAll([delivery]);
        return;
      } catch (error) {
        metrics.failed.inc();
        if (attempt === attemptsPerEvent) {
          await bury(delivery.message, error);
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

  async function bury(message: ConsumeMessage, error: unknown): Promise<void> {
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
      working ??= work()
        .catch((error: unknown) => {
          fail(`consumer failed: ${String(error)}`);
        })
        .finally(() => (working = undefined));
    },
    abandon,
    async finish() {
      await channel.cancel(this.consumerTag).catch(() => undefined);
      closing.abort();
      await working;
    },
  };
}

const onTimer: Pause = (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined);

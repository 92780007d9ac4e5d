import type { ChangeEvent } from '@pipedesk/contracts';
import type { Logger } from '@pipedesk/service-kit';
import type { ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Drop, superviseConnection } from './connection.ts';
import { type ConsumerMetrics, consumerMetrics } from './consumer-metrics.ts';
import { sendToDeadLetters } from './dead-letters.ts';
import { decodeEvent } from './message.ts';
import { type ConsumerQueue, declareTopology } from './topology.ts';
import type { Registry } from 'prom-client';

/** An event of the batch that can never be processed: it goes to the dead letters at once. */
export interface Rejection {
  event: ChangeEvent;
  reason: string;
}

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
  prefetch?: number;
}

export interface Consumer {
  isConnected(): boolean;
  /**
   * Stops taking messages, finishes the batch at hand, acknowledges it, closes. A batch that cannot be stored just now
   * goes back to the queue.
   */
  close(): Promise<void>;
}

interface Delivery {
  message: ConsumeMessage;
  event: ChangeEvent;
}

/** What arrives while a batch is stored is the next batch, so this bounds both; a full batch costs one round trip. */
const prefetch = 1000;
const attemptsPerEvent = 5;
/** Well below RabbitMQ's 30-minute limit on an unacknowledged delivery. */
const longestHold = 10 * 60_000;

/**
 * Consumes a quorum queue in batches: whatever arrived while the last batch was stored is the next one. A message is
 * acknowledged only after its event is stored; one that can never be stored goes to the dead letters with its reason,
 * confirmed before the original is acknowledged, and never blocks the ones behind it.
 */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { url, queue, log } = options;
  const metrics = consumerMetrics(options.metrics, queue);
  let session: Session | undefined;

  async function setup(model: ChannelModel, drop: Drop): Promise<void> {
    const channel = await model.createConfirmChannel();
    channel.on('error', (error) => {
      drop(`consumer channel: ${error.message}`);
    });
    channel.on('close', () => {
      drop('consumer channel closed');
    });
    await declareTopology(channel);
    await channel.prefetch(options.prefetch ?? prefetch);
    const fresh = createSession(channel, options, metrics, drop);
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
      await connection.close();
    },
  };
}

interface Session {
  consumerTag: string;
  receive: (message: ConsumeMessage | null) => void;
  /** The connection is gone: stop retrying, forget what is buffered; the broker delivers it again. */
  abandon(): void;
  finish(): Promise<void>;
}

/** What lives and dies with one channel: its buffer and the loop that stores it. */
function createSession(
  channel: ConfirmChannel,
  { queue, handle, isTransient, log }: ConsumerOptions,
  metrics: ConsumerMetrics,
  drop: Drop,
): Session {
  const gone = new AbortController();
  const closing = new AbortController();
  let buffer: ConsumeMessage[] = [];
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
    for (const message of messages) {
      const event = await decodeOrBury(message);
      if (event) deliveries.push({ message, event });
    }
    if (deliveries.length > 0) await store(deliveries);
    const last = messages.at(-1);
    // Batches run one after another, so everything up to the last message of this one is settled.
    if (last && !gone.signal.aborted) channel.ack(last, true);
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
    const rejections = await untilNotTransient(() => handle(deliveries.map(({ event }) => event)));
    const reasons = new Map(rejections.map(({ event, reason }) => [event, reason]));
    for (const { message, event } of deliveries) {
      const reason = reasons.get(event);
      if (reason === undefined) metrics.processed(event);
      else await bury(message, reason);
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
    const started = Date.now();
    for (let delay = 100; ; delay = Math.min(delay * 2, 5_000)) {
      try {
        return await attempt();
      } catch (error) {
        if (closing.signal.aborted && isTransient(error)) abandon();
        if (gone.signal.aborted || !isTransient(error)) throw error;
        if (Date.now() - started > longestHold) {
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
    await sendToDeadLetters(channel, queue, message, reason).catch((failure: unknown) => {
      fail(`dead-lettering failed: ${String(failure)}`);
    });
  }

  const pause = (ms: number, cutShort = gone.signal) =>
    sleep(ms, undefined, { signal: AbortSignal.any([gone.signal, cutShort]) }).catch(() => undefined);

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

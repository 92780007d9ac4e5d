import type { ChangeEvent } from '@pipedesk/contracts';
import type { Logger } from '@pipedesk/service-kit';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Publisher } from './publisher.ts';

/** An event that stands in a record's outbox. `store` tells the source where to take it out again. */
export interface OutboxEntry {
  store: string;
  event: ChangeEvent;
}

/** Where events wait until they are confirmed: the documents themselves (`createOutbox` in libs/mongo). */
export interface OutboxSource {
  /** Calls back with what a write has just committed. */
  onCommitted(listener: (entries: OutboxEntry[]) => void): void;
  /** Entries committed before `before`, oldest first, in version order per record. */
  leftovers(before: Date, limit: number): Promise<OutboxEntry[]>;
  remove(entries: OutboxEntry[]): Promise<void>;
  backlog(): Promise<{ count: number; oldest: Date | null }>;
}

export interface OutboxRelay {
  /** Publishes what is at hand, then stops; the rest stays in the outbox for the next start. */
  close(): Promise<void>;
}

interface RelayOptions {
  source: OutboxSource;
  publisher: Publisher;
  log: Logger;
  metrics: Registry;
  sweepEvery?: number;
  /** Sweeps leave younger entries to the process that wrote them, ms. */
  graceMs?: number;
}

const batchSize = 500;
/** Beyond this many entries in memory the database keeps the rest and the sweep fetches it: memory stays bounded. */
const memoryLimit = 10_000;

/**
 * Moves events from the outbox to the broker: at once after each write, and by sweeps (at start, on reconnection, on a
 * timer) for whatever a crash or an outage left behind. An entry leaves the outbox only after its confirm, so crashes
 * repeat events but never lose one.
 */
export function createOutboxRelay({
  source,
  publisher,
  log,
  metrics,
  sweepEvery = 5_000,
  graceMs = 2_000,
}: RelayOptions): OutboxRelay {
  const gauges = relayMetrics(metrics);
  const inFlight = new Set<string>();
  let waiting: OutboxEntry[] = [];
  let pumping: Promise<void> | undefined;
  let sweeping: Promise<void> | undefined;
  let removing: Promise<void> = Promise.resolve();
  let sent = 0;
  let closed = false;

  function enqueue(entries: OutboxEntry[]): void {
    if (waiting.length >= memoryLimit || !publisher.isConnected()) return;
    for (const entry of entries) {
      if (inFlight.has(entry.event.id)) continue;
      inFlight.add(entry.event.id);
      waiting.push(entry);
    }
    pumping ??= pump().finally(() => (pumping = undefined));
  }

  async function pump(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batchSize);
      waiting = waiting.slice(batchSize);
      await publishBatch(batch);
    }
  }

  /** Removal overlaps the next publish; both are batches, so under load neither starves the other. */
  async function publishBatch(batch: OutboxEntry[]): Promise<void> {
    const results = await Promise.allSettled(batch.map(({ event }) => publisher.publish(event)));
    const confirmed = batch.filter((_, index) => results[index]?.status === 'fulfilled');
    gauges.published.labels('confirmed').inc(confirmed.length);
    gauges.published.labels('failed').inc(batch.length - confirmed.length);
    await removing;
    removing = settle(batch, confirmed);
  }

  async function settle(batch: OutboxEntry[], confirmed: OutboxEntry[]): Promise<void> {
    try {
      if (confirmed.length > 0) await source.remove(confirmed);
      sent += confirmed.length;
    } catch (error) {
      log.warn(
        { err: error, entries: confirmed.length },
        'confirmed events stay in the outbox and will be sent again',
      );
    }
    for (const { event } of batch) inFlight.delete(event.id);
  }

  function sweep(): Promise<void> {
    sweeping ??= sweepOnce().finally(() => (sweeping = undefined));
    return sweeping;
  }

  async function sweepOnce(): Promise<void> {
    try {
      let goesOn = true;
      while (goesOn && !closed && publisher.isConnected()) {
        const sentBefore = sent;
        const entries = await source.leftovers(new Date(Date.now() - graceMs), batchSize);
        enqueue(entries);
        await pumping;
        await removing;
        // Without progress the next round would read the same entries again, as fast as it can.
        goesOn = entries.length === batchSize && sent > sentBefore;
      }
      await measureBacklog();
    } catch (error) {
      log.warn({ err: error }, 'outbox sweep failed; it will be repeated');
    }
  }

  async function measureBacklog(): Promise<void> {
    const { count, oldest } = await source.backlog();
    gauges.pending.set(count);
    gauges.oldestAge.set(oldest ? (Date.now() - oldest.getTime()) / 1000 : 0);
  }

  source.onCommitted(enqueue);
  // A sweep that runs already may have begun without a broker, so one more follows it.
  publisher.onConnected(() => void (sweeping ?? Promise.resolve()).then(sweep));
  const timer = setInterval(() => void sweep(), sweepEvery);
  void sweep();

  return {
    close: async () => {
      closed = true;
      clearInterval(timer);
      await sweeping;
      await pumping;
      await removing;
    },
  };
}

function relayMetrics(registry: Registry) {
  const registers = [registry];
  return {
    pending: new Gauge({
      name: 'pipedesk_outbox_pending',
      help: 'Records with events not yet confirmed',
      registers,
    }),
    oldestAge: new Gauge({
      name: 'pipedesk_outbox_oldest_age_seconds',
      help: 'Age of the oldest unconfirmed event',
      registers,
    }),
    published: new Counter({
      name: 'pipedesk_events_published_total',
      help: 'Events sent to the broker',
      labelNames: ['result'] as const,
      registers,
    }),
  };
}

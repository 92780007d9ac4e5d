import type { ChangeEvent, Settlement } from '@pipedesk/contracts';
import { failpoint, type Logger } from '@pipedesk/service-kit';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Publisher } from './publisher.ts';
import { createSentEvents } from './sent-events.ts';

/** Where events wait until audit has stored them: the documents themselves (`createOutbox` in libs/mongo). */
export interface OutboxSource {
  /** Calls back with what a write has just committed. */
  onCommitted(listener: (events: ChangeEvent[]) => void): void;
  /** Everything that was waiting before `before`, in pages, oldest first, in version order per record. */
  pending(before: Date, pageSize: number): AsyncIterable<ChangeEvent[]>;
  /** Takes events out; ids it does not hold are passed over. */
  remove(ids: string[]): Promise<void>;
  /** Records with waiting events, and since when the oldest waits. */
  backlog(): Promise<{ count: number; oldest: Date | null }>;
}

export interface OutboxRelay {
  /** Publishes what is at hand, then stops; the rest stays in the outbox for the next start. */
  close(): Promise<void>;
}

/** Calls back after so many ms, unless cancelled. */
export type Schedule = (callback: () => void, ms: number) => { cancel(): void };

interface RelayOptions {
  source: OutboxSource;
  publisher: Pick<Publisher, 'publish' | 'isConnected' | 'onConnected' | 'onSettled' | 'isAuditIdle'>;
  log: Logger;
  metrics: Registry;
  /** ms between two sweeps; longer while reading the outbox takes long, half a minute at most. */
  sweepEvery?: number;
  /** Sweeps leave younger entries to the process that wrote them, ms. */
  graceMs?: number;
  /** ms until an event that audit has not settled may be sent again. */
  resendAfter?: number;
  clock?: () => number;
  schedule?: Schedule;
}

const pageSize = 500;
/** Between two sweeps, ms: a database that was slow for once must not keep leftovers waiting. */
const longestPause = 30_000;
/** Beyond this many events in memory the database keeps the rest and the sweep fetches it: memory stays bounded. */
const memoryLimit = 10_000;

/**
 * Moves events from the outbox to the broker: at once after each write, and by sweeps (at start, on reconnection, on a
 * timer) for whatever a crash or an outage left behind. An event leaves the outbox only when audit has stored it, so
 * neither crashes nor the loss of the broker's disk lose one: what is confirmed and never settled is sent again once
 * audit has nothing left to do.
 */
export function createOutboxRelay({
  source,
  publisher,
  log,
  metrics,
  sweepEvery = 5_000,
  graceMs = 2_000,
  resendAfter = 15_000,
  clock = Date.now,
  schedule = onTimer,
}: RelayOptions): OutboxRelay {
  const gauges = relayMetrics(metrics);
  const sent = createSentEvents({ resendAfter, clock });
  const inFlight = new Set<string>();
  /** Settled before their confirms came: the broker hands an event on as soon as it confirms it. */
  const settledInFlight = new Set<string>();
  let waiting: ChangeEvent[] = [];
  let settled: string[] = [];
  let pumping: Promise<void> | undefined;
  let removing: Promise<void> | undefined;
  let sweeping: Promise<void> | undefined;
  let timer: { cancel(): void } | undefined;
  let confirmedSoFar = 0;
  let closed = false;

  function enqueue(events: ChangeEvent[]): void {
    if (waiting.length >= memoryLimit || !publisher.isConnected()) return;
    for (const event of events) {
      if (inFlight.has(event.id)) continue;
      inFlight.add(event.id);
      waiting.push(event);
    }
    pumping ??= pump().finally(() => (pumping = undefined));
  }

  async function pump(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, pageSize);
      waiting = waiting.slice(pageSize);
      await Promise.all(batch.map(publish));
    }
  }

  async function publish(event: ChangeEvent): Promise<void> {
    try {
      const confirm = publisher.publish(event);
      failpoint('relay.after-publish');
      await confirm;
      failpoint('relay.after-confirm');
      confirmedSoFar++;
      gauges.published.labels('confirmed').inc();
      if (!settledInFlight.has(event.id)) sent.confirmed(event);
    } catch {
      gauges.published.labels('failed').inc();
    }
    settledInFlight.delete(event.id);
    inFlight.delete(event.id);
  }

  function settle({ stored, rejected }: Settlement): void {
    failpoint('relay.after-settlement');
    for (const id of rejected) sent.rejected(id);
    for (const id of stored) if (inFlight.has(id)) settledInFlight.add(id);
    settled.push(...stored);
    removing ??= removeSettled().finally(() => (removing = undefined));
  }

  /** Whatever was settled during one removal is the next one. */
  async function removeSettled(): Promise<void> {
    while (settled.length > 0) {
      const ids = settled;
      settled = [];
      try {
        await source.remove(ids);
        sent.forget(ids);
      } catch (error) {
        log.warn({ err: error, events: ids.length }, 'stored events stay in the outbox and are sent again');
      }
    }
  }

  function sweep(): Promise<void> {
    sweeping ??= sweepOnce().finally(() => (sweeping = undefined));
    return sweeping;
  }

  async function sweepOnce(): Promise<void> {
    timer?.cancel();
    const began = clock();
    let pause = sweepEvery;
    try {
      const waited = publisher.isConnected() ? await sendPending() : 0;
      await measureBacklog();
      pause = Math.min(longestPause, Math.max(sweepEvery, 20 * (clock() - began - waited)));
    } catch (error) {
      log.warn({ err: error }, 'outbox sweep failed; it will be repeated');
    }
    if (!closed) timer = schedule(() => void sweep(), pause);
  }

  /** @returns the time spent waiting for the broker, ms: an alarm of half a minute must not put off the next sweep */
  async function sendPending(): Promise<number> {
    let idle: Promise<boolean> | undefined;
    let waited = 0;
    for await (const page of source.pending(new Date(clock() - graceMs), pageSize)) {
      if (closed || !publisher.isConnected()) break;
      const verdicts = page.map((event) => ({ event, verdict: sent.verdictOn(event) }));
      const asked = clock();
      const mayRepeat =
        verdicts.some(({ verdict }) => verdict === 'if-idle') && (await (idle ??= publisher.isAuditIdle()));
      const due = verdicts.filter(
        ({ verdict }) => verdict === 'send' || (verdict === 'if-idle' && mayRepeat),
      );
      const confirmedBefore = confirmedSoFar;
      enqueue(due.map(({ event }) => event));
      await pumping;
      waited += clock() - asked;
      // A broker that takes nothing of a page takes nothing of the next one either.
      if (due.length > 0 && confirmedSoFar === confirmedBefore) break;
    }
    return waited;
  }

  async function measureBacklog(): Promise<void> {
    const { count, oldest } = await source.backlog();
    gauges.pending.set(count);
    gauges.oldestAge.set(oldest ? (clock() - oldest.getTime()) / 1000 : 0);
  }

  source.onCommitted(enqueue);
  publisher.onSettled(settle);
  // A sweep that runs already may have begun without a broker, so one more follows it.
  publisher.onConnected(
    () => void (sweeping ?? Promise.resolve()).then(() => (closed ? undefined : sweep())),
  );
  void sweep();

  return {
    close: async () => {
      closed = true;
      timer?.cancel();
      await sweeping;
      await pumping;
      await removing;
    },
  };
}

const onTimer: Schedule = (callback, ms) => {
  const timer = setTimeout(callback, ms);
  return {
    cancel: () => {
      clearTimeout(timer);
    },
  };
};

function relayMetrics(registry: Registry) {
  const registers = [registry];
  return {
    pending: new Gauge({
      name: 'pipedesk_outbox_pending',
      help: 'Records with events that audit has not stored yet',
      registers,
    }),
    oldestAge: new Gauge({
      name: 'pipedesk_outbox_oldest_age_seconds',
      help: 'Age of the oldest event that audit has not stored yet',
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

import type { ChangeEvent } from '@pipedesk/contracts';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { ConsumerQueue } from './topology.ts';

export interface ConsumerMetrics {
  processed(event: ChangeEvent): void;
  failed: { inc(): void };
  redelivered: { inc(): void };
  deadLettered: { inc(): void };
}

/** Per queue: processed, failed, redelivered, dead-lettered, and the lag from the change to its being stored. */
export function consumerMetrics(registry: Registry, queue: ConsumerQueue): ConsumerMetrics {
  const registers = [registry];
  const events = new Counter({
    name: 'pipedesk_consumer_events_total',
    help: 'Events taken from the queue, by outcome',
    labelNames: ['queue', 'outcome'] as const,
    registers,
  });
  const lag = new Histogram({
    name: 'pipedesk_consumer_lag_seconds',
    help: 'Time from a change to its being stored by this consumer',
    labelNames: ['queue'] as const,
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
    registers,
  });
  const stored = events.labels(queue, 'processed');
  const lagHere = lag.labels(queue);
  return {
    processed: (event) => {
      stored.inc();
      lagHere.observe(Math.max(0, Date.now() - Date.parse(event.time)) / 1000);
    },
    failed: events.labels(queue, 'failed'),
    redelivered: events.labels(queue, 'redelivered'),
    deadLettered: events.labels(queue, 'dead_lettered'),
  };
}

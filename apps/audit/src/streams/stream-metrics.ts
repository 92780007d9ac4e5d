import type { Registry } from '@pipedesk/service-kit';
import { Counter, Gauge } from 'prom-client';

export type StreamMetrics = ReturnType<typeof createStreamMetrics>;

/** @param failingSince asked at every scrape, so that every replica tells the same */
export function createStreamMetrics(registry: Registry, failingSince: () => Promise<Date | null>) {
  const registers = [registry];
  new Gauge({
    name: 'pipedesk_audit_stream_failing_seconds',
    help: 'For how long the worst active audit stream has failed; 0 when all are taken',
    registers,
    async collect() {
      const since = await failingSince().catch(() => null);
      this.set(since ? (Date.now() - since.getTime()) / 1000 : 0);
    },
  });
  return {
    records: new Counter({
      name: 'pipedesk_audit_stream_records_total',
      help: 'Audit records that receivers have taken',
      labelNames: ['sink'] as const,
      registers,
    }),
    failures: new Counter({
      name: 'pipedesk_audit_stream_failures_total',
      help: 'Attempts that receivers have not taken',
      labelNames: ['sink'] as const,
      registers,
    }),
  };
}

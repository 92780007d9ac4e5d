import type { Registry } from '@pipedesk/service-kit';
import { Counter, Gauge } from 'prom-client';

type Underway = () => Promise<{ count: number; since: Date | null }>;

/** @param underway asked at every scrape, so that every replica tells the same */
export function createRemovalMetrics(registry: Registry, underway: Underway) {
  const registers = [registry];
  new Gauge({
    name: 'pipedesk_audit_removals_running',
    help: 'Removals of old audit records that have begun and are not done',
    registers,
    async collect() {
      const now = await underway().catch(() => undefined);
      if (!now) return;
      this.set(now.count);
      oldest.set(now.since ? (Date.now() - now.since.getTime()) / 1000 : 0);
    },
  });
  const oldest: Gauge = new Gauge({
    name: 'pipedesk_audit_removal_running_seconds',
    help: 'For how long the oldest removal that is not done has run; 0 when none does',
    registers,
  });
  const records = new Counter({
    name: 'pipedesk_audit_removed_records_total',
    help: 'Audit records that retention has removed',
    registers,
  });
  const lastRun = new Gauge({
    name: 'pipedesk_audit_removal_last_run_timestamp_seconds',
    help: 'When this process last went through all tenants for records that are too old',
    registers,
  });
  return {
    removed: (some: number) => {
      records.inc(some);
    },
    ran: (at: Date) => {
      lastRun.set(at.getTime() / 1000);
    },
  };
}

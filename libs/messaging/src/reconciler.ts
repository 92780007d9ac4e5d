import type { AuditGap, ChangeEvent, VersionClaim } from '@pipedesk/contracts';
import type { Logger } from '@pipedesk/service-kit';
import { Gauge, type Registry } from 'prom-client';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Publisher } from './publisher.ts';

/** What the owner of records can say of them. */
export interface VersionSource {
  /** All records whose outboxes are empty, deleted ones included, in pages. */
  settledRecords(pageSize: number): AsyncIterable<VersionClaim['records']>;
  /** An event for a version that audit lacks, as far as it can be known; undefined when its record is gone. */
  reconstruct(gap: AuditGap, service: string): Promise<ChangeEvent | undefined>;
}

interface ReconcilerOptions {
  source: VersionSource;
  publisher: Pick<Publisher, 'service' | 'publish' | 'askForGaps' | 'isAuditIdle'>;
  log: Logger;
  metrics: Registry;
  /** ms between two passes over all records. */
  passEvery?: number;
  /** ms between two pages of a pass: it shall cost nothing that anyone notices. */
  pageEvery?: number;
}

const pageSize = 500;

/**
 * Goes over all records, all the time, and asks audit for versions it lacks. An event leaves its outbox only when audit has
 * stored it, so a record with an empty outbox has all its versions there; if not, audit itself has lost them (its
 * database was restored, somebody deleted rows). What is known of such a version is sent, marked as reconstructed.
 */
export function createReconciler({
  source,
  publisher,
  log,
  metrics,
  passEvery = 10 * 60_000,
  pageEvery = 2_000,
}: ReconcilerOptions): { close(): Promise<void> } {
  const stop = new AbortController();
  const gauge = new Gauge({
    name: 'pipedesk_audit_gaps',
    help: 'Versions that audit lacks although no outbox holds them, found by the last pass over all records',
    registers: [metrics],
  });
  const pause = (ms: number) => sleep(ms, undefined, { signal: stop.signal }).catch(() => undefined);

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      await pause(passEvery * (0.5 + Math.random()));
      await pass().catch((error: unknown) => {
        log.warn({ err: error }, 'the comparison with audit was interrupted; it starts over');
      });
    }
  }

  async function pass(): Promise<void> {
    let found = 0;
    for await (const records of source.settledRecords(pageSize)) {
      if (stop.signal.aborted) return;
      // What is on its way to audit is no gap; records from before audit settled events may have such.
      if (!(await publisher.isAuditIdle())) return;
      const gaps = records.length === 0 ? [] : await publisher.askForGaps({ records });
      found += gaps.length;
      if (found > 0) gauge.set(found);
      for (const gap of gaps) await repair(gap);
      await pause(pageEvery);
    }
    gauge.set(found);
  }

  async function repair(gap: AuditGap): Promise<void> {
    const { entityType, entityId, version } = gap;
    log.error({ entityType, entityId, version }, 'audit lacks a version');
    const event = await source.reconstruct(gap, publisher.service);
    if (event) await publisher.publish(event);
  }

  const running = run();
  return {
    close: () => {
      stop.abort();
      return running;
    },
  };
}

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditGap, ChangeEvent, VersionClaim } from '@pipedesk/contracts';
import { createLogger, createMetrics } from '@pipedesk/service-kit';
import { buildEvent, eventually, openTestBus, type TestBus } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { answerClaims } from './claim-answerer.ts';
import { createConsumer } from './consumer.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { createReconciler } from './reconciler.ts';

const log = createLogger('messaging', 'silent');
let bus: TestBus;
let publisher: Publisher;
let closers: { close(): Promise<void> }[];
/** What audit has, as event ids. */
let stored: Set<string>;
let asked: VersionClaim[];

beforeEach(async () => {
  bus = await openTestBus();
  closers = [];
  stored = new Set();
  asked = [];
  publisher = createPublisher({ url: bus.url, service: 'crm', log });
});
afterEach(async () => {
  for (const { close } of closers.reverse()) await close();
  await publisher.close();
  await bus.close();
});

const idOf = (record: VersionClaim['records'][number]) =>
  `${record.entityType}:${record.entityId}:${record.version}`;

/** Records at version 1, and audit, which misses those that are not in `stored`. */
function start(...entityIds: string[]) {
  const metrics = createMetrics('test');
  const records = entityIds.map((entityId) => ({ entityType: 'deal' as const, entityId, version: 1 }));
  const findGaps = (claim: VersionClaim) => {
    asked.push(claim);
    const missing = claim.records.filter((record) => !stored.has(idOf(record)));
    return Promise.resolve(missing.map((record): AuditGap => ({ ...record, before: null, after: null })));
  };
  const handle = (events: ChangeEvent[]) => {
    for (const { id } of events) stored.add(id);
    return Promise.resolve([]);
  };
  const source = {
    settledRecords: async function* () {
      yield Promise.resolve(records);
    },
    reconstruct: ({ entityId }: AuditGap) => Promise.resolve(buildEvent({ entityId })),
  };
  closers.push(
    createConsumer({
      url: bus.url,
      queue: 'audit.events',
      log,
      metrics: createMetrics('test'),
      handle,
      isTransient: () => false,
    }),
    answerClaims({ url: bus.url, log, findGaps }),
    createReconciler({ source, publisher, log, metrics, passEvery: 100, pageEvery: 0 }),
  );
  return async () => (await metrics.getSingleMetric('pipedesk_audit_gaps')?.get())?.values[0]?.value;
}

describe('the reconciler', () => {
  it('reports what audit lacks, fills it, and reports no more', async () => {
    const [kept, lost] = [uuidv7(), uuidv7()];
    stored.add(`deal:${kept}:1`);
    const gaps = start(kept, lost);
    await eventually(async () => expect(await gaps()).toBe(1));
    await eventually(() => expect(stored.has(`deal:${lost}:1`)).toBe(true));
    await eventually(async () => expect(await gaps()).toBe(0));
  });

  it('asks again and again and finds nothing where nothing is lost', async () => {
    const id = uuidv7();
    stored.add(`deal:${id}:1`);
    const gaps = start(id);
    await eventually(() => expect(asked.length).toBeGreaterThan(2));
    expect(await gaps()).toBe(0);
  });
});

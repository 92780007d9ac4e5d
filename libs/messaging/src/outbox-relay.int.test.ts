import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChangeEvent } from '@pipedesk/contracts';
import { createLogger, createMetrics } from '@pipedesk/service-kit';
import { buildEvent, eventually, openTestBus, type TestBus } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { createMemoryOutbox, type MemoryOutbox } from '../test/memory-outbox.ts';
import { type Consumer, createConsumer } from './consumer.ts';
import { createOutboxRelay, type OutboxRelay } from './outbox-relay.ts';
import { createPublisher, type Publisher } from './publisher.ts';

const log = createLogger('messaging', 'silent');
let bus: TestBus;
let outbox: MemoryOutbox;
let publisher: Publisher;
let relay: OutboxRelay | undefined;
let audit: Consumer | undefined;
let stored: string[];

beforeEach(async () => {
  bus = await openTestBus();
  outbox = createMemoryOutbox();
  stored = [];
  publisher = createPublisher({ url: bus.url, service: 'crm', log });
});
afterEach(async () => {
  await audit?.close();
  await relay?.close();
  await publisher.close();
  await bus.close();
});

function start(sweepEvery = 60_000, resendAfter = 60_000): void {
  const metrics = createMetrics('test');
  relay = createOutboxRelay({ source: outbox, publisher, log, metrics, sweepEvery, graceMs: 0, resendAfter });
}

/** What audit does as far as the emitters can see; `isBad` says what it can never store. */
async function startAudit(isBad: (event: ChangeEvent) => boolean = () => false): Promise<void> {
  audit = createConsumer({
    url: bus.url,
    queue: 'audit.events',
    log,
    metrics: createMetrics('test'),
    settles: true,
    isTransient: () => false,
    handle: (events) => {
      stored.push(...events.filter((event) => !isBad(event)).map(({ id }) => id));
      return Promise.resolve(events.filter(isBad).map((event) => ({ event, reason: 'bad' })));
    },
  });
  await eventually(() => expect(audit?.isConnected()).toBe(true));
}
const connected = () => eventually(() => expect(publisher.isConnected()).toBe(true));
const emptied = () => eventually(() => expect(outbox.events).toEqual([]), 20_000);
const ids = (events: ChangeEvent[]) => events.map(({ id }) => id);

async function idsIn(queue: string, count: number): Promise<string[]> {
  const taken = await bus.take(queue, count);
  return taken.map(({ content }) => (JSON.parse(content) as { id: string }).id);
}

describe('the relay', () => {
  it('sends what a write committed, once, and keeps it until audit has stored it', async () => {
    start(100);
    await connected();
    const event = buildEvent();
    outbox.commit(event);
    await eventually(async () => expect(await bus.depth('audit.events')).toBe(1));
    expect(outbox.events).toEqual([event]);
    await startAudit();
    await emptied();
    expect(stored).toEqual([event.id]);
  });

  it('sends at its start what a crash left behind, in version order', async () => {
    const entityId = uuidv7();
    const events = Array.from({ length: 1200 }, (_, index) => buildEvent({ entityId, version: index + 1 }));
    outbox.leave(...events);
    start();
    await connected();
    expect(await idsIn('audit.events', events.length)).toEqual(ids(events));
  });

  it('keeps what the broker did not take, and sends it once a queue is there', async () => {
    start(200);
    await connected();
    await bus.unbind('audit.events', 'pipedesk.events', '#');
    await bus.unbind('pipedesk.unrouted', 'pipedesk.unrouted', '');
    const event = buildEvent({ entityType: 'user' });
    outbox.commit(event);
    await bus.bind('audit.events', 'pipedesk.events', '#');
    expect(await idsIn('audit.events', 1)).toEqual([event.id]);
  });

  it('keeps what is committed while the broker is away, and sends it when it is back', async () => {
    start();
    await connected();
    await eventually(async () => expect(await bus.closeConnections('crm publisher')).toBe(1), 20_000);
    await eventually(() => expect(publisher.isConnected()).toBe(false));
    const events = [buildEvent(), buildEvent()];
    outbox.commit(...events);
    expect((await idsIn('audit.events', 2)).sort()).toEqual(ids(events).sort());
    expect(outbox.events).toHaveLength(2);
  });

  it('sends again what the broker confirmed and lost, as soon as audit has nothing left to do', async () => {
    start(200, 300);
    await connected();
    const events = Array.from({ length: 20 }, () => buildEvent());
    outbox.commit(...events);
    await eventually(async () => expect(await bus.depth('audit.events')).toBe(20));
    await bus.purge('audit.events');
    await startAudit();
    await emptied();
    expect(new Set(stored)).toEqual(new Set(ids(events)));
  });

  it('leaves what audit can never store in the outbox, and dead-letters it once', async () => {
    const [good, bad] = [buildEvent(), buildEvent()];
    start(100, 100);
    await connected();
    await startAudit((event) => event.id === bad.id);
    outbox.commit(good, bad);
    await bus.take('audit.events.dead', 1);
    await eventually(() => expect(outbox.events).toEqual([bad]));
    outbox.commit(good);
    await eventually(() => expect(outbox.events).toEqual([bad]));
    expect(await bus.depth('audit.events.dead')).toBe(0);
  });
});

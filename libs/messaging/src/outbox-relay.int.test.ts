import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, createMetrics } from '@pipedesk/service-kit';
import { buildEvent, eventually, openTestBus, type TestBus } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { createMemoryOutbox, type MemoryOutbox } from '../test/memory-outbox.ts';
import { createOutboxRelay, type OutboxRelay } from './outbox-relay.ts';
import { createPublisher, type Publisher } from './publisher.ts';

const log = createLogger('messaging', 'silent');
let bus: TestBus;
let outbox: MemoryOutbox;
let publisher: Publisher;
let relay: OutboxRelay | undefined;

beforeEach(async () => {
  bus = await openTestBus();
  outbox = createMemoryOutbox();
  publisher = createPublisher({ url: bus.url, service: 'test', log });
});
afterEach(async () => {
  await relay?.close();
  await publisher.close();
  await bus.close();
});

function start(sweepEvery = 60_000): void {
  const metrics = createMetrics('test');
  relay = createOutboxRelay({ source: outbox, publisher, log, metrics, sweepEvery, graceMs: 0 });
}
const connected = () => eventually(() => expect(publisher.isConnected()).toBe(true));
const emptied = () => eventually(() => expect(outbox.entries.length).toBe(0), 20_000);

async function idsIn(queue: string, count: number): Promise<string[]> {
  const taken = await bus.take(queue, count);
  return taken.map(({ content }) => (JSON.parse(content) as { id: string }).id);
}

describe('the relay', () => {
  it('sends what a write committed and takes it out of the outbox', async () => {
    start();
    await connected();
    const event = buildEvent();
    outbox.commit(event);
    await emptied();
    expect(await idsIn('audit.events', 1)).toEqual([event.id]);
  });

  it('sends at its start what a crash left behind, in version order', async () => {
    const entityId = uuidv7();
    const events = Array.from({ length: 1200 }, (_, index) => buildEvent({ entityId, version: index + 1 }));
    outbox.leave(...events);
    start();
    await emptied();
    expect(await idsIn('audit.events', events.length)).toEqual(events.map(({ id }) => id));
  });

  it('keeps what the broker did not take, and sends it once a queue is there', async () => {
    start(200);
    await connected();
    await bus.unbind('audit.events', 'pipedesk.events', '#');
    await bus.unbind('pipedesk.unrouted', 'pipedesk.unrouted', '');
    const event = buildEvent({ entityType: 'user' });
    outbox.commit(event, buildEvent());
    // The deal's event goes to timeline; the user's has nowhere to go.
    await eventually(() => expect(outbox.entries.map((entry) => entry.event.id)).toEqual([event.id]));
    await bus.bind('audit.events', 'pipedesk.events', '#');
    await emptied();
    expect(await idsIn('audit.events', 1)).toEqual([event.id]);
  });

  it('keeps what is committed while the broker is away, and sends it when it is back', async () => {
    start();
    await connected();
    await eventually(async () => expect(await bus.closeConnections('test publisher')).toBe(1), 20_000);
    await eventually(() => expect(publisher.isConnected()).toBe(false));
    const events = [buildEvent(), buildEvent()];
    outbox.commit(...events);
    expect(outbox.entries).toHaveLength(2);
    await emptied();
    expect((await idsIn('audit.events', 2)).sort()).toEqual(events.map(({ id }) => id).sort());
  });
});

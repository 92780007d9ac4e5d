import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChangeEvent } from '@pipedesk/contracts';
import { createLogger, createMetrics } from '@pipedesk/service-kit';
import { buildEvent, eventually, openTestBus, type TestBus } from '@pipedesk/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBrokerProxy, startMuteBroker } from '../test/broker-proxy.ts';
import { type Consumer, createConsumer } from './consumer.ts';
import type { Rejection } from './consumer-session.ts';
import { reasonHeader } from './dead-letters.ts';

const log = createLogger('messaging', 'silent');
const queue = 'audit.events';
const dead = 'audit.events.dead';
const databaseDown = new Error('the database is away');

type Handle = (events: ChangeEvent[]) => Promise<Rejection[]>;

let bus: TestBus;
let consumer: Consumer;
let stored: string[];

beforeEach(async () => {
  bus = await openTestBus();
  stored = [];
});
afterEach(async () => {
  await consumer.close();
  await bus.close();
});

/** Stores everything unless told. */
const keep: Handle = (events) => {
  stored.push(...events.map(({ id }) => id));
  return Promise.resolve([]);
};

async function start(handle: Handle = keep, url = bus.url): Promise<void> {
  const metrics = createMetrics('test');
  const isTransient = (error: unknown) => error === databaseDown;
  consumer = createConsumer({ url, queue, log, metrics, handle, isTransient });
  await connected();
}
const connected = () => eventually(() => expect(consumer.isConnected()).toBe(true), 20_000);
const storedAll = (events: ChangeEvent[]) =>
  eventually(() => expect(new Set(stored)).toEqual(new Set(events.map(({ id }) => id))), 20_000);
/** Closing gives back whatever is not acknowledged, so only then an empty queue means that all is. */
async function acknowledged(): Promise<void> {
  await consumer.close();
  await sleep(300);
  expect(await bus.depth(queue)).toBe(0);
}
const build = (count: number) => Array.from({ length: count }, () => buildEvent());

describe('consuming', () => {
  it('hands over every event once, in order, and acknowledges it', async () => {
    await start();
    const events = build(600);
    await bus.publish(...events);
    await storedAll(events);
    expect(stored).toEqual(events.map(({ id }) => id));
    await acknowledged();
  });

  it('finishes the batch at hand when it closes, and leaves the rest in the queue', async () => {
    const [first, ...rest] = build(5) as [ChangeEvent, ...ChangeEvent[]];
    const started = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    await start(async (events) => {
      started.resolve();
      await finish.promise;
      return keep(events);
    });
    await bus.publish(first);
    await started.promise;
    await bus.publish(...rest);
    const closing = consumer.close();
    finish.resolve();
    await closing;
    expect(stored).toContain(first.id);
    expect(await bus.depth(queue)).toBe(rest.length + 1 - stored.length);
  });
});

describe('what can never be stored', () => {
  it('goes to the dead letters with its reason, and the rest of its batch is stored', async () => {
    const [good, bad, alsoGood] = build(3) as [ChangeEvent, ChangeEvent, ChangeEvent];
    await start(async (events) => {
      await keep(events.filter(({ id }) => id !== bad.id));
      return events.filter(({ id }) => id === bad.id).map((event) => ({ event, reason: 'it is bad' }));
    });
    await bus.publish(good, bad, alsoGood);
    const [letter] = await bus.take(dead, 1);
    expect(letter?.headers[reasonHeader]).toBe('it is bad');
    expect(JSON.parse(letter?.content ?? '')).toEqual(bad);
    await storedAll([good, alsoGood]);
    await acknowledged();
  });

  it('is told from its batch when the handler fails over it, again and again', async () => {
    const events = build(5);
    const poison = events[2];
    await start((some) => {
      if (some.some(({ id }) => id === poison?.id)) return Promise.reject(new Error('cannot digest it'));
      return keep(some);
    });
    await bus.publish(...events);
    const [letter] = await bus.take(dead, 1);
    expect(letter?.headers[reasonHeader]).toBe('cannot digest it');
    await storedAll(events.filter((event) => event !== poison));
    await acknowledged();
  });

  it('never blocks what comes behind it', async () => {
    await start();
    for (let index = 0; index < 50; index++) await bus.publishRaw(`garbage ${index}`, 'crm.deal.updated');
    const events = build(3);
    await bus.publish(...events);
    await storedAll(events);
    expect(await bus.take(dead, 50)).toHaveLength(50);
    await acknowledged();
  });
});

describe('a database that is away', () => {
  it('makes it hold the batch, unacknowledged, until the database is back', async () => {
    let isAway = true;
    let attempts = 0;
    await start((events) => {
      attempts++;
      return isAway ? Promise.reject(databaseDown) : keep(events);
    });
    const events = build(3);
    await bus.publish(...events);
    await eventually(() => expect(attempts).toBeGreaterThan(2));
    expect(stored).toEqual([]);
    isAway = false;
    await storedAll(events);
    expect(await bus.depth(dead)).toBe(0);
    await acknowledged();
  });

  it('does not keep it from closing: the batch goes back to the queue', async () => {
    let attempts = 0;
    await start(() => {
      attempts++;
      return Promise.reject(databaseDown);
    });
    await bus.publish(...build(3));
    await eventually(() => expect(attempts).toBeGreaterThan(1));
    await consumer.close();
    await eventually(async () => expect(await bus.depth(queue)).toBe(3));
    expect(await bus.depth(dead)).toBe(0);
  });
});

describe('a broker that fails', () => {
  it('delivers again what was not acknowledged when it closed the connection', async () => {
    const release = Promise.withResolvers<void>();
    let batches = 0;
    await start(async (events) => {
      if (batches++ === 0) await release.promise;
      return keep(events);
    });
    const event = buildEvent();
    await bus.publish(event);
    await eventually(() => expect(batches).toBe(1));
    await eventually(async () => expect(await bus.closeConnections(`${queue} consumer`)).toBe(1), 20_000);
    await eventually(() => expect(consumer.isConnected()).toBe(false));
    release.resolve();
    await eventually(() => expect(stored).toEqual([event.id, event.id]), 20_000);
    await acknowledged();
  });

  it('is given its queue back when somebody deletes it while it is consumed', async () => {
    await start();
    await bus.deleteQueue(queue);
    await eventually(async () => expect(await bus.depth(queue)).toBe(0), 20_000);
    await connected();
    const event = buildEvent();
    await bus.publish(event);
    await storedAll([event]);
  });

  it('is left and found again after it fell silent', async () => {
    const proxy = await startBrokerProxy(bus.url);
    await start(keep, `${proxy.url}?heartbeat=1`);
    proxy.freeze();
    await eventually(() => expect(consumer.isConnected()).toBe(false), 20_000);
    await proxy.heal();
    await connected();
    const event = buildEvent();
    await bus.publish(event);
    await storedAll([event]);
    await consumer.close();
    await proxy.close();
  });

  it('does not keep the consumer from closing while it says no word', async () => {
    const mute = await startMuteBroker(bus.url);
    const metrics = createMetrics('test');
    consumer = createConsumer({ url: mute.url, queue, log, metrics, handle: keep, isTransient: () => false });
    await sleep(100);
    await consumer.close();
    expect(consumer.isConnected()).toBe(false);
    await mute.close();
  });
});

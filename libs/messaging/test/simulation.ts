import type { ChangeEvent, Settlement } from '@pipedesk/contracts';
import { createLogger } from '@pipedesk/service-kit';
import { buildEvent } from '@pipedesk/testing';
import type { ConsumeMessage } from 'amqplib';
import { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import { createConsumerSession, type Pause } from '../src/consumer-session.ts';
import { encodeEvent } from '../src/message.ts';
import { createOutboxRelay, type OutboxRelay, type Schedule } from '../src/outbox-relay.ts';
import { NotPublished } from '../src/confirmed-sender.ts';
import type { SettledEvent } from '../src/settlement-sender.ts';

/** A run that ended with a broken promise; the seed plays it again. */
export class BrokenPromise extends Error {
  override name = 'BrokenPromise';
}

const log = createLogger('simulation', 'silent');
const databaseDown = new Error('the database is away');
const quietMetrics = {
  processed: () => undefined,
  failed: { inc: () => undefined },
  redelivered: { inc: () => undefined },
  deadLettered: { inc: () => undefined },
};

/**
 * The relay and the consumer as they are, between a store, a broker, an audit database and a clock that are made up, and
 * all of whose accidents come from a seed: refused and lost confirms, lost and repeated and reordered messages,
 * crashes of either side between any two steps, settlements that never arrive, a broker that loses its disk.
 * @throws BrokenPromise when an event is lost, leaves its outbox before it is stored, or is still there long after everything
 * has healed
 */
export async function simulate(seed: number): Promise<void> {
  const world = createWorld(seed);
  for (let step = 0; step < 40; step++) {
    world.act();
    await world.turn();
  }
  world.heal();
  for (let step = 0; step < 200 && !world.isSettled(); step++) await world.turn(2_000);
  world.verify();
  await world.close();
}

function createWorld(seed: number) {
  const random = randomFrom(seed);
  const chance = (probability: number) => !isHealed && random() < probability;
  const pickIndex = (length: number) => Math.floor(random() * length);
  let now = 1_700_000_000_000;
  let isHealed = false;
  let timers: { at: number; fire: () => void; id: number }[] = [];
  let nextTimer = 0;

  // What survives everything: the records with their outboxes, and audit's rows.
  const written = new Map<string, ChangeEvent>();
  const outbox = new Map<string, ChangeEvent>();
  const rows = new Set<string>();
  const tooEarly: string[] = [];
  const versions = new Map<string, number>();
  let isDatabaseDown = false;

  // What a broker holds, and what is on the wires.
  let queue: ConsumeMessage[] = [];
  let unacknowledged: ConsumeMessage[] = [];
  let isBrokerUp = true;

  let relay = startRelay();
  let consumer = startConsumer();

  function schedule(callback: () => void, ms: number) {
    const timer = { at: now + ms, fire: callback, id: nextTimer++ };
    timers.push(timer);
    return { cancel: () => void (timers = timers.filter((each) => each !== timer)) };
  }

  function startRelay() {
    const committed: ((events: ChangeEvent[]) => void)[] = [];
    const settled: ((settlement: Settlement) => void)[] = [];
    const connected: (() => void)[] = [];
    const process = { isAlive: true };
    /** A dead process neither hears nor does anything. */
    const alive: <T>(promise: Promise<T>) => Promise<T> = (promise) =>
      promise.then((value) => (process.isAlive ? value : new Promise<never>(() => undefined)));
    const source = {
      onCommitted: (listener: (events: ChangeEvent[]) => void) => void committed.push(listener),
      pending: async function* (before: Date, pageSize: number) {
        const all = [...outbox.values()].filter((event) => Date.parse(event.time) < before.getTime());
        for (let at = 0; at < all.length; at += pageSize)
          yield await alive(Promise.resolve(all.slice(at, at + pageSize)));
      },
      remove: (ids: string[]) => {
        if (chance(0.05)) return Promise.reject(databaseDown);
        tooEarly.push(...ids.filter((id) => !rows.has(id)));
        for (const id of ids) outbox.delete(id);
        return alive(Promise.resolve());
      },
      backlog: () => Promise.resolve({ count: outbox.size, oldest: null }),
    };
    const publisher = {
      publish: (event: ChangeEvent) => alive(deliver(event)),
      isConnected: () => isBrokerUp && process.isAlive,
      onConnected: (listener: () => void) => void connected.push(listener),
      onSettled: (listener: (settlement: Settlement) => void) => void settled.push(listener),
      isAuditIdle: () => Promise.resolve(isBrokerUp && queue.length === 0),
    };
    const instance: OutboxRelay = createOutboxRelay({
      source,
      publisher,
      log,
      metrics: new Registry(),
      clock: () => now,
      schedule: ((callback, ms) => schedule(() => process.isAlive && callback(), ms)) satisfies Schedule,
    });
    return { instance, committed, settled, connected, process };
  }

  /** The broker takes an event, or not, and says so, or not. */
  function deliver(event: ChangeEvent): Promise<void> {
    if (!isBrokerUp || chance(0.05)) return Promise.reject(new NotPublished('refused'));
    const { content, options } = encodeEvent(event);
    const message = { content, properties: options, fields: {} } as unknown as ConsumeMessage;
    queue.push(message);
    if (chance(0.05)) queue.push(message);
    if (chance(0.1)) queue.splice(pickIndex(queue.length), 0, queue.pop() as ConsumeMessage);
    if (chance(0.1)) return Promise.reject(new NotPublished('the confirm was lost'));
    return Promise.resolve();
  }

  function startConsumer() {
    const process = { isAlive: true };
    const session = createConsumerSession({
      channel: {
        ack: (message) => {
          if (!process.isAlive) return;
          const last = unacknowledged.indexOf(message as ConsumeMessage);
          unacknowledged = unacknowledged.slice(last + 1);
        },
        nackAll: () => undefined,
        cancel: () => Promise.resolve({ consumerTag: '' }),
        publish: (_exchange, _key, _content, _options, confirmed) => {
          confirmed?.(null, {});
          return true;
        },
      },
      queue: 'audit.events',
      handle: (events) => (process.isAlive ? store(events) : new Promise(() => undefined)),
      isTransient: (error) => error === databaseDown,
      log,
      metrics: quietMetrics,
      drop: () => undefined,
      settlements: { send: (events) => process.isAlive && settle(events) },
      batches: { size: 1 + pickIndex(10), atOnce: 1 + pickIndex(3) },
      pause: ((ms, signal) =>
        new Promise((resolve) => {
          schedule(resolve, ms);
          signal.addEventListener('abort', () => resolve());
        })) satisfies Pause,
      clock: () => now,
    });
    return { session, process };
  }

  /** As audit does: insert with the event's id as key; some inserts succeed although their answers are lost. */
  function store(events: ChangeEvent[]): Promise<[]> {
    if (isDatabaseDown) return Promise.reject(databaseDown);
    for (const { id } of events) {
      rows.add(id);
      if (chance(0.03)) return Promise.reject(databaseDown);
    }
    return Promise.resolve([]);
  }

  function settle(events: SettledEvent[]): void {
    if (chance(0.1)) return;
    const stored = events.filter(({ outcome }) => outcome === 'stored').map(({ id }) => id);
    for (const listener of relay.settled) listener({ stored, rejected: [] });
  }

  function write(): void {
    const isNew = versions.size === 0 || random() < 0.3;
    const ids = [...versions.keys()];
    const entityId = isNew ? uuidv7() : (ids[pickIndex(ids.length)] ?? uuidv7());
    const version = (versions.get(entityId) ?? 0) + 1;
    versions.set(entityId, version);
    const event = buildEvent({ entityId, version, time: new Date(now).toISOString() });
    written.set(event.id, event);
    outbox.set(event.id, event);
    // The process may die between the write and its telling the relay.
    if (!chance(0.05)) for (const listener of relay.committed) listener([event]);
  }

  const accidents: Record<string, () => void> = {
    crashRelay: () => {
      relay.process.isAlive = false;
      relay = startRelay();
    },
    crashConsumer: () => {
      consumer.process.isAlive = false;
      consumer.session.abandon();
      queue = [...unacknowledged, ...queue];
      unacknowledged = [];
      consumer = startConsumer();
    },
    loseConnection: () => {
      isBrokerUp = !isBrokerUp;
      if (isBrokerUp) for (const listener of relay.connected) listener();
    },
    loseBrokerDisk: () => {
      consumer.process.isAlive = false;
      consumer.session.abandon();
      queue = [];
      unacknowledged = [];
      consumer = startConsumer();
    },
    toggleDatabase: () => (isDatabaseDown = !isDatabaseDown),
  };

  function feedConsumer(): void {
    if (!isBrokerUp) return;
    const some = queue.splice(0, 1 + pickIndex(20));
    unacknowledged.push(...some);
    for (const message of some) consumer.session.receive(message);
  }

  return {
    act() {
      for (let writes = pickIndex(5); writes > 0; writes--) write();
      const names = Object.keys(accidents);
      if (chance(0.25)) accidents[names[pickIndex(names.length)] ?? '']?.();
    },
    /** Lets time pass, timers fire and everything that can go on go on. */
    async turn(ms = Math.floor(random() * 3_000)) {
      feedConsumer();
      await goOn();
      now += ms;
      const due = timers.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at || a.id - b.id);
      timers = timers.filter(({ at }) => at > now);
      for (const { fire } of due) fire();
      await goOn();
    },
    heal() {
      isHealed = true;
      isDatabaseDown = false;
      if (!isBrokerUp) accidents['loseConnection']?.();
    },
    isSettled: () => outbox.size === 0,
    verify() {
      const lost = [...written.keys()].filter((id) => !rows.has(id));
      const strange = [...rows].filter((id) => !written.has(id));
      const stuck = [...outbox.keys()];
      const broken = Object.entries({ lost, strange, tooEarly, stuck }).filter(([, ids]) => ids.length > 0);
      if (broken.length > 0)
        throw new BrokenPromise(`seed ${seed}: ${JSON.stringify(Object.fromEntries(broken))}`);
    },
    close: async () => {
      consumer.session.abandon();
      relay.process.isAlive = false;
      await goOn();
    },
  };
}

/** Everything here is made of resolved promises, so a turn of the event loop brings all of it to rest. */
async function goOn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

import type { ChangeEvent } from '@pipedesk/contracts';
import { amqpUrlOf, createVhost, deleteVhost } from '@pipedesk/local';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { randomUUID } from 'node:crypto';
import { eventually } from './eventually.ts';
import { given } from './system.ts';

export interface DeadLetter {
  content: string;
  headers: Record<string, unknown>;
}

/** A virtual host of the test's own on the run's broker, and both hands on it. */
export interface TestBus {
  url: string;
  /** Publishes on the events exchange, confirmed; once a queue takes them. */
  publish(...events: ChangeEvent[]): Promise<void>;
  /** The same for bytes that need not be an event. */
  publishRaw(content: Buffer | string, type: string): Promise<void>;
  /** Takes so many messages off a queue. @throws Error when they do not come in time */
  take(queue: string, count: number): Promise<DeadLetter[]>;
  /** Messages of a queue that no consumer holds; -1 for a queue that does not exist. */
  depth(queue: string): Promise<number>;
  purge(queue: string): Promise<void>;
  deleteQueue(queue: string): Promise<void>;
  deleteExchange(exchange: string): Promise<void>;
  bind(queue: string, exchange: string, pattern: string): Promise<void>;
  unbind(queue: string, exchange: string, pattern: string): Promise<void>;
  /** Closes the connections of this name from the broker's side. @returns how many there were */
  closeConnections(name: string): Promise<number>;
  close(): Promise<void>;
}

const eventsExchange = 'pipedesk.events';

export async function openTestBus(): Promise<TestBus> {
  const vhost = `bus-${randomUUID().slice(0, 8)}`;
  const managementUrl = given('AMQP_MANAGEMENT_URL');
  await createVhost(managementUrl, vhost);
  const url = amqpUrlOf(given('AMQP_URL'), vhost);
  const model = await connect(url);
  const manage = manager(managementUrl);
  // A channel an operation: the broker closes the channel of one that fails.
  const publishRaw = async (content: Buffer | string, type: string) => {
    const channel = await model.createConfirmChannel();
    channel.on('error', () => undefined);
    let isReturned = false;
    channel.on('return', () => (isReturned = true));
    const options = { type, mandatory: true, persistent: true };
    channel.publish(eventsExchange, type, Buffer.from(content), options);
    await channel.waitForConfirms();
    await channel.close();
    if (isReturned) throw new Error(`no queue takes ${type}`);
  };
  return {
    url,
    publishRaw,
    publish: async (...events) => {
      const channel = await model.createConfirmChannel();
      for (const event of events)
        channel.publish(eventsExchange, event.type, Buffer.from(JSON.stringify(event)), { type: event.type });
      await channel.waitForConfirms();
      await channel.close();
    },
    take: (queue, count) => take(model, queue, count),
    depth: (queue) => depth(model, queue),
    purge: async (queue) => void (await manage('DELETE', `/api/queues/${vhost}/${queue}/contents`)),
    deleteQueue: async (queue) => void (await manage('DELETE', `/api/queues/${vhost}/${queue}`)),
    deleteExchange: async (exchange) => void (await manage('DELETE', `/api/exchanges/${vhost}/${exchange}`)),
    bind: (queue, exchange, pattern) =>
      withChannel(model, (channel) => channel.bindQueue(queue, exchange, pattern)),
    unbind: (queue, exchange, pattern) =>
      withChannel(model, (channel) => channel.unbindQueue(queue, exchange, pattern)),
    closeConnections: (name) => closeConnections(manage, vhost, name),
    close: async () => {
      await model.close();
      await deleteVhost(managementUrl, vhost);
    },
  };
}

async function withChannel(model: ChannelModel, use: (channel: Channel) => Promise<unknown>): Promise<void> {
  const channel = await model.createChannel();
  await use(channel);
  await channel.close();
}

/** On a connection's own channel: asking for a queue that is not there closes it. */
async function depth(model: ChannelModel, queue: string): Promise<number> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  const count = await channel.checkQueue(queue).then(
    ({ messageCount }) => messageCount,
    () => -1,
  );
  if (count >= 0) await channel.close();
  return count;
}

/** Consumes, since getting messages one by one takes quorum queues long. */
async function take(model: ChannelModel, queue: string, count: number): Promise<DeadLetter[]> {
  const channel = await model.createChannel();
  const taken: DeadLetter[] = [];
  await channel.prefetch(count);
  await channel.consume(queue, (message) => {
    if (!message || taken.length === count) return;
    taken.push({ content: message.content.toString(), headers: message.properties.headers ?? {} });
    channel.ack(message);
  });
  await eventually(() => {
    if (taken.length < count) throw new Error(`${taken.length} of ${count} messages are in ${queue}`);
  }, 15_000);
  await channel.close();
  return taken;
}

type Manager = ReturnType<typeof manager>;

/** The management API; undefined for what does not exist. */
function manager(managementUrl: string) {
  const { username, password, origin } = new URL(managementUrl);
  const authorization = `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}`;
  return async (method: string, path: string): Promise<object | undefined> => {
    const response = await fetch(origin + path, { method, headers: { authorization } });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
    return response.status === 204 ? {} : ((await response.json()) as object);
  };
}

/** The API learns of connections a few seconds late, so it may know none of the name yet. */
async function closeConnections(manage: Manager, vhost: string, name: string): Promise<number> {
  const all = ((await manage('GET', `/api/vhosts/${vhost}/connections`)) ?? []) as {
    name: string;
    user_provided_name?: string;
    client_properties?: { connection_name?: string };
  }[];
  const some = all.filter(
    (one) => (one.user_provided_name ?? one.client_properties?.connection_name) === name,
  );
  for (const one of some) await manage('DELETE', `/api/connections/${encodeURIComponent(one.name)}`);
  return some.length;
}

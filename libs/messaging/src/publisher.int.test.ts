import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@pipedesk/service-kit';
import { buildEvent, eventually, openTestBus, type TestBus } from '@pipedesk/testing';
import { startBrokerProxy, startMuteBroker } from '../test/broker-proxy.ts';
import { NotPublished } from './confirmed-sender.ts';
import { createPublisher, type Publisher } from './publisher.ts';

const log = createLogger('messaging', 'silent');
let bus: TestBus;
let publisher: Publisher;

async function open(url = bus.url): Promise<Publisher> {
  publisher = createPublisher({ url, service: 'test', log });
  await connected(publisher);
  return publisher;
}
const connected = (some: Publisher) =>
  eventually(() => {
    if (!some.isConnected()) throw new Error('the publisher is not connected');
  }, 15_000);

beforeAll(async () => {
  bus = await openTestBus();
});
afterEach(() => publisher.close());
afterAll(() => bus.close());

describe('publishing', () => {
  it('resolves once the event is in every queue that takes it', async () => {
    const event = buildEvent();
    await (await open()).publish(event);
    for (const queue of ['audit.events', 'timeline.events']) {
      const [message] = await bus.take(queue, 1);
      expect(JSON.parse(message?.content ?? '')).toEqual(event);
    }
  });

  it('keeps the order of publishing', async () => {
    const events = Array.from({ length: 200 }, () => buildEvent());
    await open();
    await Promise.all(events.map((event) => publisher.publish(event)));
    const taken = await bus.take('audit.events', events.length);
    expect(taken.map(({ content }) => (JSON.parse(content) as { id: string }).id)).toEqual(
      events.map(({ id }) => id),
    );
    await bus.purge('timeline.events');
  });

  it('sets an event aside that no consumer takes, and refuses it when nothing takes it at all', async () => {
    await open();
    await bus.unbind('audit.events', 'pipedesk.events', '#');
    const stray = buildEvent({ entityType: 'user' });
    await publisher.publish(stray);
    const [kept] = await bus.take('pipedesk.unrouted', 1);
    expect(JSON.parse(kept?.content ?? '')).toEqual(stray);

    await bus.unbind('pipedesk.unrouted', 'pipedesk.unrouted', '');
    const refused = publisher.publish(buildEvent({ entityType: 'user' }));
    await expect(refused).rejects.toThrow(new NotPublished('no queue takes auth.user.created'));
    await expect(publisher.publish(buildEvent())).resolves.toBeUndefined();
    await bus.purge('timeline.events');
  });
});

describe('a broker that fails', () => {
  it('is refused at once while it is not there', async () => {
    publisher = createPublisher({ url: 'amqp://127.0.0.1:1', service: 'test', log });
    await expect(publisher.publish(buildEvent())).rejects.toThrow(NotPublished);
    expect(publisher.isConnected()).toBe(false);
  });

  it('is found again after it closed the connection', async () => {
    await open();
    await eventually(async () => {
      if ((await bus.closeConnections('test publisher')) === 0) throw new Error('nothing to close yet');
    }, 20_000);
    await eventually(() => expect(publisher.isConnected()).toBe(false));
    await connected(publisher);
    await expect(publisher.publish(buildEvent())).resolves.toBeUndefined();
  });

  it('is found again after it closed the channel, with the exchange restored', async () => {
    await open();
    await bus.deleteExchange('pipedesk.events');
    // Publishing to an exchange that is gone makes the broker close the channel; the confirm never comes.
    await expect(publisher.publish(buildEvent())).rejects.toThrow(NotPublished);
    await connected(publisher);
    await expect(publisher.publish(buildEvent())).resolves.toBeUndefined();
  });

  it('is given up and tried again when it accepts connections and never says a word', async () => {
    const mute = await startMuteBroker(bus.url);
    publisher = createPublisher({ url: mute.url, service: 'test', log });
    await eventually(() => expect(mute.accepted()).toBeGreaterThan(1), 15_000);
    await expect(publisher.publish(buildEvent())).rejects.toThrow(NotPublished);
    await publisher.close();
    await mute.close();
  });

  it('is given up when it falls silent, and what waits for a confirm learns that none will come', async () => {
    const proxy = await startBrokerProxy(bus.url);
    await open(`${proxy.url}?heartbeat=1`);
    proxy.freeze();
    await expect(publisher.publish(buildEvent())).rejects.toThrow(NotPublished);
    await proxy.heal();
    await connected(publisher);
    await expect(publisher.publish(buildEvent())).resolves.toBeUndefined();
    await publisher.close();
    await proxy.close();
  });
});

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { createVhost, deleteVhost, startBackingServices, startBroker } from '../src/index.ts';
import type { BackingServices, DedicatedBroker } from '../src/index.ts';
import { instanceFolder } from '../src/backing/cache.ts';
import { waitUntil } from '../src/backing/wait.ts';
import { createBrokerApi } from './broker-api.ts';

const kept = `kept-${process.pid}`;
const started: BackingServices[] = [];
let owner: ChildProcess | undefined;

async function start(
  options: Partial<Parameters<typeof startBackingServices>[0]> = {},
): Promise<BackingServices> {
  const backing = await startBackingServices({ instance: kept, ports: 'free', dedicated: true, ...options });
  started.push(backing);
  return backing;
}

/** Every process of this machine that an instance's folder shows in its command line. */
function processesOf(instance: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [
          readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(`/instances/${instance}/`) ? pid : '',
        ];
      } catch {
        return [];
      }
    })
    .filter(Boolean);
}

/** What is asked for, as soon as it is there: a queue elects its leader, and figures are gathered, a moment after a start. */
async function eventually<T>(ask: () => Promise<T>, isThere: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  await waitUntil(async () => isThere((answer = await ask())), 15_000, 200);
  return answer;
}

async function count(uri: string, change?: (client: MongoClient) => Promise<unknown>): Promise<number> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 10_000 });
  try {
    await change?.(client);
    return await client.db('backing').collection('deals').countDocuments();
  } finally {
    await client.close();
  }
}

const insert = (client: MongoClient) => client.db('backing').collection('deals').insertOne({ name: 'kept' });

afterEach(async () => {
  owner?.kill('SIGKILL');
  for (const backing of started.splice(0)) await backing.stop();
});

afterAll(() => {
  rmSync(instanceFolder(kept), { recursive: true, force: true });
});

describe('backing services', () => {
  it('keep data and messages over a restart, and leave no process behind', async () => {
    const first = await start();
    expect(await count(first.mongodbUri, insert)).toBe(1);
    const broker = createBrokerApi(first.amqpManagementUrl ?? '');
    await broker.declareQueue('audit.events');
    await broker.publish('audit.events', 'kept');
    await first.stop();
    expect(processesOf(kept)).toEqual([]);

    const second = await start();
    expect(await count(second.mongodbUri)).toBe(1);
    const again = createBrokerApi(second.amqpManagementUrl ?? '');
    expect(
      await eventually(
        () => again.peek('audit.events'),
        (messages) => messages.length > 0,
      ),
    ).toEqual(['kept']);
  }, 90_000);

  it('keep acknowledged writes when the database is killed, and come back on the same address', async () => {
    const { mongodbUri, database } = await start({ only: ['mongo'] });
    const before = await count(mongodbUri, insert);
    await database?.killServer();
    await database?.startServer();
    expect(await count(mongodbUri)).toBe(before);
    await database?.killGateway();
    await database?.startGateway();
    expect(await count(mongodbUri, insert)).toBe(before + 1);
  }, 60_000);

  it('refuse a second owner of the same instance, naming the first', async () => {
    await start({ only: ['mongo'] });
    await expect(start({ only: ['mongo'] })).rejects.toThrow(`process ${process.pid}`);
  }, 60_000);

  it('of a test vanish with their data when they stop', async () => {
    const instance = `vanishing-${process.pid}`;
    const backing = await start({ instance, ephemeral: true, only: ['mongo'] });
    expect(existsSync(join(instanceFolder(instance), 'postgres'))).toBe(true);
    await backing.stop();
    expect(existsSync(instanceFolder(instance))).toBe(false);
  }, 60_000);

  it('end when their owner is killed, and the next owner starts on the same data', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'owner.ts'), kept], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    owner = child;
    const [uri] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const before = await count(uri, insert);
    child.kill('SIGKILL');
    expect(await waitUntil(() => processesOf(kept).length === 0, 15_000)).toBe(true);
    const { mongodbUri } = await start({ only: ['mongo'] });
    expect(await count(mongodbUri)).toBe(before);
  }, 90_000);
});

describe('a dedicated broker', () => {
  let broker: DedicatedBroker;
  beforeAll(async () => {
    broker = await startBroker();
  }, 90_000);
  afterAll(() => broker.dispose());

  it('has every persistent message after kill -9', async () => {
    const api = createBrokerApi(broker.amqpManagementUrl);
    await api.declareQueue('timeline.events');
    // RabbitMQ writes the name of a new quorum queue to disk half a second later; killed before that, it starts the queue
    // anew and empty ("configured member was not found on this node"), confirmed messages or not.
    await setTimeout(1_500);
    for (const payload of ['one', 'two', 'three']) await api.publish('timeline.events', payload);
    const killed = broker.pid();
    await broker.kill();
    expect(existsSync(`/proc/${killed}/exe`)).toBe(false);
    await broker.start();
    const found = await eventually(
      () => api.peek('timeline.events'),
      (messages) => messages.length > 0,
    );
    expect(found.sort()).toEqual(['one', 'three', 'two']);
  }, 60_000);

  it('answers nobody while it is frozen, and goes on when thawed', async () => {
    const api = createBrokerApi(broker.amqpManagementUrl);
    await broker.freeze();
    const answered = await Promise.race([api.vhosts().then(() => true), setTimeout(1_000, false)]);
    await broker.thaw();
    expect(answered).toBe(false);
    expect(await api.vhosts()).toContain('/');
  }, 30_000);

  it('gives each test a virtual host with the policies of the repository', async () => {
    const api = createBrokerApi(broker.amqpManagementUrl);
    await createVhost(broker.amqpManagementUrl, 'a/test');
    for (const queue of ['audit.events', 'audit.events.dead']) await api.declareQueue(queue, 'a/test');
    const policyOf = (queue: string) => eventually(() => api.policyOf(queue, 'a/test'), Boolean);
    expect(await policyOf('audit.events')).toBe('audit.events');
    expect(await policyOf('audit.events.dead')).toBe('kept-until-someone-looks');
    await deleteVhost(broker.amqpManagementUrl, 'a/test');
    expect(await api.vhosts()).not.toContain('a/test');
  }, 30_000);

  it('takes orders through rabbitmqctl', async () => {
    expect(await broker.rabbitmqctl('list_policies', '--silent')).toContain('pipedesk.dead');
  }, 30_000);
});

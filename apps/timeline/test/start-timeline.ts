import type { ChangeEvent } from '@pipedesk/contracts';
import { connectMongo, type Connection, migrate } from '@pipedesk/mongo';
import { createAuthenticator, createLogger, createMetrics, listen } from '@pipedesk/service-kit';
import {
  buildEvent,
  type Claims,
  createTokenIssuer,
  eventually,
  given,
  openTestBus,
  type TestBus,
} from '@pipedesk/testing';
import { randomUUID } from 'node:crypto';
import { createApp } from '../src/app.ts';
import { migrations } from '../src/migrations.ts';

/** What an answer had to say. */
export interface Answer {
  status: number;
  /** Whatever JSON it was: tests look into answers of every shape. */
  body: ReturnType<typeof JSON.parse>;
}

/** The service on a database and a virtual host of its own; `stop` removes both. */
export interface TestTimeline {
  connection: Connection;
  bus: TestBus;
  /** Publishes and waits until all that was published is projected or refused. */
  project(...events: ChangeEvent[]): Promise<void>;
  get(path: string, claims?: Claims): Promise<Answer>;
  getWithoutToken(path: string): Promise<Answer>;
  stop(): Promise<void>;
}

export async function startTimeline(): Promise<TestTimeline> {
  const log = createLogger('timeline', 'silent');
  const bus = await openTestBus();
  const database = `timeline_test_${randomUUID().slice(0, 8)}`;
  const connection = await connectMongo({ uri: given('MONGODB_URI'), database, log });
  await migrate(connection, migrations, log);
  const { keys, issuer, audience, revocations, tokenFor } = createTokenIssuer();
  const { app, consumer } = createApp({
    connection,
    amqpUrl: bus.url,
    authenticate: createAuthenticator({ keys, issuer, audience, revocations }),
    log,
    metrics: createMetrics('timeline'),
    trustedProxies: 'none',
    isShuttingDown: () => false,
  });
  const http = await listen(app, '127.0.0.1', 0);
  await eventually(() => {
    if (!consumer.isConnected()) throw new Error('the consumer is not connected');
  });
  const get = async (path: string, headers: Record<string, string>): Promise<Answer> => {
    const response = await fetch(`http://127.0.0.1:${http.port}${path}`, { headers });
    return { status: response.status, body: await response.json() };
  };
  return {
    connection,
    bus,
    project: async (...events) => {
      const last = buildEvent();
      await bus.publish(...events, last);
      const [, id] = last.subject.split('/');
      await eventually(async () => {
        const isProjected = await connection.collection('entities').findOne({ _id: id as never });
        if (!isProjected) throw new Error('the last event is not projected');
      });
    },
    get: async (path, claims) => get(path, { authorization: `Bearer ${await tokenFor(claims)}` }),
    getWithoutToken: (path) => get(path, {}),
    stop: async () => {
      await http.close();
      await consumer.close();
      await connection.dropDatabase();
      await connection.close();
      await bus.close();
    },
  };
}

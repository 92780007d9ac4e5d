import { connectMongo, type Connection, migrate } from '@pipedesk/mongo';
import { createAuthenticator, createLogger, createMetrics, listen } from '@pipedesk/service-kit';
import {
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
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of every shape
  body: any;
}

/** The service on a database and a virtual host of its own; `stop` removes both. */
export interface TestAudit {
  connection: Connection;
  bus: TestBus;
  get(path: string, claims?: Claims): Promise<Answer>;
  getWithoutToken(path: string): Promise<Answer>;
  /** The answer itself, for bodies that are no JSON or are not read to their end. */
  fetch(path: string, claims?: Claims, signal?: AbortSignal): Promise<Response>;
  /** Waits until so many records are stored. */
  stored(count: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startAudit(): Promise<TestAudit> {
  const log = createLogger('audit', 'silent');
  const bus = await openTestBus();
  const database = `audit_test_${randomUUID().slice(0, 8)}`;
  const connection = await connectMongo({ uri: given('MONGODB_URI'), database, log });
  await migrate(connection, migrations, log);
  const { keys, issuer, audience, revocations, tokenFor } = createTokenIssuer();
  const { app, consumer } = createApp({
    connection,
    amqpUrl: bus.url,
    authenticate: createAuthenticator({ keys, issuer, audience, revocations }),
    log,
    metrics: createMetrics('audit'),
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
  const records = connection.collection('auditrecords');
  return {
    connection,
    bus,
    get: async (path, claims) => get(path, { authorization: `Bearer ${await tokenFor(claims)}` }),
    getWithoutToken: (path) => get(path, {}),
    fetch: async (path, claims, signal) =>
      fetch(`http://127.0.0.1:${http.port}${path}`, {
        headers: { authorization: `Bearer ${await tokenFor(claims)}` },
        ...(signal && { signal }),
      }),
    stored: async (count) => {
      await eventually(async () => {
        const found = await records.countDocuments();
        if (found !== count) throw new Error(`${found} of ${count} records are stored`);
      });
    },
    stop: async () => {
      await http.close();
      await consumer.close();
      await connection.dropDatabase();
      await connection.close();
      await bus.close();
    },
  };
}

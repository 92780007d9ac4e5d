import { amqpUrlOf, createVhost, deleteVhost } from '@pipedesk/local';
import { createPublisher } from '@pipedesk/messaging';
import { connectMongo, type Connection, migrate } from '@pipedesk/mongo';
import { createAuthenticator, createLogger, createMetrics, listen } from '@pipedesk/service-kit';
import { given } from '@pipedesk/testing';
import { randomUUID } from 'node:crypto';
import { createApp } from '../src/app.ts';
import { migrations } from '../src/migrations.ts';
import { type CrmServer, startCrmServer } from './crm-server.ts';
import { audience, issuer, type Person, revocations, testKeys } from './tokens.ts';

/** What an answer had to say; `body` is undefined where there is none. */
export interface Answer {
  status: number;
  headers: Headers;
  /** Whatever JSON it was: tests look into answers of every shape. */
  body: ReturnType<typeof JSON.parse>;
}

export interface Calendar {
  crm: CrmServer;
  connection: Connection;
  amqpUrl: string;
  request(
    person: Person,
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>;
  stop(): Promise<void>;
}

const log = createLogger('calendar-sync', 'silent');

/** The service on a database and a virtual host of its own, beside a server that answers as crm; `stop` removes all. */
export async function startCalendar(): Promise<Calendar> {
  const name = `calendar_test_${randomUUID().slice(0, 8)}`;
  const managementUrl = given('AMQP_MANAGEMENT_URL');
  await createVhost(managementUrl, name);
  const amqpUrl = amqpUrlOf(given('AMQP_URL'), name);
  const connection = await connectMongo({ uri: given('MONGODB_URI'), database: name, log });
  await migrate(connection, migrations, log);
  const publisher = createPublisher({ url: amqpUrl, service: 'calendar-sync', log });
  const crm = await startCrmServer();
  const { app, relay } = createApp({
    connection,
    publisher,
    authenticate: createAuthenticator({ keys: testKeys, issuer, audience, revocations }),
    crmUrl: crm.url,
    log,
    metrics: createMetrics('calendar-sync'),
    trustedProxies: 'loopback',
    isShuttingDown: () => false,
  });
  const http = await listen(app, '127.0.0.1', 0);
  return {
    crm,
    connection,
    amqpUrl,
    request: (person, method, path, options = {}) =>
      request(`http://127.0.0.1:${http.port}${path}`, person, method, options),
    stop: async () => {
      http.server.closeAllConnections();
      await http.close();
      await relay.close();
      await publisher.close();
      await crm.stop();
      await connection.dropDatabase();
      await connection.close();
      await deleteVhost(managementUrl, name);
    },
  };
}

async function request(
  url: string,
  { token }: Person,
  method: string,
  { body, headers }: { body?: unknown; headers?: Record<string, string> },
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

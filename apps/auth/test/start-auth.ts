import { amqpUrlOf, createVhost, deleteVhost } from '@pipedesk/local';
import { createPublisher } from '@pipedesk/messaging';
import { connectMongo, type Connection, migrate } from '@pipedesk/mongo';
import { createLogger, createMetrics, listen } from '@pipedesk/service-kit';
import { randomBytes, randomUUID } from 'node:crypto';
import type { AppDeps } from '../src/app-deps.ts';
import { createApp } from '../src/app.ts';
import type { KeyRotation } from '../src/tokens/key-rotation.ts';
import type { Mail } from '../src/mail/mailer.ts';
import { migrations } from '../src/migrations.ts';

export const issuer = 'pipedesk-test';
export const serviceSecret = 'service secret of the tests, 32 characters';
export const audience = 'pipedesk-test-api';

/** What an answer had to say; `body` is undefined where there is none. */
export interface Answer {
  status: number;
  headers: Headers;
  /** Whatever JSON it was: tests look into answers of every shape. */
  body: ReturnType<typeof JSON.parse>;
}

export interface RequestOptions {
  body?: unknown;
  token?: string;
  headers?: Record<string, string>;
}

export interface Auth {
  url: string;
  connection: Connection;
  vhost: string;
  /** What was sent by mail, oldest first. */
  mails: Mail[];
  rotation: KeyRotation;
  /** Sends `body` as JSON, or as it is when it is a string. */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** Another process of the service on the same database. */
  replica(overrides?: Partial<AppDeps>): Promise<Omit<Auth, 'replica'>>;
  stop(): Promise<void>;
}

const log = createLogger('auth', 'fatal');

/** The service on a database and a virtual host of its own; `stop` removes both. */
export async function startAuth(all: Partial<AppDeps> = {}): Promise<Auth> {
  const name = `auth_test_${randomUUID().slice(0, 8)}`;
  const managementUrl = given('AMQP_MANAGEMENT_URL');
  await createVhost(managementUrl, name);
  const keySecret = randomBytes(32).toString('base64');
  const replicas: Omit<Auth, 'replica'>[] = [];
  const replica = async (overrides: Partial<AppDeps> = {}) => {
    const started = await startReplica(name, { keySecret, ...all, ...overrides });
    replicas.push(started);
    return started;
  };
  const first = await replica();
  return {
    ...first,
    replica,
    stop: async () => {
      await first.connection.dropDatabase();
      for (const each of replicas) await each.stop();
      await deleteVhost(managementUrl, name);
    },
  };
}

async function startReplica(
  name: string,
  deps: Partial<AppDeps> & Pick<AppDeps, 'keySecret'>,
): Promise<Omit<Auth, 'replica'>> {
  const connection = await connectMongo({ uri: given('MONGODB_URI'), database: name, log });
  await migrate(connection, migrations, log);
  const publisher = createPublisher({ url: amqpUrlOf(given('AMQP_URL'), name), service: 'auth', log });
  const mails: Mail[] = [];
  const { app, relay, rotation, eventRecords, refusals } = createApp({
    connection,
    publisher,
    log,
    metrics: createMetrics('auth'),
    trustedProxies: 'loopback',
    isShuttingDown: () => false,
    issuer,
    audience,
    keyRotationDays: 90,
    tokenLifetime: 600,
    appUrl: 'https://app.example.com',
    sendMail: (mail) => {
      mails.push(mail);
      return Promise.resolve();
    },
    serviceSecret,
    refusalsEvery: 1,
    ...deps,
  });
  const http = await listen(app, '127.0.0.1', 0);
  return {
    url: `http://127.0.0.1:${http.port}`,
    connection,
    vhost: name,
    mails,
    rotation,
    request: (method, path, options = {}) => request(`http://127.0.0.1:${http.port}${path}`, method, options),
    stop: async () => {
      await http.close();
      await refusals.close();
      rotation.close();
      eventRecords.close();
      await relay.close();
      await publisher.close();
      await connection.close();
    },
  };
}

export async function request(
  url: string,
  method: string,
  { body, token, headers }: RequestOptions,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

export function given(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} must be set; npm test does it`);
  return value;
}

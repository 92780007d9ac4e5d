import { connectMongo, type Connection, migrate } from '@pipedesk/mongo';
import {
  createAuthenticator,
  createKeySecret,
  type KeySecret,
  createLogger,
  createMetrics,
  listen,
} from '@pipedesk/service-kit';
import {
  type Claims,
  createTokenIssuer,
  eventually,
  given,
  openTestBus,
  type TestBus,
} from '@pipedesk/testing';
import { randomBytes, randomUUID } from 'node:crypto';
import { createApp } from '../src/app.ts';
import { migrations } from '../src/migrations.ts';
import type { StreamingSettings } from '../src/streams/streaming.ts';

/** What an answer had to say. */
export interface Answer {
  status: number;
  /** Whatever JSON it was: tests look into answers of every shape. */
  body: ReturnType<typeof JSON.parse>;
}

/** What a request has besides its token. */
type Sent = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

/** The service on a database and a virtual host of its own; `stop` removes both. */
export interface TestAudit {
  connection: Connection;
  bus: TestBus;
  keySecret: KeySecret;
  /** What the key secret is made of, for processes beside this one. */
  secret: string;
  get(path: string, claims?: Claims): Promise<Answer>;
  getWithoutToken(path: string): Promise<Answer>;
  /** The answer itself, for bodies that are no JSON or are not read to their end. */
  fetch(path: string, claims?: Claims, init?: Sent): Promise<Response>;
  /** Waits until so many records are stored. */
  stored(count: number): Promise<void>;
  /** Seals what waits and carries erasures out. */
  seal(): Promise<void>;
  /** A round of retention, by the clock on the wall. */
  remove(): Promise<void>;
  /** Sends what is sealed, until every stream has taken what it takes. */
  stream(): Promise<void>;
  send(method: 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, claims?: Claims): Promise<Answer>;
  post(path: string, body: unknown, claims?: Claims, key?: string): Promise<Answer>;
  /** An answer that is no JSON. */
  text(path: string, claims?: Claims): Promise<string>;
  stop(): Promise<void>;
}

interface StartOptions {
  streaming?: Partial<StreamingSettings>;
}

export async function startAudit(options: StartOptions = {}): Promise<TestAudit> {
  const log = createLogger('audit', 'silent');
  const bus = await openTestBus();
  const database = `audit_test_${randomUUID().slice(0, 8)}`;
  const connection = await connectMongo({ uri: given('MONGODB_URI'), database, log });
  await migrate(connection, migrations, log);
  const { keys, issuer, audience, revocations, tokenFor } = createTokenIssuer();
  const secret = randomBytes(32).toString('base64');
  const keySecret = createKeySecret(secret);
  const { app, consumer, sealing, removing, streaming } = createApp({
    connection,
    amqpUrl: bus.url,
    authenticate: createAuthenticator({ keys, issuer, audience, revocations }),
    log,
    metrics: createMetrics('audit'),
    trustedProxies: 'none',
    isShuttingDown: () => false,
    keySecret,
    // Tests seal when they want to.
    sealing: { every: 3_600_000, soonAfter: Infinity, rotateAfter: 86_400_000, trustedKeys: [] },
    removing: { every: 3_600_000 },
    streaming: { every: 3_600_000, allowedHosts: [], ...options.streaming },
  });
  const http = await listen(app, '127.0.0.1', 0);
  await eventually(() => {
    if (!consumer.isConnected()) throw new Error('the consumer is not connected');
  });
  const send = (path: string, init: RequestInit) => fetch(`http://127.0.0.1:${http.port}${path}`, init);
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await send(path, init);
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  };
  const bearer = async (claims?: Claims) => ({ authorization: `Bearer ${await tokenFor(claims)}` });
  const records = connection.collection('auditrecords');
  return {
    connection,
    bus,
    keySecret,
    secret,
    get: async (path, claims) => ask(path, { headers: await bearer(claims) }),
    getWithoutToken: (path) => ask(path, {}),
    fetch: async (path, claims, init) =>
      send(path, { ...init, headers: { ...init?.headers, ...(await bearer(claims)) } }),
    seal: sealing.runNow,
    remove: removing.runNow,
    stream: streaming.runNow,
    send: async (method, path, body, claims) =>
      ask(path, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        headers: { ...(await bearer(claims)), 'content-type': 'application/json' },
      }),
    post: async (path, body, claims, key) =>
      ask(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: {
          ...(await bearer(claims)),
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
      }),
    text: async (path, claims) => (await send(path, { headers: await bearer(claims) })).text(),
    stored: async (count) => {
      await eventually(async () => {
        const found = await records.countDocuments();
        if (found !== count) throw new Error(`${found} of ${count} records are stored`);
      });
    },
    stop: async () => {
      await http.close();
      await consumer.close();
      await streaming.close();
      await removing.close();
      await sealing.close();
      await connection.dropDatabase();
      await connection.close();
      await bus.close();
    },
  };
}

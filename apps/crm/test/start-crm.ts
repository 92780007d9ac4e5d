import type { ChangeEvent } from '@pipedesk/contracts';
import { createPublisher } from '@pipedesk/messaging';
import { connectMongo, type Connection, migrate } from '@pipedesk/mongo';
import { createAuthenticator, createLogger, createMetrics, listen } from '@pipedesk/service-kit';
import { type Claims, createTokenIssuer, eventually, given } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { createApp } from '../src/app.ts';
import type { ImportRunner } from '../src/imports/import.runner.ts';
import type { Worker } from '../src/jobs/worker.ts';
import { migrations } from '../src/migrations.ts';

/** What an answer had to say. */
export interface Answer {
  status: number;
  headers: Headers;
  /** Whatever JSON it was: tests look into answers of every shape. */
  body: ReturnType<typeof JSON.parse>;
}

/** Somebody who is logged in. */
export interface Client {
  claims: Required<Pick<Claims, 'tenantId' | 'userId'>> & Claims;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a CSV and waits for the end of its import. */
  import(type: 'companies' | 'deals', csv: string | Buffer, query?: string): Promise<Answer>;
}

export interface TestCrm {
  port: number;
  database: string;
  connection: Connection;
  importRunner: ImportRunner;
  mergeRunner: Worker;
  as(claims?: Claims): Client;
  tokenFor(claims: Claims): Promise<string>;
  /** The events that wait in a record's outbox. */
  eventsOf(collection: string, id: string): Promise<ChangeEvent[]>;
  stop(): Promise<void>;
}

const nowhere = 'http://127.0.0.1:1';

/**
 * The service on a database of its own. Without a broker's address it runs as it does while the broker is down: every
 * event waits in its record.
 */
export async function startCrm({
  amqpUrl = 'amqp://127.0.0.1:1',
  auditUrl = nowhere,
  authUrl = nowhere,
} = {}): Promise<TestCrm> {
  const log = createLogger('crm', 'silent');
  const database = `crm_test_${uuidv7()}`;
  const connection = await connectMongo({ uri: given('MONGODB_URI'), database, log });
  await migrate(connection, migrations, log);
  const { keys, issuer, audience, revocations, tokenFor } = createTokenIssuer();
  const publisher = createPublisher({ url: amqpUrl, service: 'crm', log });
  const { app, relay, importRunner, mergeRunner, conversionSweeper } = createApp({
    connection,
    publisher,
    authenticate: createAuthenticator({ keys, issuer, audience, revocations }),
    auditUrl,
    jwksUrl: `${authUrl}/.well-known/jwks.json`,
    log,
    metrics: createMetrics('crm'),
    trustedProxies: 'none',
    isShuttingDown: () => false,
  });
  const http = await listen(app, '127.0.0.1', 0);
  const url = `http://127.0.0.1:${http.port}`;
  return {
    port: http.port,
    database,
    connection,
    importRunner,
    mergeRunner,
    tokenFor,
    as: (claims = {}) => {
      const whole = { tenantId: uuidv7(), userId: uuidv7(), ...claims };
      return createClient(url, () => tokenFor(whole), whole);
    },
    eventsOf: async (collection, id) => {
      const db = connection.getClient().db(database);
      const found = await db
        .collection<{ _id: string; _outbox?: ChangeEvent[] }>(collection)
        .findOne({ _id: id });
      return found?._outbox ?? [];
    },
    stop: async () => {
      await http.close();
      await importRunner.close();
      await mergeRunner.close();
      await conversionSweeper.close();
      await relay.close();
      await publisher.close();
      await connection.dropDatabase();
      await connection.close();
    },
  };
}

function createClient(url: string, token: () => Promise<string>, claims: Client['claims']): Client {
  const send = async (method: string, path: string, init: RequestInit): Promise<Answer> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${await token()}`);
    const response = await fetch(url + path, { ...init, method, headers });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
  const call: Client['call'] = (method, path, body, headers = {}) =>
    send(method, path, {
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    claims,
    call,
    get: (path) => call('GET', path),
    post: (path, body, headers) => call('POST', path, body, headers),
    patch: (path, body, headers) => call('PATCH', path, body, headers),
    delete: (path, headers) => call('DELETE', path, undefined, headers),
    import: async (type, csv, query = '') => {
      const body = typeof csv === 'string' ? csv : new Uint8Array(csv);
      const accepted = await send('POST', `/imports?type=${type}${query}`, {
        headers: { 'content-type': 'text/csv' },
        body,
      });
      if (accepted.status !== 202) return accepted;
      return eventually(async () => {
        const answer = await call('GET', `/imports/${accepted.body.id}`);
        if (answer.body.status === 'running') throw new Error('the import is still running');
        return answer;
      }, 60_000);
    },
  };
}

/** Bodies that create one of each resource. */
export const bodies = {
  companies: { name: 'Acme Corporation', industry: 'medical', customFields: { region: 'Central' } },
  contacts: { name: 'Grace Hopper', title: 'Rear admiral', customFields: { region: 'Central' } },
  leads: { name: 'Grace Hopper', email: 'Grace@Example.com', source: 'web' },
  deals: { name: 'Forty seats', amount: { amount: 1_200_000, currency: 'USD' } },
} as const;
export type Resource = keyof typeof bodies;
export const resources = Object.keys(bodies) as Resource[];

export const entityTypeOf = {
  companies: 'company',
  contacts: 'contact',
  leads: 'lead',
  deals: 'deal',
} as const satisfies Record<Resource, string>;

export async function createDeal(client: Client): Promise<string> {
  return ((await client.post('/deals', bodies.deals)).body as { id: string }).id;
}

/** An id that belongs to nothing. */
export const nobodysId = () => uuidv7();

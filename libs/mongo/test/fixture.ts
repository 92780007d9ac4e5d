import type { ChangeEvent, Money } from '@pipedesk/contracts';
import type { TenantContext } from '@pipedesk/service-kit';
import { createLogger } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import {
  auditedIndexes,
  type AuditedRepository,
  connectMongo,
  type Connection,
  createAuditedRepository,
  createOutbox,
  type NewRecord,
  type Outbox,
  type RecordBase,
} from '../src/index.ts';

/** A record with every kind of value that the library has to carry. */
export interface Deal extends RecordBase {
  name: string;
  amount: Money | null;
  tags: string[];
  probability: number;
  dueAt: string | null;
  companyId: string | null;
  customFields: Record<string, string>;
  ownerId: string | null;
  teamId: string | null;
}

export const silent = createLogger('test', 'silent');

export function mongodbUri(): string {
  const uri = process.env.MONGODB_URI;
  if (!uri) throw new Error('MONGODB_URI is not set; run the tests with `npm test`');
  return uri;
}

/** A connection to a database of its own; `close` drops it. */
export async function openDatabase(uri = mongodbUri()): Promise<{
  connection: Connection;
  close: () => Promise<void>;
}> {
  const connection = await connectMongo({
    uri,
    database: `mongo_test_${uuidv7()}`,
    log: silent,
    poolSize: 20,
  });
  return {
    connection,
    close: async () => {
      await connection.dropDatabase();
      await connection.close();
    },
  };
}

export type DealRepository = AuditedRepository<Deal>;

export async function openDeals(
  connection: Connection,
  collection = 'deals',
): Promise<{ deals: DealRepository; outbox: Outbox }> {
  const outbox = createOutbox();
  const deals = createAuditedRepository<Deal>({
    connection,
    outbox,
    entityType: 'deal',
    collection,
    linksOf: ({ companyId }) => (companyId ? [{ entityType: 'company', entityId: companyId }] : []),
    derive: ({ name, id }) => ({ _sort: `${name}~${id}` }),
    fields: {
      _sort: String,
      name: { type: String, required: true },
      amount: { type: Object, default: null },
      tags: { type: [String], default: [] },
      probability: { type: Number, required: true, min: 0 },
      dueAt: { type: Date, default: null },
      companyId: { type: String, default: null },
      customFields: { type: Object, default: {} },
      ownerId: { type: String, default: null },
      teamId: { type: String, default: null },
    },
  });
  await stored(connection, collection).createIndexes([...auditedIndexes]);
  return { deals, outbox };
}

/** The documents themselves, past the repository. */
export function stored(connection: Connection, collection = 'deals') {
  return connection
    .getClient()
    .db(connection.name)
    .collection<{ _id: string; version: number; _outbox?: ChangeEvent[]; [field: string]: unknown }>(
      collection,
    );
}

export async function outboxOf(connection: Connection, id: string): Promise<ChangeEvent[]> {
  return (await stored(connection).findOne({ _id: id }))?._outbox ?? [];
}

/** Somebody of a tenant of their own. */
export function buildContext(overrides: Partial<TenantContext> = {}): TenantContext {
  const userId = uuidv7();
  return {
    tenantId: uuidv7(),
    subject: { userId, role: 'sales', teamId: null },
    actor: { type: 'user', id: userId, name: 'Ada', role: 'sales' },
    context: {
      ip: '192.0.2.7',
      userAgent: 'jest',
      requestId: 'request-1',
      apiKeyId: null,
      operationId: null,
      source: 'crm',
    },
    ...overrides,
  };
}

export function buildDeal(overrides: Partial<NewRecord<Deal>> = {}): NewRecord<Deal> {
  return {
    name: 'Acme - GTX Pro',
    amount: { amount: 482_100, currency: 'USD' },
    tags: ['new'],
    probability: 10,
    dueAt: null,
    companyId: null,
    customFields: { region: 'Central' },
    ownerId: null,
    teamId: null,
    ...overrides,
  };
}

/** The problem a call ends with; fails the test when it succeeds. */
export async function problemOf(
  call: Promise<unknown>,
): Promise<{ status?: number; code?: string; name: string }> {
  return call.then(
    () => {
      throw new Error('expected the call to fail');
    },
    (error: unknown) => error as { status?: number; code?: string; name: string },
  );
}

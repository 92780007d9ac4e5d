import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectMongo, type Connection, migrate } from '@pipedesk/mongo';
import { createLogger } from '@pipedesk/service-kit';
import { buildEvent, given } from '@pipedesk/testing';
import type { mongo } from 'mongoose';
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { type AuditLog, createAuditLogModels } from '../src/audit-logs/audit-log.model.ts';
import {
  conditionsOf,
  createIndexChooser,
  edgeOf,
  keyRange,
  type LogFilter,
  type LogRange,
} from '../src/audit-logs/audit-log.query.ts';
import { logOfEvent } from '../src/ingest/log-of-event.ts';
import { createLogStore } from '../src/ingest/log-store.ts';
import { migrations } from '../src/migrations.ts';

const [tenantId, userId, entityId] = [uuidv7(), uuidv7(), uuidv7()];

let connection: Connection;
beforeAll(async () => {
  const log = createLogger('audit', 'silent');
  const database = `audit_plans_${randomUUID().slice(0, 8)}`;
  connection = await connectMongo({ uri: given('MONGODB_URI'), database, log });
  await migrate(connection, migrations, log);
  // With a handful of records any plan is as good as another and planners sort: it takes some to see what scales.
  const store = createLogStore(createAuditLogModels(connection));
  for (let batch = 0; batch < 8; batch++) await store.insert(Array.from({ length: 500 }, buildLog));
});
afterAll(async () => {
  await connection.dropDatabase();
  await connection.close();
});

let built = 0;
function buildLog() {
  const time = new Date(Date.UTC(2026, 0, 1) + built++ * 1000).toISOString();
  const event = buildEvent({
    tenantId,
    entityId: built % 50 === 0 ? entityId : uuidv7(),
    entityType: built % 2 === 0 ? 'deal' : 'lead',
    version: built + 1,
    time,
    changes: [
      { field: 'stage', before: 'common', after: built % 400 === 0 ? 'rare' : 'usual' },
      ...(built % 400 === 0 ? [{ field: 'name', before: 'a', after: 'b' }] : []),
    ],
    actor: { id: built % 20 === 0 ? userId : uuidv7() },
    context: {
      operationId: `import-${built % 5}`,
      requestId: `request-${built % 100}`,
      ip: `10.0.0.${built % 9}`,
    },
  });
  return logOfEvent(event, new Date());
}

/** The index the service chooses, and its plan as text: MongoDB names its stages, DocumentDB its PostgreSQL nodes. */
async function planOf(filter: LogFilter, range: LogRange = {}): Promise<{ index: string; plan: string }> {
  const logs = connection.collection<AuditLog>('auditrecords') as unknown as mongo.Collection<AuditLog>;
  const { index } = await createIndexChooser(logs)(tenantId, filter);
  const newestFirst = logs
    .find({ ...conditionsOf(filter), tenantId, key: keyRange(range) }, { hint: index })
    .sort({ key: -1 })
    .limit(26);
  const { queryPlanner } = await newestFirst.explain('queryPlanner');
  return { index, plan: JSON.stringify(queryPlanner) };
}

const range = { from: '2026-01-01T00:05:00.000Z', to: '2026-01-01T00:50:00.000Z' };

describe('every documented query', () => {
  it.each<[string, string, LogFilter, LogRange?]>([
    ['the tenant', 'tenant_newest', {}],
    ['a range', 'tenant_newest', {}, range],
    ['an entity', 'tenant_entity', { entityType: 'deal', entityId }],
    ['a user', 'tenant_actor', { 'actor.id': userId }],
    ['an entity type', 'tenant_entity_type', { entityType: 'deal' }, range],
    ['an action', 'tenant_action', { action: 'updated' }],
    ['an operation', 'tenant_operation', { 'context.operationId': 'import-1' }],
    ['a request', 'tenant_request', { 'context.requestId': 'request-1' }],
    ['an address', 'tenant_ip', { 'context.ip': '10.0.0.1' }, range],
    ['a field that every change sets', 'tenant_newest', { fields: 'stage' }],
    ['a word that every change has', 'tenant_newest', { words: ['common'] }],
    ['a field that every change sets, by a user', 'tenant_actor', { fields: 'stage', 'actor.id': userId }],
    ['a user and an action', 'tenant_actor', { 'actor.id': userId, action: 'updated' }],
    ['a type and an action that is rare', 'tenant_action', { entityType: 'deal', action: 'restored' }],
    [
      'a type, an action and an address',
      'tenant_ip',
      { entityType: 'deal', action: 'updated', 'context.ip': '10.0.0.1' },
    ],
  ])('by %s walks %s in order, without sorting', async (_what, expected, filter, bounds = {}) => {
    const { index, plan } = await planOf(filter, bounds);
    expect(index).toBe(expected);
    expect(plan).toContain(expected);
    expect(plan).toMatch(/IXSCAN|"Index Scan"/);
    expect(plan).not.toMatch(/COLLSCAN|Seq Scan|"SORT"|"Sort"/);
  });

  it('counts what are many once, and what are few each time', async () => {
    const logs = connection.collection<AuditLog>('auditrecords') as unknown as mongo.Collection<AuditLog>;
    const counted: unknown[] = [];
    const chooseIndex = createIndexChooser({
      countDocuments: (query, options) => {
        counted.push(query);
        return logs.countDocuments(query, options);
      },
    });
    const ask = () => Promise.all(['stage', 'name'].map((field) => chooseIndex(tenantId, { fields: field })));
    const chosen = [{ index: 'tenant_newest' }, { index: 'tenant_field', sorted: 10 }];
    expect(await ask()).toEqual(chosen);
    expect(await ask()).toEqual(chosen);
    const [stage, name] = ['stage', 'name'].map((fields) => ({ tenantId, fields }));
    expect(counted).toEqual([stage, name, name]);
  });

  it.each<[string, string, LogFilter]>([
    ['an entity', 'tenant_entity', { entityType: 'deal', entityId }],
    ['a user', 'tenant_actor', { 'actor.id': userId }],
  ])('for the first and the last record of %s takes one step in %s', async (_what, expected, filter) => {
    const logs = connection.collection('auditrecords');
    for (const direction of [1, -1] as const) {
      const { query, options } = edgeOf(tenantId, filter, direction);
      const plan = JSON.stringify(await logs.find(query, options).limit(1).explain('queryPlanner'));
      expect(plan).toContain(expected);
      expect(plan).not.toMatch(/COLLSCAN|Seq Scan|"SORT"|"Sort"/);
    }
  });

  it('by records of a report takes them from tenant_entity', async () => {
    const logs = connection.collection('auditrecords');
    const some = {
      tenantId,
      entityId: { $in: [entityId, uuidv7()] },
      key: { $gte: range.from, $lt: range.to },
    };
    const section = await logs.find(some, { hint: 'tenant_entity' }).limit(2_001).explain('queryPlanner');
    const earlier = await logs
      .aggregate([{ $match: some }, { $group: { _id: '$entityId' } }], { hint: 'tenant_entity' })
      .explain('queryPlanner');
    for (const plan of [section, earlier].map((explained) => JSON.stringify(explained))) {
      expect(plan).toContain('tenant_entity');
      expect(plan).not.toMatch(/COLLSCAN|Seq Scan/);
    }
  });

  it.each<[string, string, LogFilter]>([
    ['a rare field', 'tenant_field', { fields: 'name' }],
    ['a timeline', 'tenant_place', { places: entityId }],
    ['a rare word', 'tenant_word', { words: ['rare'] }],
    ['a rare word beside a common one', 'tenant_word', { words: ['common', 'rare'] }],
    [
      'a rare field, by a user and of a type',
      'tenant_field',
      { fields: 'name', 'actor.id': userId, entityType: 'deal' },
    ],
    ['a rare word of a type', 'tenant_word', { words: ['rare'], entityType: 'deal' }],
  ])('by %s takes its few matches from %s', async (_what, expected, filter) => {
    const { index, plan } = await planOf(filter);
    expect(index).toBe(expected);
    expect(plan).toContain(expected);
    expect(plan).toMatch(/IXSCAN|"Index Scan"/);
    expect(plan).not.toMatch(/COLLSCAN|Seq Scan/);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectMongo, type Connection, migrate } from '@pipedesk/mongo';
import { createLogger } from '@pipedesk/service-kit';
import { buildEvent, given } from '@pipedesk/testing';
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { createAuditLogModels, keyRange, type LogRange } from '../src/audit-logs/audit-log.model.ts';
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
    version: built,
    time,
    changes: [{ field: built % 3 === 0 ? 'stage' : 'name', before: 'a', after: 'b' }],
    actor: { id: built % 20 === 0 ? userId : uuidv7() },
    context: {
      operationId: `import-${built % 5}`,
      requestId: `request-${built % 100}`,
      ip: `10.0.0.${built % 9}`,
    },
  });
  return logOfEvent(event, new Date());
}

/** The plan as text, whichever engine answers: MongoDB names its stages, DocumentDB its PostgreSQL nodes. */
async function planOf(filter: object, range: LogRange = {}): Promise<string> {
  const newestFirst = connection
    .collection('auditrecords')
    .find({ ...filter, tenantId, key: keyRange(range) })
    .sort({ key: -1 })
    .limit(26);
  const { queryPlanner } = await newestFirst.explain('queryPlanner');
  return JSON.stringify(queryPlanner);
}

const range = { from: '2026-01-01T00:05:00.000Z', to: '2026-01-01T00:50:00.000Z' };

describe('every documented query', () => {
  it.each<[string, object, LogRange?]>([
    ['the tenant', {}],
    ['a range', {}, range],
    ['an entity', { entityType: 'deal', entityId }],
    ['a user', { 'actor.id': userId }],
    ['an entity type', { entityType: 'deal' }, range],
    ['an action', { action: 'updated' }],
    ['a changed field', { fields: 'stage' }],
    ['an operation', { 'context.operationId': 'import-1' }],
    ['a request', { 'context.requestId': 'request-1' }],
    ['an address', { 'context.ip': '10.0.0.1' }, range],
    ['a timeline', { places: entityId }],
  ])('by %s walks an index in order, without sorting', async (_what, filter, bounds = {}) => {
    const plan = await planOf(filter, bounds);
    expect(plan).toMatch(/IXSCAN|"Index Scan"/);
    expect(plan).not.toMatch(/COLLSCAN|Seq Scan|"SORT"|"Sort"/);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Connection } from '@pipedesk/mongo';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { startAudit, type TestAudit } from './start-audit.ts';

const tenantId = uuidv7();
const events = Array.from({ length: 60 }, () => buildEvent({ tenantId }));

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
  await audit.bus.publish(...events);
  await audit.stored(events.length);
});
afterAll(() => audit.stop());

/** The plan as text, whichever engine answers: MongoDB names its stages, DocumentDB its PostgreSQL nodes. */
async function planOf(connection: Connection, filter: object): Promise<string> {
  const plan = await connection
    .collection('auditrecords')
    .find({ tenantId, ...filter })
    .sort({ key: -1 })
    .limit(26)
    .explain('queryPlanner');
  return JSON.stringify(plan.queryPlanner);
}

const range = { key: { $gte: '2026-01-01', $lt: '2027-01-01' } };

describe('every documented query', () => {
  it.each([
    ['the tenant', {}],
    ['a range', range],
    ['an entity', { entityType: 'deal', entityId: events[0]?.subject.split('/')[1] }],
    ['a user', { 'actor.id': events[0]?.data.actor.id }],
    ['an entity type', { entityType: 'deal', ...range }],
    ['an action', { action: 'updated' }],
    ['a changed field', { fields: 'stage' }],
    ['an operation', { 'context.operationId': 'import-1' }],
    ['a request', { 'context.requestId': 'request-1' }],
    ['an address', { 'context.ip': '203.0.113.9', ...range }],
    ['a timeline', { places: events[0]?.subject.split('/')[1] }],
  ])('by %s walks an index in order, without sorting', async (_what, filter) => {
    const plan = await planOf(audit.connection, filter);
    expect(plan).toMatch(/IXSCAN|Index Scan/);
    expect(plan).not.toMatch(/COLLSCAN|Seq Scan|"SORT"|"Sort"/);
  });
});

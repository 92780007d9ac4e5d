import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditRecordSchema, eventKey } from '@pipedesk/contracts';
import { buildEvent, eventually } from '@pipedesk/testing';
import { setTimeout } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { createAuditLogModels } from '../src/audit-logs/audit-log.model.ts';
import { logOfEvent } from '../src/ingest/log-of-event.ts';
import { createLogStore } from '../src/ingest/log-store.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

const tenantId = uuidv7();
const count = 2_500;
const evil = ['=cmd|calc', '+1', '-1', '@SUM(A1)', '\tx', '\uFF1D1', 'a "quoted", name\nof two lines'];
/** Sixteen records of every second: pieces begin and end among records of the same time. */
const events = Array.from({ length: count }, (_, n) =>
  buildEvent({
    tenantId,
    entityType: n % 5 === 0 ? 'lead' : 'deal',
    time: new Date(Date.UTC(2026, 2, 1) + Math.floor(n / 16) * 1000).toISOString(),
    actor: { name: evil[n % evil.length] ?? '' },
  }),
);

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
  const store = createLogStore(createAuditLogModels(audit.connection.useDb(audit.connection.name)));
  await store.insert([...events, buildEvent()].map((event) => logOfEvent(event, new Date())));
});
afterAll(() => audit.stop());

const admin = () => ({ tenantId, role: 'admin' as const, userId: uuidv7() });
const path = (query: string) => `/audit-logs/export?${query}&to=2026-04-01T00:00:00Z`;

async function linesOf(query: string): Promise<string[]> {
  const response = await audit.fetch(path(query), admin());
  expect(response.status).toBe(200);
  return (await response.text()).trimEnd().split('\n');
}
const idsOf = (lines: string[]) => lines.map((line) => (JSON.parse(line) as { id: string }).id);
const inOrder = (some: typeof events) =>
  some.toSorted((a, b) => (eventKey(a) < eventKey(b) ? -1 : 1)).map(({ id }) => id);

const accessesOf = (userId: string) =>
  audit.connection
    .collection('auditrecords')
    .find({ entityType: 'audit_access', 'actor.id': userId })
    .sort({ version: 1 })
    .toArray();

const largeCount = 4_000;

/** 40 MB: more than all the buffers between the service and a client that reads no further. */
async function tenantWithLargeRecords(): Promise<string> {
  const tenant = uuidv7();
  const store = createLogStore(createAuditLogModels(audit.connection.useDb(audit.connection.name)));
  const prose = 'x'.repeat(10_000);
  for (let stored = 0; stored < largeCount; stored += 500) {
    const some = Array.from({ length: 500 }, () =>
      buildEvent({ tenantId: tenant, after: { name: 'Large', prose } }),
    );
    await store.insert(some.map((event) => logOfEvent(event, new Date())));
  }
  return tenant;
}

describe('an export', () => {
  it('has every record of the tenant once, oldest first, as the lists show them', async () => {
    const lines = await linesOf('format=jsonl');
    expect(idsOf(lines)).toEqual(inOrder(events));
    expect(Object.keys(auditRecordSchema.strict().parse(JSON.parse(String(lines[0]))))).not.toContain(
      'tenantId',
    );
  });

  it('takes the filters of the list', async () => {
    const leads = events.filter(({ subject }) => subject.startsWith('lead/'));
    expect(idsOf(await linesOf('format=jsonl&entityType=lead'))).toEqual(inOrder(leads));
    const some = await linesOf('format=jsonl&from=2026-03-01T00:00:01Z&entityType=deal&text=forty%20seats');
    expect(some).toHaveLength(
      events.filter((event) => event.subject.startsWith('deal/') && event.time > '2026-03-01T00:00:01')
        .length,
    );
  });

  it('goes on behind the last record of one that broke off', async () => {
    const whole = idsOf(await linesOf('format=jsonl'));
    for (const at of [0, 999, 1000, 2400])
      expect(idsOf(await linesOf(`format=jsonl&after=${whole[at]}`))).toEqual(whole.slice(at + 1));
  });

  it('as CSV has a header, quotes every cell and holds no formula', async () => {
    const response = await audit.fetch(path('format=csv'), admin());
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="audit-logs.csv"');
    const text = await response.text();
    const rows = text.split('\r\n').slice(0, -1);
    expect(rows).toHaveLength(count + 1);
    expect(rows[0]).toMatch(/^"id","time",.*,"authority","rule","rulesVersion","grantsVersion"$/);
    expect(rows[1]).toMatch(/,"role","deals:edit\/own","0123456789ab",""$/);
    for (const name of evil.slice(0, 6)) expect(text).toContain(`,"'${name}",`);
    expect(text).toContain(',"a ""quoted"", name\nof two lines",');
    expect(text).not.toMatch(/"[=+\-@\t\uFF1D]/);
  });

  it('as CSV goes on without a second header', async () => {
    const whole = await linesOf('format=csv&entityType=lead');
    const third = String(whole.filter((line) => line.startsWith('"lead:'))[2]?.split('"')[1]);
    const [first] = await linesOf(`format=csv&entityType=lead&after=${third}`);
    expect(first).toMatch(/^"lead:/);
  });

  it('is on record before its first byte and with its end', async () => {
    const who = admin();
    await (await audit.fetch(path('format=jsonl&entityType=lead'), who)).text();
    const accesses = await eventually(async () => {
      const found = await accessesOf(who.userId);
      if (found.length < 2) throw new Error('the end is not on record');
      return found;
    });
    expect(accesses).toMatchObject([
      {
        version: 1,
        after: { kind: 'export', format: 'jsonl', query: { entityType: 'lead' }, status: 'started' },
      },
      { version: 2, after: { status: 'complete', records: count / 5 }, fields: ['records', 'status'] },
    ]);
  });

  it('is whole for a client that is slower than it', async () => {
    const tenant = await tenantWithLargeRecords();
    const response = await audit.fetch('/audit-logs/export?format=jsonl', { ...admin(), tenantId: tenant });
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body ?? []) {
      // Longer than it takes to make the next lines.
      if (chunks.push(chunk as Uint8Array) % 20 === 0) await setTimeout(2);
    }
    const lines = Buffer.concat(chunks).toString().trimEnd().split('\n');
    const records = lines.map((line) => auditRecordSchema.parse(JSON.parse(line)));
    const ids = records.filter(({ entityType }) => entityType !== 'audit_access').map(({ id }) => id);
    expect(ids).toHaveLength(largeCount);
    expect(new Set(ids).size).toBe(largeCount);
  });

  it('ends when its client leaves, and says so', async () => {
    const who = { ...admin(), tenantId: await tenantWithLargeRecords() };
    const leaving = new AbortController();
    const response = await audit.fetch('/audit-logs/export?format=jsonl', who, { signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    const end = await eventually(async () => {
      const [, found] = await accessesOf(who.userId);
      if (!found) throw new Error('the end is not on record');
      return found;
    });
    expect(end.after.status).toBe('aborted');
    expect(end.after.records).toBeLessThan(largeCount);
  });

  it.each([
    ['a manager', 'format=csv', 'manager', 403, 'permission_denied'],
    ['an unknown format', 'format=xml', 'admin', 400, 'invalid_request'],
    ['a limit', 'format=csv&limit=5', 'admin', 400, 'invalid_request'],
    ['a reversed range', 'format=csv&from=2026-05-01T00:00:00Z', 'admin', 400, 'invalid_request'],
    [
      'a record that is not there',
      `format=csv&after=deal:${uuidv7()}:1`,
      'admin',
      404,
      'audit_record_not_found',
    ],
  ] as const)('refuses %s', async (_what, query, role, status, code) => {
    expect(await audit.get(path(query), { ...admin(), role })).toMatchObject({ status, body: { code } });
  });

  it('refuses to go on behind a record of another tenant', async () => {
    const after = `after=${events[0]?.id}`;
    const answer = await audit.get(path(`format=csv&${after}`), { ...admin(), tenantId: uuidv7() });
    expect(answer).toMatchObject({ status: 404, body: { code: 'audit_record_not_found' } });
  });
});

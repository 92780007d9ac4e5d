import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChangeEvent } from '@pipedesk/contracts';
import { buildEvent, eventually } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { createAuditLogModels } from '../src/audit-logs/audit-log.model.ts';
import { logOfEvent } from '../src/ingest/log-of-event.ts';
import { createLogStore } from '../src/ingest/log-store.ts';
import { createReportReader } from '../src/reports/report-reader.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

const tenantId = uuidv7();
const [ann, bob] = [uuidv7(), uuidv7()];
const busy = uuidv7();
const start = Date.UTC(2026, 2, 1);
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();

/** One lead changes all the time while others come and go. */
const busyHistory = Array.from({ length: 46 }, (_, n) =>
  buildEvent({
    tenantId,
    entityType: 'lead',
    entityId: busy,
    version: n + 2,
    time: at(n),
    before: { name: 'Busy', step: n },
    after: { name: 'Busy', step: n + 1 },
    changes: [{ field: 'step', before: n, after: n + 1 }],
    actor: { id: bob, name: 'Bob' },
  }),
);
const deals = Array.from({ length: 14 }, (_, n) =>
  buildEvent({ tenantId, time: at(n * 3), actor: { id: ann, name: '=Ann' } }),
);
const late = buildEvent({ tenantId, time: '2026-05-01T00:00:00.000Z' });
const early = buildEvent({
  tenantId,
  entityType: 'lead',
  entityId: busy,
  version: 1,
  time: '2026-02-01T00:00:00.000Z',
});
const inRange = [...busyHistory, ...deals];

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
  const store = createLogStore(createAuditLogModels(audit.connection.useDb(audit.connection.name)));
  const all: ChangeEvent[] = [...inRange, late, early, buildEvent({ time: at(1) })];
  await store.insert(all.map((event) => logOfEvent(event, new Date())));
});
afterAll(() => audit.stop());

const range = 'from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z';
const admin = { tenantId, role: 'admin' as const };

type Line = Record<string, unknown> & { line: string };
async function report(query = '', claims: object = admin): Promise<Line[]> {
  const response = await audit.fetch(`/audit-logs/report?${range}&format=jsonl${query}`, claims);
  expect(response.status).toBe(200);
  const text = await response.text();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}
const changesOf = (lines: Line[]) => lines.filter(({ line }) => line === 'change');

describe('a change report', () => {
  it('has each change of the range once, those of an entity together and oldest first', async () => {
    const changes = changesOf(await report());
    expect(changes.map(({ id }) => id).sort()).toEqual(inRange.map(({ id }) => id).sort());
    const entities = changes.map(({ entityId }) => entityId);
    const sections = entities.filter((id, index) => id !== entities[index - 1]);
    expect(sections.length).toBe(new Set(sections).size);
    const steps = changes.filter(({ entityId }) => entityId === busy).map(({ version }) => version);
    expect(steps).toEqual(busyHistory.map(({ data }) => data.version));
  });

  it.each([
    ['pages of a few places', { places: 4, entities: 100, logs: 2_000, remembered: 20_000 }],
    ['a reader that forgets at once', { places: 3, entities: 2, logs: 2_000, remembered: 0 }],
    ['entities that are read in pieces', { places: 5, entities: 2, logs: 7, remembered: 3 }],
  ])('is the same with %s', async (_what, sizes) => {
    const { all } = createAuditLogModels(audit.connection.useDb(audit.connection.name, { useCache: false }));
    const span = { from: '2026-03-01', to: '2026-04-01' };
    const found: string[] = [];
    const order: string[] = [];
    for await (const logs of createReportReader({ all }, sizes).read(tenantId, {}, span)) {
      found.push(...logs.map(({ _id }) => _id));
      if (order.at(-1) !== logs[0]?.entityId) order.push(String(logs[0]?.entityId));
    }
    expect(found.toSorted()).toEqual(inRange.map(({ id }) => id).sort());
    expect(order).toHaveLength(15);
  });

  it('tells field by field what was before and after, who did it and from where', async () => {
    const [change] = changesOf(await report('&field=step'));
    expect(change).toMatchObject({
      entityType: 'lead',
      entityId: busy,
      version: 2,
      action: 'updated',
      actor: { id: bob, name: 'Bob', role: 'sales' },
      context: { ip: '198.51.100.7' },
      changes: [{ field: 'step', before: 0, after: 1 }],
    });
    const [created] = changesOf(await report(`&userId=${ann}`));
    expect(created?.changes).toContainEqual({ field: 'name', before: null, after: 'Forty seats' });
  });

  it('ends with counts by entity type, action, user and day', async () => {
    expect((await report()).at(-1)).toEqual({
      line: 'summary',
      records: 60,
      entities: 15,
      byEntityType: { deal: 14, lead: 46 },
      byAction: { created: 14, updated: 46 },
      byUser: { [ann]: { name: '=Ann', count: 14 }, [bob]: { name: 'Bob', count: 46 } },
      byDay: { '2026-03-01': 60 },
    });
    expect((await report(`&userId=${ann}`)).at(-1)).toMatchObject({ records: 14, entities: 14 });
    expect((await report('', { tenantId: uuidv7() })).at(-1)).toMatchObject({ records: 0, byUser: {} });
  });

  it('is a table without formulas as CSV', async () => {
    const text = await audit.text(`/audit-logs/report?${range}&format=csv&userId=${ann}`, admin);
    const lines = text.trimEnd().split('\r\n');
    expect(lines[0]).toMatch(/^"row","entityType","entityId","entityName","version","action","time"/);
    expect(lines[2]).toContain(`"filter userId","","${ann}"`);
    const names = lines.filter((line) => line.includes('"name","","Forty seats"'));
    expect(names).toHaveLength(14);
    expect(text).not.toContain('"=Ann"');
    expect(names[0]).toContain(`"'=Ann"`);
    expect(lines).toContainEqual(expect.stringMatching(/^"count",.*"entityType","","deal".*"14"$/));
  });

  it('is on record before it begins and when it has ended', async () => {
    const userId = uuidv7();
    await report('&entityType=deal', { ...admin, userId });
    await eventually(async () => {
      const found = await audit.connection
        .collection('auditrecords')
        .find({ entityType: 'audit_access', 'actor.id': userId })
        .sort({ version: 1 })
        .toArray();
      expect(found.map(({ after }) => after as unknown)).toMatchObject([
        { kind: 'report', status: 'started', query: { entityType: 'deal', from: at(0) } },
        { kind: 'report', status: 'complete', records: 14 },
      ]);
    });
  });

  it('is for admins who just proved who they are', async () => {
    const ask = (claims: object) => audit.get(`/audit-logs/report?${range}`, { tenantId, ...claims });
    expect((await ask({ role: 'manager' })).status).toBe(403);
    expect((await ask({ authenticatedAt: new Date(0) })).body.code).toBe('step_up_required');
  });

  it.each([
    ['no range', 'format=csv', 'invalid_request', 'from'],
    ['half a range', 'from=2026-03-01T00:00:00Z', 'invalid_request', 'to'],
    ['a reversed range', 'from=2026-04-01T00:00:00Z&to=2026-03-01T00:00:00Z', 'invalid_request', 'to'],
    ['a day instead of a time', 'from=2026-03-01&to=2026-04-01', 'invalid_request', 'from'],
    ['an unknown filter', `${range}&colour=red`, 'invalid_request', 'colour'],
    ['an unknown entity type', `${range}&entityType=spaceship`, 'invalid_request', 'entityType'],
    ['an unknown format', `${range}&format=pdf`, 'invalid_request', 'format'],
    [
      'a range too old',
      'from=2001-01-01T00:00:00Z&to=2026-03-01T00:00:00Z',
      'report_range_too_old',
      undefined,
    ],
    ['a future', 'from=9000-01-01T00:00:00Z&to=9001-01-01T00:00:00Z', 'report_range_not_begun', undefined],
  ])('is refused with %s', async (_what, query, code, field) => {
    const { status, body } = await audit.get(`/audit-logs/report?${query}`, admin);
    expect({ status, code: body.code }).toEqual({ status: 400, code });
    if (field) expect(JSON.stringify(body.errors)).toContain(field);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditHold, AuditRetention } from '@pipedesk/contracts';
import { eventually } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { startAudit, type TestAudit } from './start-audit.ts';

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
});
afterAll(() => audit.stop());

const path = '/audit-logs/retention';
const holdsPath = '/audit-logs/holds';
const someDays = { defaultDays: 365, rules: [{ entityType: 'audit_access', days: 30 }] };
const nobodys = '019b0000-0000-7000-8000-000000000000';
const hold = { reason: 'Case 4711' };

const put = (body: object, claims: object) => audit.send('PUT', path, body, claims);
const get = async (tenantId: string) => (await audit.get(path, { tenantId })).body as AuditRetention;

async function holdFor(tenantId: string, scope: object = {}): Promise<AuditHold> {
  const { status, body } = await audit.post(holdsPath, { ...hold, ...scope }, { tenantId });
  expect(status).toBe(201);
  return body as AuditHold;
}

/** What the trail has of one record: oldest first. */
async function trailOf(tenantId: string, entityType: string, entityId: string, count: number) {
  return eventually(async () => {
    const { body } = await audit.get(`/audit-logs/entity/${entityType}/${entityId}`, { tenantId });
    if (body.items?.length !== count) throw new Error('not yet');
    return (body.items as { action: string; actor: { name: string }; after: object | null }[]).reverse();
  });
}

describe('retention settings', () => {
  it('keep everything for ever until they are made', async () => {
    const tenantId = uuidv7();
    expect(await get(tenantId)).toEqual({
      id: null,
      version: 0,
      updatedAt: null,
      defaultDays: null,
      rules: [],
      neverRemoved: ['erasure', 'audit_removal', 'audit_hold', 'audit_retention'],
      holds: 0,
      state: 'none',
    });
  });

  it('are made, changed and read, and hold once the trail has sealed them; every change is on record', async () => {
    const tenantId = uuidv7();
    const claims = { tenantId, name: 'Ada Admin' };
    const made = (await put(someDays, claims)).body as AuditRetention;
    expect(made).toMatchObject({ ...someDays, version: 1, state: 'waiting' });
    const changed = { defaultDays: null, rules: [{ entityType: 'session', days: 90 }] };
    expect((await put(changed, claims)).body).toMatchObject({ ...changed, id: made.id, version: 2 });
    expect((await put(changed, claims)).body).toMatchObject({ version: 2 });
    const records = await trailOf(tenantId, 'audit_retention', String(made.id), 2);
    expect(records).toMatchObject([
      { action: 'created', actor: { name: 'Ada Admin' }, after: someDays },
      { action: 'updated', before: someDays, after: changed },
    ]);
    await audit.seal();
    expect(await get(tenantId)).toMatchObject({ ...changed, version: 2, state: 'in_force' });
  });

  it('of one tenant are none of another’s', async () => {
    const tenantId = uuidv7();
    await put(someDays, { tenantId });
    await holdFor(tenantId);
    expect(await get(uuidv7())).toMatchObject({ id: null, defaultDays: null, rules: [], holds: 0 });
    expect(await get(tenantId)).toMatchObject({ defaultDays: 365, holds: 1 });
  });

  it('are changed by whoever has read them last: others are told', async () => {
    const tenantId = uuidv7();
    const putIf = async (match: string, defaultDays: number) => {
      const response = await audit.fetch(
        path,
        { tenantId },
        {
          method: 'PUT',
          headers: { 'if-match': match, 'content-type': 'application/json' },
          body: JSON.stringify({ defaultDays, rules: [] }),
        },
      );
      return [response.status, response.headers.get('etag')];
    };
    expect(await putIf('"1"', 100)).toEqual([412, null]);
    expect(await putIf('"0"', 100)).toEqual([200, '"1"']);
    expect(await putIf('"0"', 200)).toEqual([412, null]);
    expect(await putIf('"1"', 200)).toEqual([200, '"2"']);
  });

  it('are one document a tenant, however many make the first at once', async () => {
    const tenantId = uuidv7();
    const answers = await Promise.all(
      [100, 200, 300, 400].map((defaultDays) => put({ defaultDays, rules: [] }, { tenantId })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const documents = audit.connection.collection('auditretentions');
    expect(await documents.countDocuments({ tenantId })).toBe(1);
    expect((await get(tenantId)).version).toBe(4);
  });

  const rule = (entityType: string, days: unknown) => ({
    defaultDays: null,
    rules: [{ entityType, days }],
  });
  it.each([
    ['too few days', { defaultDays: 29, rules: [] }, 400, 'defaultDays'],
    ['more than ten years', { defaultDays: 3_654, rules: [] }, 400, 'defaultDays'],
    ['half a day', { defaultDays: 30.5, rules: [] }, 400, 'defaultDays'],
    ['no default', { rules: [] }, 400, 'defaultDays'],
    ['no rules', { defaultDays: null }, 400, 'rules'],
    ['an unknown field', { defaultDays: null, rules: [], colour: 'red' }, 400, 'colour'],
    ['a rule of too few days', rule('deal', 29), 400, 'rules.0.days'],
    ['a rule of more than ten years', rule('deal', 3_654), 400, 'rules.0.days'],
    ['an unknown entity type', rule('invoice', 30), 400, 'rules.0.entityType'],
    [
      'two rules for a type',
      {
        defaultDays: null,
        rules: [rule('deal', 30), rule('lead', 30), rule('deal', null)].flatMap((one) => one.rules),
      },
      400,
      'rules.2.entityType',
    ],
    ['a rule for erasures', rule('erasure', 30), 422, 'rules.0.entityType'],
    ['a rule for removals', rule('audit_removal', 30), 422, 'rules.0.entityType'],
    ['a rule for holds', rule('audit_hold', null), 422, 'rules.0.entityType'],
    ['a rule for itself', rule('audit_retention', 3_653), 422, 'rules.0.entityType'],
  ])('are refused with %s, and nothing changes', async (_what, body, status, field) => {
    const tenantId = uuidv7();
    const answer = await put(body, { tenantId });
    expect(answer).toMatchObject({ status, body: { errors: [{ in: 'body', path: field }] } });
    if (status === 422) expect(answer.body.code).toBe('never_removed');
    expect(await get(tenantId)).toMatchObject({ version: 0, state: 'none' });
  });

  it.each([
    ['least', 30],
    ['most', 3_653],
  ])('take the %s days there can be', async (_what, days) => {
    const answer = await put({ defaultDays: days, rules: [{ entityType: 'deal', days }] }, {});
    expect(answer).toMatchObject({ status: 200, body: { defaultDays: days } });
  });
});

describe('a hold', () => {
  it('is made, listed in pages, read and lifted, and both are on record', async () => {
    const tenantId = uuidv7();
    const entityId = uuidv7();
    const all = await holdFor(tenantId);
    const type = await holdFor(tenantId, { entityType: 'deal' });
    const one = await holdFor(tenantId, { entityType: 'lead', entityId });
    expect(all).toMatchObject({ ...hold, entityType: null, entityId: null, version: 1 });
    expect(one).toMatchObject({ entityType: 'lead', entityId });
    const page = (await audit.get(`${holdsPath}?limit=2`, { tenantId })).body;
    expect(page.items).toEqual([one, type]);
    const rest = (await audit.get(`${holdsPath}?limit=2&cursor=${page.nextCursor}`, { tenantId })).body;
    expect(rest).toMatchObject({ items: [{ id: all.id }], nextCursor: null });
    expect((await audit.get(`${holdsPath}/${one.id}`, { tenantId })).body).toEqual(one);
    expect((await audit.send('DELETE', `${holdsPath}/${one.id}`, undefined, { tenantId })).status).toBe(204);
    expect((await audit.get(`${holdsPath}/${one.id}`, { tenantId })).body.code).toBe('audit_hold_not_found');
    expect((await get(tenantId)).holds).toBe(2);
    expect(await trailOf(tenantId, 'audit_hold', one.id, 2)).toMatchObject([
      { action: 'created', after: { ...hold, entityType: 'lead', entityId } },
      { action: 'deleted', before: { entityId }, after: null },
    ]);
  });

  it('is made once for an idempotency key, even when there may be no more', async () => {
    const tenantId = uuidv7();
    const claims = { tenantId, userId: uuidv7() };
    const first = (await audit.post(holdsPath, hold, claims, 'key-1')).body as AuditHold;
    await fillWithHolds(tenantId, 999);
    expect((await audit.post(holdsPath, hold, claims, 'key-1')).body).toEqual(first);
    expect((await audit.post(holdsPath, { reason: 'Other' }, claims, 'key-1')).body.code).toBe(
      'idempotency_key_reused',
    );
    expect((await audit.post(holdsPath, hold, claims)).body.code).toBe('too_many_holds');
    expect((await get(tenantId)).holds).toBe(1_000);
  });

  it.each([
    ['no reason', { reason: ' ' }, 'reason'],
    ['an unknown entity type', { ...hold, entityType: 'invoice' }, 'entityType'],
    ['an entity of no type', { ...hold, entityId: uuidv7() }, 'entityType'],
    ['an id that is none', { ...hold, entityType: 'deal', entityId: '4711' }, 'entityId'],
    ['an unknown field', { ...hold, until: '2030-01-01' }, 'until'],
  ])('is refused with %s', async (_what, body, field) => {
    expect(await audit.post(holdsPath, body)).toMatchObject({
      status: 400,
      body: { errors: [{ in: 'body', path: field }] },
    });
  });

  it('is never changed, and lifted only as it was read', async () => {
    const tenantId = uuidv7();
    const { id } = await holdFor(tenantId);
    expect((await audit.send('PATCH', `${holdsPath}/${id}`, hold, { tenantId })).status).toBe(405);
    const lift = (match: string) =>
      audit.fetch(
        `${holdsPath}/${id}`,
        { tenantId },
        {
          method: 'DELETE',
          headers: { 'if-match': match },
        },
      );
    expect((await lift('"2"')).status).toBe(412);
    expect((await lift('"1"')).status).toBe(204);
  });

  it('of another tenant is not there', async () => {
    const { id } = await holdFor(uuidv7());
    const ofOther = `${holdsPath}/${id}`;
    expect((await audit.get(ofOther)).status).toBe(404);
    expect((await audit.send('DELETE', ofOther)).status).toBe(404);
    expect((await audit.get(holdsPath)).body.items).toEqual([]);
  });
});

describe('retention', () => {
  const routes = [
    ['GET', path],
    ['PUT', path, someDays],
    ['POST', holdsPath, hold],
    ['GET', holdsPath],
    ['GET', `${holdsPath}/${nobodys}`],
    ['DELETE', `${holdsPath}/${nobodys}`],
  ] as const;

  async function ask([method, url, body]: readonly [string, string, object?], claims: object) {
    const init = { method, headers: { 'content-type': 'application/json' } };
    const response = await audit.fetch(url, claims, {
      ...init,
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, code: text === '' ? '' : (JSON.parse(text) as { code?: string }).code };
  }

  it.each(routes)('is for admins: %s %s', async (...route) => {
    for (const role of ['viewer', 'sales', 'manager'] as const)
      expect((await ask(route, { role })).status).toBe(403);
  });

  it.each(routes)('asks for a fresh proof of identity to change anything: %s %s', async (...route) => {
    const old = { authenticatedAt: new Date(0) };
    const { status, code } = await ask(route, old);
    if (route[0] === 'GET') expect(status).not.toBe(403);
    else expect([status, code]).toEqual([403, 'step_up_required']);
  });
});

/** By the driver itself, since holding a thousand times takes a while. */
async function fillWithHolds(tenantId: string, count: number): Promise<void> {
  const now = new Date();
  const base = { tenantId, version: 1, createdAt: now, updatedAt: now, deletedAt: null };
  const holds = audit.connection
    .getClient()
    .db(audit.connection.name)
    .collection<{ _id: string }>('auditholds');
  await holds.insertMany(
    Array.from({ length: count }, () => ({
      _id: uuidv7(),
      ...base,
      ...hold,
      entityType: null,
      entityId: null,
    })),
  );
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rulesVersion } from '@pipedesk/service-kit';
import {
  bodies,
  type Client,
  nobodysId,
  type Resource,
  resources,
  startCrm,
  type TestCrm,
} from './start-crm.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await startCrm();
});
afterAll(() => crm.stop());

interface Created {
  id: string;
  name: string;
  email?: string;
}

async function create(client: Client, resource: Resource, overrides = {}): Promise<Created> {
  const { status, body } = await client.post(`/${resource}`, { ...bodies[resource], ...overrides });
  expect(status).toBe(201);
  return body as Created;
}

describe.each(resources)('%s', (resource) => {
  it('are created, read, changed and deleted, and every step leaves its event', async () => {
    const ada = crm.as();
    const created = await create(ada, resource);
    expect(created).toMatchObject({ version: 1, ownerId: ada.claims.userId, teamId: null });
    expect((await ada.get(`/${resource}/${created.id}`)).body).toEqual(created);
    const changed = await ada.patch(`/${resource}/${created.id}`, { name: 'Renamed' });
    expect(changed.body).toMatchObject({ id: created.id, version: 2, name: 'Renamed' });
    expect(changed.headers.get('etag')).toBe('"2"');
    expect(await ada.delete(`/${resource}/${created.id}`)).toMatchObject({ status: 204, body: undefined });
    expect((await ada.get(`/${resource}/${created.id}`)).status).toBe(404);
    const events = await crm.eventsOf(resource, created.id);
    expect(events.map(({ data }) => [data.version, data.action])).toEqual([
      [1, 'created'],
      [2, 'updated'],
      [3, 'deleted'],
    ]);
    expect(events[1]?.data.changes).toEqual([{ field: 'name', before: created.name, after: 'Renamed' }]);
  });

  it('tell in their events who changed them, from where, in which request', async () => {
    const ada = crm.as({ name: 'Ada' });
    const { body } = await ada.post(`/${resource}`, bodies[resource], {
      'x-request-id': 'request-7',
      'user-agent': 'a browser',
    });
    const [event] = await crm.eventsOf(resource, body.id);
    expect(event?.data).toMatchObject({
      actor: { type: 'user', id: ada.claims.userId, name: 'Ada', role: 'admin' },
      context: { ip: '127.0.0.1', userAgent: 'a browser', requestId: 'request-7', source: 'crm' },
    });
    const permission = `${resource}:create`;
    expect(event?.data.context.authority).toEqual({
      source: 'role',
      rule: `${permission}/all`,
      permission,
      scope: 'all',
      rulesVersion,
    });
  });

  it('honour If-Match: 412 with both versions, and nothing changes', async () => {
    const ada = crm.as();
    const { id } = await create(ada, resource);
    await ada.patch(`/${resource}/${id}`, { name: 'Second' }, { 'if-match': '"1"' });
    const stale = await ada.patch(`/${resource}/${id}`, { name: 'Third' }, { 'if-match': '"1"' });
    expect(stale).toMatchObject({ status: 412, body: { expectedVersion: 1, currentVersion: 2 } });
    expect((await ada.delete(`/${resource}/${id}`, { 'if-match': '"1"' })).status).toBe(412);
    expect((await ada.get(`/${resource}/${id}`)).body).toMatchObject({ name: 'Second', version: 2 });
  });

  it('honour Idempotency-Key: one record, and 422 for another body', async () => {
    const ada = crm.as();
    const key = { 'idempotency-key': 'key-1' };
    const first = await ada.post(`/${resource}`, bodies[resource], key);
    expect((await ada.post(`/${resource}`, bodies[resource], key)).body).toEqual(first.body);
    const other = await ada.post(`/${resource}`, { ...bodies[resource], name: 'Other' }, key);
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect((await ada.get(`/${resource}`)).body.items).toHaveLength(1);
  });

  it('are invisible to another tenant: 404, whatever is tried', async () => {
    const { id } = await create(crm.as(), resource);
    const stranger = crm.as();
    const answers = [
      await stranger.get(`/${resource}/${id}`),
      await stranger.patch(`/${resource}/${id}`, { name: 'Mine' }),
      await stranger.delete(`/${resource}/${id}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect((await stranger.get(`/${resource}`)).body).toEqual({ items: [], nextCursor: null });
  });

  it('may be read, never written, by a viewer', async () => {
    const ada = crm.as();
    const { id } = await create(ada, resource);
    const viewer = crm.as({ tenantId: ada.claims.tenantId, role: 'viewer' });
    expect((await viewer.get(`/${resource}/${id}`)).status).toBe(200);
    const answers = [
      await viewer.post(`/${resource}`, bodies[resource]),
      await viewer.patch(`/${resource}/${id}`, { name: 'X' }),
      await viewer.delete(`/${resource}/${id}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect(await crm.eventsOf(resource, id)).toHaveLength(1);
  });

  it('may be changed by sales when they are their own, read when they are of their team', async () => {
    const { tenantId } = crm.as().claims;
    const sales = crm.as({ tenantId, role: 'sales', teamId: nobodysId() });
    const teammate = crm.as({ tenantId, role: 'sales', teamId: sales.claims.teamId ?? null });
    const outsider = crm.as({ tenantId, role: 'sales', teamId: nobodysId() });
    const { id } = await create(sales, resource);
    const path = `/${resource}/${id}`;
    expect((await sales.patch(path, { name: 'Own' })).status).toBe(200);
    expect((await teammate.patch(path, { name: 'Theirs' })).status).toBe(403);
    expect((await teammate.get(path)).status).toBe(200);
    expect((await outsider.get(path)).status).toBe(403);
    expect((await sales.delete(path)).status).toBe(403);
    const listed = [sales, teammate, outsider].map(
      async (who) => ((await who.get(`/${resource}`)).body as { items: unknown[] }).items.length,
    );
    expect(await Promise.all(listed)).toEqual([1, 1, 0]);
  });

  it('may be changed and deleted by the manager of their team only', async () => {
    const { tenantId } = crm.as().claims;
    const teamId = nobodysId();
    const { id } = await create(crm.as({ tenantId, role: 'sales', teamId }), resource);
    const stranger = crm.as({ tenantId, role: 'manager', teamId: nobodysId() });
    const manager = crm.as({ tenantId, role: 'manager', teamId });
    expect((await stranger.patch(`/${resource}/${id}`, { name: 'X' })).status).toBe(403);
    expect((await stranger.delete(`/${resource}/${id}`)).status).toBe(403);
    expect((await manager.patch(`/${resource}/${id}`, { name: 'X' })).status).toBe(200);
    expect((await manager.delete(`/${resource}/${id}`)).status).toBe(204);
  });

  it('are listed newest first, page by page, with a cursor that fits no other list', async () => {
    const ada = crm.as();
    for (const name of ['One', 'Two', 'Three']) await create(ada, resource, { name });
    const first = await ada.get(`/${resource}?limit=2`);
    expect(first.body.items).toMatchObject([{ name: 'Three' }, { name: 'Two' }]);
    const cursor = encodeURIComponent(first.body.nextCursor);
    const rest = await ada.get(`/${resource}?limit=2&cursor=${cursor}`);
    expect(rest.body).toMatchObject({ items: [{ name: 'One' }], nextCursor: null });
    const elsewhere = resources.find((other) => other !== resource);
    for (const path of [
      `/${elsewhere}?cursor=${cursor}`,
      `/${resource}?ownerId=${nobodysId()}&cursor=${cursor}`,
    ])
      expect(await ada.get(path)).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
    expect(await crm.as().get(`/${resource}?cursor=${cursor}`)).toMatchObject({ status: 400 });
  });

  it.each<[string, unknown, string]>([
    ['an unknown field', { nope: 1 }, 'nope'],
    ['a wrong type', { name: 5 }, 'name'],
    ['an empty name', { name: '  ' }, 'name'],
    ['a custom field with a bad name', { name: 'A', customFields: { 'a.b': 'x' } }, 'customFields.a.b'],
    ['text that no database can hold', { name: 'A\u0000' }, 'name'],
    ['half a character', { name: 'A', customFields: { a: '\ud800' } }, 'customFields.a'],
    ['a field only the service sets', { name: 'A', ownerId: nobodysId() }, 'ownerId'],
  ])('refuse %s with 400 and the field', async (_, body, path) => {
    for (const method of ['POST', 'PATCH']) {
      const target = method === 'POST' ? `/${resource}` : `/${resource}/${nobodysId()}`;
      const answer = await crm.as().call(method, target, body);
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(answer.body.errors).toContainEqual(expect.objectContaining({ in: 'body', path }));
    }
  });

  it('refuse an empty patch and an id that is none', async () => {
    const ada = crm.as();
    expect((await ada.patch(`/${resource}/${nobodysId()}`, {})).status).toBe(400);
    expect((await ada.get(`/${resource}/17`)).body.errors).toMatchObject([{ in: 'params', path: 'id' }]);
    expect((await ada.get(`/${resource}/${nobodysId()}`)).status).toBe(404);
  });
});

describe('list filters', () => {
  it('narrow companies by name and owner', async () => {
    const ada = crm.as();
    await create(ada, 'companies', { name: 'A' });
    const b = await create(ada, 'companies', { name: 'B' });
    expect((await ada.get('/companies?name=B')).body.items).toEqual([b]);
    expect((await ada.get(`/companies?ownerId=${ada.claims.userId}`)).body.items).toHaveLength(2);
    expect((await ada.get(`/companies?ownerId=${nobodysId()}`)).body.items).toEqual([]);
  });

  it('narrow leads by status, and refuse a status that is none', async () => {
    const ada = crm.as();
    await create(ada, 'leads');
    const working = await create(ada, 'leads', { status: 'working' });
    expect((await ada.get('/leads?status=working')).body.items).toEqual([working]);
    expect((await ada.get('/leads?status=asleep')).status).toBe(400);
    expect((await ada.get('/leads?colour=red')).body.errors).toMatchObject([{ in: 'query', path: 'colour' }]);
  });

  it('narrow deals by stage, company and external id', async () => {
    const ada = crm.as();
    const company = await create(ada, 'companies');
    const deal = await create(ada, 'deals', { stage: 'proposal', companyId: company.id, externalId: 'X-1' });
    await create(ada, 'deals');
    for (const filter of ['stage=proposal', `companyId=${company.id}`, 'externalId=X-1'])
      expect((await ada.get(`/deals?${filter}`)).body.items).toEqual([deal]);
  });

  it('never widen what the caller may see', async () => {
    const ada = crm.as();
    await create(ada, 'deals');
    const sales = crm.as({ tenantId: ada.claims.tenantId, role: 'sales' });
    expect((await sales.get(`/deals?ownerId=${ada.claims.userId}`)).body.items).toEqual([]);
  });
});

describe('leads', () => {
  it('keep mail addresses in lower case', async () => {
    expect((await create(crm.as(), 'leads')).email).toBe('grace@example.com');
  });
});

describe('the service', () => {
  it('answers 401 without a token on every route it has', async () => {
    const { paths } = (await (await fetch(`http://127.0.0.1:${crm.port}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => [method.toUpperCase(), path.replaceAll(/\{\w+\}/g, nobodysId())] as const,
      ),
    );
    expect(routes.length).toBeGreaterThan(25);
    for (const [method, path] of routes) {
      const { status } = await fetch(`http://127.0.0.1:${crm.port}${path}`, { method });
      expect([method, path, status]).toEqual([method, path, 401]);
    }
  });

  it('stays ready while the broker is down', async () => {
    const response = await fetch(`http://127.0.0.1:${crm.port}/health/ready`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok', checks: { database: 'ok' } });
  });
});

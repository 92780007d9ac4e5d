import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type DirectoryServer, startDirectoryServer } from './directory-server.ts';
import { bodies, type Client, nobodysId, resources, startCrm, type TestCrm } from './start-crm.ts';

let directory: DirectoryServer;
let crm: TestCrm;
beforeAll(async () => {
  directory = await startDirectoryServer();
  crm = await startCrm({ authUrl: directory.url });
});
afterEach(() => {
  directory.answerWith(undefined);
});
afterAll(async () => {
  await crm.stop();
  await directory.close();
});

/** A tenant with a team: its admin, its manager, somebody in sales, and a colleague of theirs who is in the directory. */
function tenant() {
  const [tenantId, teamId] = [uuidv7(), uuidv7()];
  return {
    tenantId,
    teamId,
    admin: crm.as({ tenantId, role: 'admin' }),
    manager: crm.as({ tenantId, teamId, role: 'manager' }),
    sales: crm.as({ tenantId, teamId, role: 'sales' }),
    colleague: directory.add({ tenantId, teamId }),
  };
}
async function make(client: Client, resource: (typeof resources)[number]): Promise<string> {
  return ((await client.post(`/${resource}`, bodies[resource])).body as { id: string }).id;
}

describe.each(resources)('%s', (resource) => {
  const assign = (client: Client, id: string, ownerId: string | null, headers = {}) =>
    client.post(`/${resource}/${id}/assign`, { ownerId }, headers);

  it('go to another user and into their team, by a change like all others', async () => {
    const { admin, sales } = tenant();
    const other = directory.add({ teamId: uuidv7() });
    const id = await make(sales, resource);
    const assigned = await assign(admin, id, other.id, { 'if-match': '"1"' });
    expect(assigned).toMatchObject({
      status: 200,
      body: { version: 2, ownerId: other.id, teamId: other.teamId },
    });
    expect(assigned.headers.get('etag')).toBe('"2"');
    const [, event] = await crm.eventsOf(resource, id);
    expect(event?.data).toMatchObject({
      action: 'updated',
      actor: { id: admin.claims.userId },
      changes: expect.arrayContaining([
        { field: 'ownerId', before: sales.claims.userId, after: other.id },
        { field: 'teamId', before: sales.claims.teamId, after: other.teamId },
      ]),
    });
    expect((await sales.get(`/${resource}/${id}`)).status).toBe(403);
  });

  it('go to nobody and stay with their team', async () => {
    const { manager, sales, teamId } = tenant();
    const id = await make(sales, resource);
    expect(await assign(manager, id, null)).toMatchObject({ status: 200, body: { ownerId: null, teamId } });
    expect((await sales.get(`/${resource}/${id}`)).status).toBe(200);
    expect((await sales.patch(`/${resource}/${id}`, { name: 'Mine?' })).status).toBe(403);
  });

  it('are given away by managers within their team only, and never by sales or viewers', async () => {
    const { tenantId, admin, manager, sales, colleague } = tenant();
    const stranger = directory.add({ tenantId, teamId: uuidv7() });
    const [own, elsewhere] = [await make(sales, resource), await make(admin, resource)];
    expect((await assign(manager, own, stranger.id)).status).toBe(403);
    expect((await assign(manager, elsewhere, colleague.id)).status).toBe(403);
    expect((await assign(sales, own, colleague.id)).status).toBe(403);
    expect((await assign(crm.as({ tenantId, role: 'viewer' }), own, colleague.id)).status).toBe(403);
    expect((await assign(manager, own, colleague.id)).status).toBe(200);
  });

  it('that are not there, not ours, or not what was read are not given away', async () => {
    const { admin, sales, colleague } = tenant();
    const id = await make(sales, resource);
    expect((await assign(admin, nobodysId(), colleague.id)).status).toBe(404);
    expect((await assign(tenant().admin, id, colleague.id)).status).toBe(404);
    expect((await assign(admin, id, colleague.id, { 'if-match': '"7"' })).status).toBe(412);
    expect((await admin.get(`/${resource}/${id}`)).body.version).toBe(1);
  });

  it.each([
    ['owner_not_found', () => uuidv7()],
    ['owner_disabled', () => directory.add({ status: 'disabled' }).id],
    ['owner_may_not_edit', () => directory.add({ role: 'viewer' }).id],
  ])('are not given to whom they are no use: 422 %s', async (code, someone) => {
    const { admin } = tenant();
    const id = await make(admin, resource);
    expect(await assign(admin, id, someone())).toMatchObject({
      status: 422,
      body: { code, errors: [{ in: 'body', path: 'ownerId' }] },
    });
  });

  it('wait for a directory that cannot tell, and hear its refusal', async () => {
    const { admin, colleague } = tenant();
    const id = await make(admin, resource);
    directory.answerWith(500);
    expect(await assign(admin, id, colleague.id)).toMatchObject({
      status: 503,
      body: { code: 'directory_unavailable' },
    });
    expect((await assign(admin, id, null)).status).toBe(200);
    directory.answerWith(403);
    expect(await assign(admin, id, colleague.id)).toMatchObject({
      status: 403,
      body: { permission: 'users:directory' },
    });
  });
});

describe('an owner', () => {
  it('is not of a lead that was converted', async () => {
    const { admin, colleague } = tenant();
    const id = await make(admin, 'leads');
    await admin.post(`/leads/${id}/convert`, {});
    const answer = await admin.post(`/leads/${id}/assign`, { ownerId: colleague.id });
    expect(answer).toMatchObject({ status: 409, body: { code: 'lead_converted' } });
  });

  it.each(['leads', 'deals'] as const)(
    'is given to many %s at once, each on record by itself',
    async (resource) => {
      const { admin, manager, sales, colleague } = tenant();
      const [own, elsewhere] = [await make(sales, resource), await make(admin, resource)];
      const body = { ids: [own, elsewhere], ownerId: colleague.id };
      const key = { 'idempotency-key': uuidv7() };
      const answer = await manager.post(`/${resource}/bulk-assign`, body, key);
      expect(answer).toMatchObject({
        status: 200,
        body: {
          items: [
            { id: own, outcome: 'changed', version: 2 },
            { id: elsewhere, outcome: 'refused', code: 'permission_denied' },
          ],
        },
      });
      expect((await manager.post(`/${resource}/bulk-assign`, body, key)).body).toEqual(answer.body);
      const [, event] = await crm.eventsOf(resource, own);
      expect(event?.data).toMatchObject({
        context: { operationId: answer.body.operationId },
        after: { ownerId: colleague.id },
      });
      expect((await sales.post(`/${resource}/bulk-assign`, body)).status).toBe(403);
    },
  );
});

describe('a lead of nobody', () => {
  async function pooled() {
    const made = tenant();
    const id = await make(made.sales, 'leads');
    await made.manager.post(`/leads/${id}/assign`, { ownerId: null });
    return { ...made, id };
  }
  const claim = (client: Client, id: string, headers = {}) =>
    client.call('POST', `/leads/${id}/claim`, undefined, headers);

  it('is claimed by whoever of its team comes first', async () => {
    const { tenantId, teamId, sales, id } = await pooled();
    const others = Array.from({ length: 4 }, () => crm.as({ tenantId, teamId, role: 'sales' }));
    const answers = await Promise.all([sales, ...others].map((client) => claim(client, id)));
    const withStatus = (wanted: number) => answers.filter(({ status }) => status === wanted);
    expect([withStatus(200).length, withStatus(409).length]).toEqual([1, 4]);
    const [[won], [lost]] = [withStatus(200), withStatus(409)];
    expect(lost?.body).toMatchObject({ code: 'lead_owned', ownerId: won?.body.ownerId });
    expect((await sales.get(`/leads/${id}`)).body).toMatchObject({ ownerId: won?.body.ownerId, version: 3 });
  });

  it('is found by whose it is', async () => {
    const { sales, id } = await pooled();
    await make(sales, 'leads');
    const { body } = await sales.get('/leads?ownerId=none');
    expect(body.items).toMatchObject([{ id }]);
  });

  it('is claimed once however often the request is repeated', async () => {
    const { sales, id } = await pooled();
    expect((await claim(sales, id)).body.version).toBe(3);
    expect((await claim(sales, id)).body.version).toBe(3);
  });

  it('is not for sales of other teams, viewers or other tenants', async () => {
    const { tenantId, id } = await pooled();
    expect((await claim(crm.as({ tenantId, teamId: uuidv7(), role: 'sales' }), id)).status).toBe(403);
    expect((await claim(crm.as({ tenantId, role: 'viewer' }), id)).status).toBe(403);
    expect((await claim(tenant().admin, id)).status).toBe(404);
  });
});

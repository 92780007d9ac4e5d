import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { crashIn } from './crash.ts';
import { bodies, type Client, nobodysId, startCrm, type TestCrm } from './start-crm.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await startCrm();
});
afterAll(() => crm.stop());

const patches = { leads: { source: 'A fair' }, deals: { product: 'Seats' } } as const;
const kinds = ['leads', 'deals'] as const;

async function make(client: Client, resource: 'leads' | 'deals', count: number): Promise<string[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, () => client.post(`/${resource}`, bodies[resource])),
  );
  return answers.map(({ body }) => body.id as string);
}

describe.each(kinds)('a bulk edit of %s', (resource) => {
  const path = `/${resource}/bulk`;
  const patch = patches[resource];

  it('changes each by itself under one operation, and says what became of it', async () => {
    const ada = crm.as();
    const ids = await make(ada, resource, 3);
    await ada.patch(`/${resource}/${ids[1]}`, patch);
    const { status, body } = await ada.post(path, { ids, patch });
    expect(status).toBe(200);
    expect(body.items).toEqual([
      { id: ids[0], outcome: 'changed', version: 2 },
      { id: ids[1], outcome: 'unchanged', version: 2 },
      { id: ids[2], outcome: 'changed', version: 2 },
    ]);
    for (const id of [ids[0], ids[2]]) {
      const [, event] = await crm.eventsOf(resource, id ?? '');
      expect(event?.data).toMatchObject({
        action: 'updated',
        context: { operationId: body.operationId },
        changes: [{ field: Object.keys(patch)[0], after: Object.values(patch)[0] }],
      });
    }
  });

  it("with an id of nobody's or of another tenant's changes nothing and names which: 404", async () => {
    const ada = crm.as();
    const [own = ''] = await make(ada, resource, 1);
    const [foreign = ''] = await make(crm.as(), resource, 1);
    for (const missing of [foreign, nobodysId()])
      expect(await ada.post(path, { ids: [own, missing], patch })).toMatchObject({
        status: 404,
        body: { code: 'records_not_found', ids: [missing] },
      });
    expect((await ada.get(`/${resource}/${own}`)).body.version).toBe(1);
  });

  it("refuses, each by itself, records out of a manager's team; sales and viewers may not at all", async () => {
    const [tenantId, teamId] = [uuidv7(), uuidv7()];
    const mate = crm.as({ tenantId, teamId, role: 'sales' });
    const [near = ''] = await make(mate, resource, 1);
    const [far = ''] = await make(crm.as({ tenantId, teamId: uuidv7() }), resource, 1);
    const boss = crm.as({ tenantId, teamId, role: 'manager' });
    expect((await boss.post(path, { ids: [far, near], patch })).body.items).toEqual([
      { id: far, outcome: 'refused', code: 'permission_denied' },
      { id: near, outcome: 'changed', version: 2 },
    ]);
    for (const role of ['sales', 'viewer'] as const)
      expect((await crm.as({ tenantId, teamId, role }).post(path, { ids: [near], patch })).status).toBe(403);
  });

  it('repeated with its key says the same and changes nothing again, even what others changed since', async () => {
    const ada = crm.as();
    const ids = await make(ada, resource, 2);
    const key = { 'idempotency-key': 'spring-fair' };
    const first = await ada.post(path, { ids, patch }, key);
    await ada.patch(`/${resource}/${ids[0]}`, { [Object.keys(patch)[0] ?? '']: 'Something else' });
    expect((await ada.post(path, { ids, patch }, key)).body).toEqual(first.body);
    expect((await ada.get(`/${resource}/${ids[0]}`)).body.version).toBe(3);
    expect(await ada.post(path, { ids: ids.slice(1), patch }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });

  it.each([
    [{ ids: [], patch }, 'ids'],
    [{ ids: Array.from({ length: 501 }, nobodysId), patch }, 'ids'],
    [{ ids: ['0198', '0198'], patch }, 'ids.0'],
    [{ ids: [nobodysId()], patch: {} }, 'patch'],
    [{ ids: [nobodysId()], patch: { ownerId: nobodysId() } }, 'patch.ownerId'],
  ])('is refused with 400 when it is malformed', async (body, where) => {
    expect(await crm.as().post(path, body)).toMatchObject({
      status: 400,
      body: { errors: expect.arrayContaining([expect.objectContaining({ path: where })]) },
    });
  });
});

describe('a bulk edit', () => {
  it('refuses in its row what the rules of the record refuse', async () => {
    const tenantId = uuidv7();
    const ada = crm.as({ tenantId });
    const { body: company } = await crm.as().post('/companies', bodies.companies);
    const ids = await make(ada, 'deals', 1);
    const { body } = await ada.post('/deals/bulk', { ids, patch: { companyId: company.id } });
    expect(body.items).toEqual([{ id: ids[0], outcome: 'refused', code: 'company_not_found' }]);
  });

  it('that a kill cut off goes on with the same key, under the same operation, and doubles nothing', async () => {
    const ada = crm.as();
    const ids = await make(ada, 'leads', 40);
    const request = { ids, patch: patches.leads };
    await crashIn(crm, ada, { act: 'bulk', request, key: 'cut-off', failpoints: 'bulk.after-change:21' });
    const versions = async () =>
      (await Promise.all(ids.map((id) => ada.get(`/leads/${id}`)))).map(({ body }) => body.version as number);
    const halfway = (await versions()).filter((version) => version === 2).length;
    expect(halfway).toBeGreaterThanOrEqual(21);
    expect(halfway).toBeLessThan(40);
    const { status, body } = await ada.post('/leads/bulk', request, { 'idempotency-key': 'cut-off' });
    expect(status).toBe(200);
    expect(await versions()).toEqual(ids.map(() => 2));
    for (const id of ids) {
      const events = await crm.eventsOf('leads', id);
      expect(events.map(({ data }) => data.context.operationId)).toEqual([null, body.operationId]);
    }
  }, 120_000);
});

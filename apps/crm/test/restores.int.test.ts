import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { type AuditServer, startAuditServer } from './audit-server.ts';
import { bodies, type Client, resources, startCrm, type TestCrm } from './start-crm.ts';

let audit: AuditServer;
let crm: TestCrm;
beforeAll(async () => {
  audit = await startAuditServer();
  crm = await startCrm({ auditUrl: audit.url });
});
afterEach(() => {
  audit.answerWith(undefined);
});
afterAll(async () => {
  await crm.stop();
  await audit.close();
});

/** A record with a second version, both known to audit. */
async function changed(ada: Client, resource: (typeof resources)[number], patch: object, body = {}) {
  const { body: created } = await ada.post(`/${resource}`, { ...bodies[resource], ...body });
  await ada.patch(`/${resource}/${created.id}`, patch);
  audit.store(await crm.eventsOf(resource, created.id));
  return created as { id: string } & Record<string, unknown>;
}
const restoreVersion = (ada: Client, resource: string, id: string, body: object, headers = {}) =>
  ada.post(`/${resource}/${id}/restore-version`, body, headers);

describe.each(resources)('%s', (resource) => {
  it('go back to an earlier version, by a change like all others that says so', async () => {
    const ada = crm.as();
    const first = await changed(ada, resource, { name: 'Wrong', customFields: { region: 'North' } });
    const restored = await restoreVersion(ada, resource, first.id, { version: 1 });
    expect(restored).toMatchObject({
      status: 200,
      body: { version: 3, name: first.name, customFields: first.customFields },
    });
    expect(restored.headers.get('etag')).toBe('"3"');
    const [, , event] = await crm.eventsOf(resource, first.id);
    expect(event?.data).toMatchObject({
      action: 'updated',
      actor: { id: ada.claims.userId },
      context: { restoredFrom: 1, source: 'crm' },
      changes: expect.arrayContaining([{ field: 'name', before: 'Wrong', after: first.name }]),
    });
  });

  it('give back single fields and leave the others', async () => {
    const ada = crm.as();
    const first = await changed(ada, resource, { name: 'Right', customFields: { region: 'North' } });
    const { body } = await restoreVersion(ada, resource, first.id, { version: 1, fields: ['customFields'] });
    expect(body).toMatchObject({ version: 3, name: 'Right', customFields: first.customFields });
  });

  it('come back after their deletion for whoever may delete them, with an event', async () => {
    const team = uuidv7();
    const sales = crm.as({ role: 'sales', teamId: team });
    const { body: created } = await sales.post(`/${resource}`, bodies[resource]);
    const boss = crm.as({ role: 'manager', teamId: team, tenantId: sales.claims.tenantId });
    await boss.delete(`/${resource}/${created.id}`);
    const path = `/${resource}/${created.id}/restore`;
    expect((await sales.post(path, {})).status).toBe(403);
    expect(
      (await crm.as({ role: 'manager', teamId: uuidv7(), tenantId: sales.claims.tenantId }).post(path, {}))
        .status,
    ).toBe(403);
    expect((await crm.as().post(path, {})).status).toBe(404);
    expect(await boss.post(path, {}, { 'if-match': '"1"' })).toMatchObject({ status: 412 });
    expect(await boss.post(path, {})).toMatchObject({
      status: 200,
      body: { ...created, version: 3, updatedAt: expect.any(String) },
    });
    expect((await boss.post(path, {})).status).toBe(409);
    expect((await sales.get(`/${resource}/${created.id}`)).status).toBe(200);
    const events = await crm.eventsOf(resource, created.id);
    expect(events.map(({ data }) => data.action)).toEqual(['created', 'deleted', 'restored']);
  });
});

describe('restoring a version', () => {
  it('is refused for what the caller may not edit, has changed meanwhile, or audit does not show', async () => {
    const ada = crm.as({ role: 'manager', teamId: uuidv7() });
    const { id } = await changed(ada, 'deals', { name: 'Wrong' });
    const body = { version: 1 };
    const stranger = crm.as({ role: 'sales', tenantId: ada.claims.tenantId });
    expect((await restoreVersion(stranger, 'deals', id, body)).status).toBe(403);
    expect((await restoreVersion(crm.as(), 'deals', id, body)).status).toBe(404);
    expect((await restoreVersion(ada, 'deals', id, body, { 'if-match': '"1"' })).body.code).toBe(
      'version_mismatch',
    );
    expect(await restoreVersion(ada, 'deals', id, { version: 9 })).toMatchObject({
      status: 404,
      body: { code: 'version_not_found' },
    });
    audit.answerWith(403);
    expect(await restoreVersion(ada, 'deals', id, body)).toMatchObject({
      status: 403,
      body: { permission: 'audit:read', rule: 'audit:read/own' },
    });
    audit.answerWith(500);
    expect(await restoreVersion(ada, 'deals', id, body)).toMatchObject({
      status: 503,
      body: { code: 'audit_unavailable' },
    });
    expect((await ada.get(`/deals/${id}`)).body).toMatchObject({ version: 2, name: 'Wrong' });
  });

  it('is refused with the name of every field that cannot be restored', async () => {
    const ada = crm.as();
    const { id } = await changed(ada, 'leads', { name: 'Wrong' }, { customFields: { token: 'x' } });
    const [created] = await crm.eventsOf('leads', id);
    if (!created) throw new Error('no event');
    const after = { ...created.data.after, email: 'no address', status: 'asleep' };
    audit.store([{ ...created, data: { ...created.data, after } }], { erased: ['after.phone'] });
    const whole = await restoreVersion(ada, 'leads', id, { version: 1 });
    expect(whole).toMatchObject({ status: 422, body: { code: 'version_not_restorable' } });
    const errors = whole.body.errors as { path: string }[];
    expect(errors.map(({ path }) => path).sort()).toEqual(['customFields', 'email', 'phone', 'status']);
    const odd = await restoreVersion(ada, 'leads', id, { version: 1, fields: ['ownerId', 'constructor'] });
    expect(odd.body.errors).toMatchObject([{ path: 'ownerId' }, { path: 'constructor' }]);
    expect((await restoreVersion(ada, 'leads', id, { version: 1, fields: ['name'] })).status).toBe(200);
    for (const body of [{}, { version: 0 }, { version: 1, fields: [] }, { version: 1, colour: 'red' }])
      expect((await restoreVersion(ada, 'leads', id, body)).status).toBe(400);
  });

  it('that is a deletion is refused, and so is one of a deleted record', async () => {
    const ada = crm.as();
    const { id } = await changed(ada, 'deals', { name: 'Wrong' });
    await ada.delete(`/deals/${id}`);
    expect((await restoreVersion(ada, 'deals', id, { version: 1 })).status).toBe(404);
    await ada.post(`/deals/${id}/restore`, {});
    audit.store(await crm.eventsOf('deals', id));
    expect(await restoreVersion(ada, 'deals', id, { version: 3 })).toMatchObject({
      status: 422,
      body: { code: 'version_is_deletion' },
    });
  });

  it('of a deal restores its stage with what follows from it, and a company that is gone is named', async () => {
    const ada = crm.as();
    const { body: company } = await ada.post('/companies', bodies.companies);
    const { body: deal } = await ada.post('/deals', {
      ...bodies.deals,
      companyId: company.id,
      stage: 'proposal',
    });
    await ada.post(`/deals/${deal.id}/stage`, { stage: 'won' });
    audit.store(await crm.eventsOf('deals', deal.id));
    const { body } = await restoreVersion(ada, 'deals', deal.id, { version: 1, fields: ['stage'] });
    expect(body).toMatchObject({ version: 3, stage: 'proposal', probability: 50, closedOn: null });
    await ada.patch(`/deals/${deal.id}`, { companyId: null });
    await ada.delete(`/companies/${company.id}`);
    expect(await restoreVersion(ada, 'deals', deal.id, { version: 1 })).toMatchObject({
      status: 422,
      body: { code: 'company_not_found' },
    });
  });
});

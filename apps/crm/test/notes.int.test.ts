import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  bodies,
  type Client,
  createDeal,
  entityTypeOf,
  nobodysId,
  resources,
  startCrm,
  type TestCrm,
} from './start-crm.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await startCrm();
});
afterAll(() => crm.stop());

async function writeNote(client: Client, entityId: string, text = 'Called back.', entityType = 'deal') {
  return client.post('/notes', { entityType, entityId, text });
}

describe('a note', () => {
  it.each(resources)('can be written on one of the %s, by name, and is listed there', async (resource) => {
    const ada = crm.as({ name: 'Ada' });
    const entityId = (await ada.post(`/${resource}`, bodies[resource])).body.id;
    const { status, body } = await writeNote(
      ada,
      entityId,
      'First line\nSecond line',
      entityTypeOf[resource],
    );
    expect(status).toBe(201);
    expect(body).toMatchObject({
      authorName: 'Ada',
      ownerId: ada.claims.userId,
      text: 'First line\nSecond line',
    });
    const listed = await ada.get(`/notes?entityType=${entityTypeOf[resource]}&entityId=${entityId}`);
    expect(listed.body.items).toEqual([body]);
    const [event] = await crm.eventsOf('notes', body.id);
    expect(event).toMatchObject({
      type: 'crm.note.created',
      data: { links: [{ entityType: entityTypeOf[resource], entityId }] },
    });
  });

  it('is changed and deleted by its author, with its events', async () => {
    const ada = crm.as();
    const { body: note } = await writeNote(ada, await createDeal(ada));
    expect((await ada.patch(`/notes/${note.id}`, { text: 'Better.' })).body).toMatchObject({ version: 2 });
    expect((await ada.delete(`/notes/${note.id}`, { 'if-match': '"2"' })).status).toBe(204);
    expect((await ada.get(`/notes/${note.id}`)).status).toBe(404);
    expect((await crm.eventsOf('notes', note.id)).map(({ type }) => type)).toEqual([
      'crm.note.created',
      'crm.note.updated',
      'crm.note.deleted',
    ]);
  });

  it('cannot be written on a record that is not there or not the writer’s to read: 422', async () => {
    const ada = crm.as();
    const foreign = await createDeal(crm.as());
    const sales = crm.as({ tenantId: ada.claims.tenantId, role: 'sales' });
    const attempts = [
      await writeNote(ada, nobodysId()),
      await writeNote(ada, foreign),
      await writeNote(sales, await createDeal(ada)),
    ];
    for (const attempt of attempts)
      expect(attempt).toMatchObject({
        status: 422,
        body: { code: 'deal_not_found', errors: [{ path: 'entityId' }] },
      });
  });

  it('is as visible as its record: who may not read the deal reads no note of it', async () => {
    const ada = crm.as();
    const dealId = await createDeal(ada);
    const { body: note } = await writeNote(ada, dealId);
    const sales = crm.as({ tenantId: ada.claims.tenantId, role: 'sales' });
    const stranger = crm.as();
    const paths = [
      `/notes/${note.id}`,
      `/notes?entityType=deal&entityId=${dealId}`,
      `/internal/activity/deal/${dealId}`,
    ];
    for (const path of paths) {
      expect((await sales.get(path)).status).toBe(403);
      expect((await stranger.get(path)).status).toBe(404);
    }
  });

  it('stays out of reach of an author who has lost its record', async () => {
    const { tenantId } = crm.as().claims;
    const teamId = nobodysId();
    const admin = crm.as({ tenantId, teamId });
    const userId = nobodysId();
    const sales = crm.as({ tenantId, userId, role: 'sales', teamId });
    const { body: note } = await writeNote(sales, await createDeal(admin));
    const moved = crm.as({ tenantId, userId, role: 'sales', teamId: nobodysId() });
    expect((await moved.patch(`/notes/${note.id}`, { text: 'X' })).status).toBe(403);
    expect((await moved.delete(`/notes/${note.id}`)).status).toBe(403);
    expect((await sales.patch(`/notes/${note.id}`, { text: 'X' })).status).toBe(200);
  });

  it("is not for others to change: a viewer's and a teammate's attempts are refused", async () => {
    const ada = crm.as({ teamId: nobodysId() });
    const { body: note } = await writeNote(ada, await createDeal(ada));
    const { tenantId, teamId = null } = ada.claims;
    for (const role of ['viewer', 'sales'] as const) {
      const other = crm.as({ tenantId, role, teamId });
      expect((await other.patch(`/notes/${note.id}`, { text: 'X' })).status).toBe(403);
      expect((await other.delete(`/notes/${note.id}`)).status).toBe(403);
    }
    const viewer = crm.as({ tenantId, role: 'viewer' });
    expect((await writeNote(viewer, await createDeal(ada))).status).toBe(403);
  });

  it.each([
    [{ entityType: 'deal', entityId: nobodysId(), text: '  \n ' }, 'text'],
    [{ entityType: 'deal', entityId: nobodysId(), text: 'x'.repeat(20_001) }, 'text'],
    [{ entityType: 'user', entityId: nobodysId(), text: 'x' }, 'entityType'],
    [{ entityType: 'deal', entityId: 'x', text: 'x' }, 'entityId'],
  ])('is refused with 400 when it is malformed', async (body, path) => {
    expect(await crm.as().post('/notes', body)).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });
});

describe('the activity feed', () => {
  it('gives the notes of a record as timeline items, newest first, and goes on before a key', async () => {
    const ada = crm.as({ name: 'Ada' });
    const dealId = await createDeal(ada);
    for (const text of ['one', 'two', 'three', 'four']) await writeNote(ada, dealId, text);
    await writeNote(ada, await createDeal(ada), 'elsewhere');
    const path = `/internal/activity/deal/${dealId}?limit=3`;
    const first = (await ada.get(path)).body.items;
    expect(first).toMatchObject([{ text: 'four' }, { text: 'three' }, { text: 'two' }]);
    expect(first[0]).toMatchObject({ kind: 'note', actor: { id: ada.claims.userId, name: 'Ada' } });
    const rest = (await ada.get(`${path}&before=${encodeURIComponent(first[2].key)}`)).body.items;
    expect(rest).toMatchObject([{ text: 'one' }]);
  });

  it('shows a note as it is now, and not at all once it is deleted', async () => {
    const ada = crm.as();
    const dealId = await createDeal(ada);
    const { body: note } = await writeNote(ada, dealId, 'first');
    await ada.patch(`/notes/${note.id}`, { text: 'second' });
    const path = `/internal/activity/deal/${dealId}`;
    expect((await ada.get(path)).body.items).toMatchObject([{ text: 'second', source: { version: 2 } }]);
    await ada.delete(`/notes/${note.id}`);
    expect((await ada.get(path)).body.items).toEqual([]);
  });
});

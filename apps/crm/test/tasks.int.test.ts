import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Task, taskSchema } from '@pipedesk/contracts';
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

const aboutDeal = async (client: Client) => ({ entityType: 'deal', entityId: await createDeal(client) });

async function createTask(client: Client, fields: object = {}): Promise<Task> {
  const { status, body } = await client.post('/tasks', { title: 'Call back', ...fields });
  expect(status).toBe(201);
  return taskSchema.parse(body);
}

async function idsAt(client: Client, query: string): Promise<string[]> {
  const { status, body } = await client.get(`/tasks?${query}`);
  expect(status).toBe(200);
  return (body.items as { id: string }[]).map(({ id }) => id);
}

describe('a task', () => {
  it.each(resources)('can be about one of the %s, and is listed there', async (resource) => {
    const ada = crm.as({ name: 'Ada' });
    const entityId = (await ada.post(`/${resource}`, bodies[resource])).body.id;
    const about = { entityType: entityTypeOf[resource], entityId };
    const task = await createTask(ada, about);
    expect(task).toMatchObject({
      ...about,
      description: null,
      dueAt: null,
      priority: 'normal',
      status: 'open',
      doneAt: null,
      authorName: 'Ada',
      ownerId: ada.claims.userId,
    });
    expect(await idsAt(ada, `entityType=${about.entityType}&entityId=${entityId}`)).toEqual([task.id]);
    const [event] = await crm.eventsOf('tasks', task.id);
    expect(event).toMatchObject({ type: 'crm.task.created', data: { links: [about] } });
  });

  it('can be about nothing', async () => {
    const ada = crm.as();
    const { id } = await createTask(ada);
    expect((await ada.get(`/tasks/${id}`)).body).toMatchObject({ entityType: null, entityId: null });
    expect((await crm.eventsOf('tasks', id))[0]?.data.links).toEqual([]);
  });

  it('knows since when it is done, until it is opened again', async () => {
    const ada = crm.as();
    const { id, createdAt } = await createTask(ada);
    const change = async (patch: object) => taskSchema.parse((await ada.patch(`/tasks/${id}`, patch)).body);
    const done = await change({ status: 'done' });
    expect((done.doneAt ?? '') >= createdAt).toBe(true);
    expect(await change({ status: 'done', priority: 'high' })).toMatchObject({ doneAt: done.doneAt });
    expect(await change({ status: 'open' })).toMatchObject({ status: 'open', doneAt: null });
    expect((await createTask(ada, { status: 'done' })).doneAt).not.toBeNull();
  });

  it('is told to both records when it is moved, and keeps its trail when it is deleted', async () => {
    const ada = crm.as();
    const [from, to] = [await aboutDeal(ada), await aboutDeal(ada)];
    const { id } = await createTask(ada, from);
    expect((await ada.patch(`/tasks/${id}`, to)).body).toMatchObject({ ...to, version: 2 });
    expect((await ada.patch(`/tasks/${id}`, { title: 'X' }, { 'if-match': '"1"' })).status).toBe(412);
    expect((await ada.delete(`/tasks/${id}`, { 'if-match': '"2"' })).status).toBe(204);
    expect((await ada.get(`/tasks/${id}`)).status).toBe(404);
    const events = await crm.eventsOf('tasks', id);
    expect(events.map(({ type }) => type)).toEqual([
      'crm.task.created',
      'crm.task.updated',
      'crm.task.deleted',
    ]);
    expect(events[1]?.data.links).toEqual(expect.arrayContaining([from, to]));
  });

  it('is created once for one idempotency key', async () => {
    const ada = crm.as();
    const create = () => ada.post('/tasks', { title: 'Once' }, { 'idempotency-key': 'once' });
    expect((await create()).body.id).toBe((await create()).body.id);
  });

  it('cannot be about a record that is not there or not the caller’s to read: 422', async () => {
    const ada = crm.as();
    const foreign = await aboutDeal(crm.as());
    const sales = crm.as({ tenantId: ada.claims.tenantId, role: 'sales' });
    const [own, unreadable] = [await createTask(sales), await aboutDeal(ada)];
    const refused = { status: 422, body: { code: 'deal_not_found', errors: [{ path: 'entityId' }] } };
    const unknown = { entityType: 'deal', entityId: nobodysId() };
    for (const about of [unknown, foreign])
      expect(await ada.post('/tasks', { title: 'X', ...about })).toMatchObject(refused);
    expect(await sales.patch(`/tasks/${own.id}`, unreadable)).toMatchObject(refused);
  });

  it.each([
    [{ title: ' ' }, 'title'],
    [{ title: 'x', dueAt: 'tomorrow' }, 'dueAt'],
    [{ title: 'x', priority: 'urgent' }, 'priority'],
    [{ title: 'x', status: 'doing' }, 'status'],
    [{ title: 'x', entityType: 'user', entityId: nobodysId() }, 'entityType'],
    [{ title: 'x', entityType: 'deal' }, 'entityId'],
    [{ title: 'x', entityType: null, entityId: nobodysId() }, 'entityId'],
    [{ title: 'x', doneAt: '2026-03-01T09:30:00.000Z' }, 'doneAt'],
  ])('is refused with 400 when it is malformed: %j', async (body, path) => {
    expect(await crm.as().post('/tasks', body)).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });

  it.each([{ entityType: null }, { entityId: nobodysId() }, {}])(
    'is not half moved, nor changed by nothing: %j',
    async (patch) => {
      const ada = crm.as();
      const { id } = await createTask(ada, await aboutDeal(ada));
      expect((await ada.patch(`/tasks/${id}`, patch)).status).toBe(400);
    },
  );
});

describe('who may', () => {
  it('read a task: by scope, or with the record that it is about', async () => {
    const admin = crm.as({ teamId: nobodysId() });
    const { tenantId, teamId = null } = admin.claims;
    const about = await aboutDeal(admin);
    const elsewhere = crm.as({ tenantId, teamId: nobodysId() });
    const [onDeal, alone] = [await createTask(elsewhere, about), await createTask(elsewhere)];
    const onRecord = `entityType=deal&entityId=${about.entityId}`;
    const teammate = crm.as({ tenantId, role: 'sales', teamId });
    expect((await teammate.get(`/tasks/${onDeal.id}`)).status).toBe(200);
    expect(await idsAt(teammate, onRecord)).toEqual([onDeal.id]);
    expect((await teammate.get(`/tasks/${alone.id}`)).body).toMatchObject({ permission: 'tasks:read' });
    expect(await idsAt(teammate, '')).toEqual([]);
    const sales = crm.as({ tenantId, role: 'sales', teamId: nobodysId() });
    for (const path of [`/tasks/${onDeal.id}`, `/tasks?${onRecord}`])
      expect((await sales.get(path)).status).toBe(403);
    expect((await crm.as().get(`/tasks?${onRecord}`)).status).toBe(404);
    expect(await idsAt(crm.as({ tenantId, role: 'viewer' }), '')).toEqual([alone.id, onDeal.id]);
  });

  it('change one: its owner, the manager of the team, admins', async () => {
    const teamId = nobodysId();
    const sales = crm.as({ role: 'sales', teamId });
    const { tenantId } = sales.claims;
    const { id } = await createTask(sales);
    const answers = await Promise.all(
      [
        crm.as({ tenantId, role: 'viewer', teamId }),
        crm.as({ tenantId, role: 'sales', teamId }),
        crm.as({ tenantId, role: 'manager', teamId: nobodysId() }),
        sales,
        crm.as({ tenantId, role: 'manager', teamId }),
        crm.as({ tenantId }),
      ].map((client) => client.patch(`/tasks/${id}`, { priority: 'low' })),
    );
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 200, 200, 200]);
    const viewer = crm.as({ tenantId, role: 'viewer', teamId });
    expect((await viewer.delete(`/tasks/${id}`)).status).toBe(403);
    expect((await viewer.post('/tasks', { title: 'X' })).status).toBe(403);
  });
});

describe('a list of tasks', () => {
  it('is filtered by status, owner and when they are due, page by page', async () => {
    const ada = crm.as();
    const bob = crm.as({ tenantId: ada.claims.tenantId });
    const early = await createTask(ada, { dueAt: '2026-03-01T10:00:00+02:00' });
    const late = await createTask(ada, { dueAt: '2026-03-01T08:00:00.001Z', status: 'done' });
    const never = await createTask(bob);
    expect(early.dueAt).toBe('2026-03-01T08:00:00.000Z');
    expect(await idsAt(ada, 'status=open')).toEqual([never.id, early.id]);
    expect(await idsAt(ada, `ownerId=${bob.claims.userId}`)).toEqual([never.id]);
    expect(await idsAt(ada, 'dueBefore=2026-03-01T08:00:00.001Z')).toEqual([early.id]);
    expect(await idsAt(ada, 'dueBefore=2026-03-02T00:00:00Z&status=done')).toEqual([late.id]);
    const { body } = await ada.get('/tasks?limit=2');
    expect(await idsAt(ada, `limit=2&cursor=${body.nextCursor}`)).toEqual([early.id]);
  });

  it.each(['entityType=deal', `entityId=${nobodysId()}`, 'status=doing', 'dueBefore=soon'])(
    'is refused with 400 for %s',
    async (query) => {
      expect((await crm.as().get(`/tasks?${query}`)).status).toBe(400);
    },
  );
});

describe('the activity feed', () => {
  it('has notes and tasks as one, newest first, each as it is now, and goes on before a key', async () => {
    const ada = crm.as({ name: 'Ada' });
    const about = await aboutDeal(ada);
    const first = await createTask(ada, { ...about, title: 'one' });
    await ada.post('/notes', { ...about, text: 'two' });
    const dropped = await createTask(ada, about);
    await createTask(ada, { ...about, title: 'three', description: 'By phone' });
    await ada.patch(`/tasks/${first.id}`, { status: 'done' });
    await ada.delete(`/tasks/${dropped.id}`);
    const path = `/internal/activity/deal/${about.entityId}?limit=2`;
    const { items } = (await ada.get(path)).body;
    expect(items).toMatchObject([
      { kind: 'task', title: 'three', text: 'By phone', actor: { id: ada.claims.userId, name: 'Ada' } },
      { kind: 'note', text: 'two' },
    ]);
    const rest = (await ada.get(`${path}&before=${encodeURIComponent(items[1].key)}`)).body.items;
    expect(rest).toMatchObject([
      { title: 'one', at: first.createdAt, source: { version: 2 }, task: { status: 'done' } },
    ]);
  });
});

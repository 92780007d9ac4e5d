import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connectMongo, createOutbox } from '@pipedesk/mongo';
import { createLogger } from '@pipedesk/service-kit';
import { eventually, given } from '@pipedesk/testing';
import { createContactRepository, type ContactRepository } from '../src/contacts/contact.model.ts';
import { createMergeRunner } from '../src/merges/merge.runner.ts';
import { createMergeStore } from '../src/merges/merge.store.ts';
import { createMergeWorker } from '../src/merges/merge.worker.ts';
import {
  createMoveReferences,
  dealReference,
  noteReference,
  taskReference,
} from '../src/merges/contact-references.ts';
import { createDealRepository } from '../src/deals/deal.model.ts';
import { createNoteRepository } from '../src/notes/note.model.ts';
import { createTaskRepository } from '../src/tasks/task.model.ts';
import { type Client, nobodysId, startCrm, type TestCrm } from './start-crm.ts';

const log = createLogger('crm', 'silent');
let crm: TestCrm;
beforeAll(async () => {
  crm = await startCrm();
});
afterAll(() => crm.stop());

async function create(client: Client, fields = {}): Promise<string> {
  const { body } = await client.post('/contacts', { name: 'Grace Hopper', ...fields });
  return body.id as string;
}
const merge = (client: Client, id: string, ids: string[], rest = {}, headers = {}) =>
  client.post(`/contacts/${id}/merge`, { ids, ...rest }, headers);

/** Two contacts, the second with a note, a task and a deal. */
async function createPair(ada: Client) {
  const survivor = await create(ada, { emails: [{ address: 'a@x.example' }] });
  const other = await create(ada, { title: 'Admiral', emails: [{ address: 'b@x.example' }] });
  const about = { entityType: 'contact', entityId: other };
  const { body: note } = await ada.post('/notes', { ...about, text: 'Called.' });
  const { body: task } = await ada.post('/tasks', { ...about, title: 'Call back' });
  const { body: deal } = await ada.post('/deals', { name: 'Seats', contactIds: [survivor, other] });
  const ids = { noteId: note.id, taskId: task.id, dealId: deal.id } as Record<
    'noteId' | 'taskId' | 'dealId',
    string
  >;
  return { survivor, other, ...ids };
}

/** Nothing half done: values, references, tombstone, and all of it by one operation. */
async function expectMerged(ada: Client, pair: Awaited<ReturnType<typeof createPair>>, operationId: string) {
  const { survivor, other, noteId, taskId, dealId } = pair;
  expect((await ada.get(`/contacts/${survivor}`)).body).toMatchObject({
    title: 'Admiral',
    emails: [
      { address: 'a@x.example', primary: true },
      { address: 'b@x.example', primary: false },
    ],
    mergedInto: null,
  });
  expect(await ada.get(`/contacts/${other}`)).toMatchObject({ status: 404, body: { mergedInto: survivor } });
  expect((await ada.get(`/notes?entityType=contact&entityId=${survivor}`)).body.items).toMatchObject([
    { id: noteId, entityId: survivor },
  ]);
  expect((await ada.get(`/tasks/${taskId}`)).body).toMatchObject({ entityId: survivor });
  expect((await ada.get(`/deals/${dealId}`)).body.contactIds).toEqual([survivor]);
  const steps = await Promise.all([
    crm.eventsOf('contacts', survivor),
    crm.eventsOf('contacts', other),
    crm.eventsOf('notes', noteId),
    crm.eventsOf('tasks', taskId),
    crm.eventsOf('deals', dealId),
  ]);
  expect(steps.map((events) => events.map(({ data }) => data.action))).toEqual([
    ['created', 'updated'],
    ['created', 'updated', 'deleted'],
    ['created', 'updated'],
    ['created', 'updated'],
    ['created', 'updated'],
  ]);
  for (const { data } of steps.flatMap((events) => events.slice(1)))
    expect(data.context).toMatchObject({
      operationId,
      authority: { permission: 'contacts:merge' },
    });
}

describe('a merge', () => {
  it('gives the survivor the values and all that referred to the others, under one operation', async () => {
    const ada = crm.as();
    const pair = await createPair(ada);
    const { status, body } = await merge(ada, pair.survivor, [pair.other]);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: pair.survivor,
      version: 2,
      merge: { status: 'done', merged: [pair.other], moved: { notes: 1, deals: 1, tasks: 1 } },
    });
    await expectMerged(ada, pair, body.merge.operationId);
  });

  it('is the same merge when it is asked for again, at once or later', async () => {
    const ada = crm.as();
    const pair = await createPair(ada);
    const answers = await Promise.all([1, 2, 3].map(() => merge(ada, pair.survivor, [pair.other])));
    const done = answers.filter(({ status }) => status === 200);
    expect(done.length).toBeGreaterThan(0);
    for (const { status, body } of answers)
      expect(status === 200 || ['contact_being_merged', 'contact_not_found'].includes(body.code)).toBe(true);
    const again = await merge(ada, pair.survivor, [pair.other], {}, { 'if-match': '"1"' });
    expect(again).toMatchObject({ status: 200, body: { merge: { status: 'done', merged: [pair.other] } } });
    for (const { body } of done) expect(body.merge.operationId).toBe(again.body.merge.operationId);
    await expectMerged(ada, pair, again.body.merge.operationId);
  });

  it('takes the values it is given instead of those it would find', async () => {
    const ada = crm.as();
    const [one, two, three] = [await create(ada), await create(ada, { title: 'A' }), await create(ada)];
    const fields = { name: 'G. Hopper', title: null, phones: [{ number: '555' }] };
    const { body } = await merge(ada, one, [three, two], { fields });
    expect(body).toMatchObject({ name: 'G. Hopper', title: null, phones: [{ number: '555' }] });
    expect((body.merge.merged as string[]).toSorted()).toEqual([two, three].toSorted());
  });

  it('can be undone for a contact, and made again', async () => {
    const ada = crm.as();
    const { survivor, other } = await createPair(ada);
    const { body: first } = await merge(ada, survivor, [other]);
    const restored = await ada.post(`/contacts/${other}/restore`, {});
    expect(restored).toMatchObject({ status: 200, body: { title: 'Admiral', mergedInto: null } });
    const { body: second } = await merge(ada, survivor, [other]);
    expect(second.merge).toMatchObject({
      status: 'done',
      merged: [other],
      moved: { notes: 0, deals: 0, tasks: 0 },
    });
    expect(second.merge.operationId).not.toBe(first.merge.operationId);
  });
});

describe('a merge is refused', () => {
  it('with itself, too many, twice the same, none', async () => {
    const ada = crm.as();
    const id = await create(ada);
    expect(await merge(ada, id, [nobodysId(), id])).toMatchObject({
      status: 422,
      body: { code: 'contact_merged_with_itself', errors: [{ path: 'ids.1' }] },
    });
    const same = nobodysId();
    for (const ids of [[], [same, same], [nobodysId(), nobodysId(), nobodysId()], ['x']])
      expect(await merge(ada, id, ids)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    for (const fields of [{ ownerId: same }, { emails: 'x' }, { companyId: 'x' }])
      expect((await merge(ada, id, [same], { fields })).status).toBe(400);
  });

  it('with what is foreign, deleted or unknown', async () => {
    const ada = crm.as();
    const [id, deleted, foreign] = [await create(ada), await create(ada), await create(crm.as())];
    await ada.delete(`/contacts/${deleted}`);
    for (const other of [deleted, foreign, nobodysId()]) {
      expect(await merge(ada, id, [other])).toMatchObject({
        status: 422,
        body: { code: 'contact_not_found', errors: [{ path: 'ids.0' }] },
      });
      expect((await merge(ada, other, [id])).status).toBe(404);
    }
    expect(await merge(ada, id, [await create(ada)], { fields: { companyId: nobodysId() } })).toMatchObject({
      status: 422,
      body: { code: 'company_not_found' },
    });
    expect((await ada.get(`/contacts/${id}`)).body.version).toBe(1);
  });

  it('to who may not merge one of them, and of an older version', async () => {
    const teamId = nobodysId();
    const manager = crm.as({ role: 'manager', teamId });
    const { tenantId } = manager.claims;
    const own = await create(manager);
    const others = await create(crm.as({ tenantId, role: 'sales', teamId: nobodysId() }));
    expect(await merge(manager, own, [others])).toMatchObject({
      status: 403,
      body: { permission: 'contacts:merge', contactId: others },
    });
    expect((await merge(manager, others, [own])).status).toBe(403);
    const sales = crm.as({ tenantId, role: 'sales', teamId });
    expect((await merge(sales, own, [await create(sales)])).status).toBe(403);
    const stale = await merge(manager, own, [await create(manager)], {}, { 'if-match': '"7"' });
    expect(stale).toMatchObject({ status: 412, body: { currentVersion: 1 } });
  });
});

describe('a merge that is interrupted', () => {
  /** Closes what a test has opened, newest first. */
  const open: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  const merges = () => crm.connection.getClient().db(crm.database).collection('contactmerges');
  const expireLeases = () => merges().updateMany({}, { $set: { leasedUntil: new Date(0) } });

  /** A worker of its own, on repositories that `around` may break. */
  async function startWorker(
    around: (contacts: ContactRepository) => Partial<ContactRepository> = () => ({}),
  ) {
    const connection = await connectMongo({ uri: given('MONGODB_URI'), database: crm.database, log });
    open.push(() => connection.close());
    const store = { connection, outbox: createOutbox() };
    const contacts = createContactRepository(store);
    const mergeStore = createMergeStore(connection);
    const carryOut = createMergeWorker({
      merges: mergeStore,
      contacts: { ...contacts, ...around(contacts) },
      references: {
        notes: createMoveReferences(createNoteRepository(store), noteReference),
        deals: createMoveReferences(createDealRepository(store), dealReference),
        tasks: createMoveReferences(createTaskRepository(store), taskReference),
      },
    });
    return { carryOut, mergeStore };
  }

  async function startRunner(): Promise<void> {
    const { carryOut, mergeStore } = await startWorker();
    const runner = createMergeRunner({ merges: mergeStore, carryOut, log, lookEvery: 50 });
    open.push(runner.close);
  }

  /** Accepts a merge whose first worker dies at its n-th write of a contact, before or after the write. */
  async function interrupt(
    ada: Client,
    pair: Awaited<ReturnType<typeof createPair>>,
    at: number,
    isAfter: boolean,
  ) {
    let writes = 0;
    const dying =
      <Args extends unknown[], R>(write: (...args: Args) => Promise<R>) =>
      async (...args: Args): Promise<R> => {
        const isLast = ++writes === at;
        if (isLast && !isAfter) throw new Error('killed');
        const result = await write(...args);
        if (isLast) throw new Error('killed');
        return result;
      };
    const { carryOut, mergeStore } = await startWorker(({ change, remove }) => ({
      change: dying(change),
      remove: dying(remove),
    }));
    const _id = nobodysId();
    const [event] = await crm.eventsOf('contacts', pair.survivor);
    if (!event) throw new Error('no event');
    const { tenantId, userId } = ada.claims;
    await mergeStore.accept({
      _id,
      tenantId,
      context: {
        tenantId,
        subject: { userId, role: 'admin', teamId: null },
        actor: event.data.actor,
        context: {
          ...event.data.context,
          operationId: _id,
          authority: {
            source: 'role',
            rule: 'contacts:merge/all',
            permission: 'contacts:merge',
            scope: 'all',
            rulesVersion: 'test',
          },
        },
      },
      survivorId: pair.survivor,
      ids: [pair.other],
      fields: {},
    });
    const stored = await mergeStore.read(_id);
    if (!stored) throw new Error('no merge');
    await expect(carryOut(stored)).rejects.toThrow('killed');
    return _id;
  }

  const deaths = [1, 2, 3].flatMap((at) => [[at, false] as const, [at, true] as const]);

  it.each(deaths)('at its write %i, done: %s, is carried on by the service', async (at, isAfter) => {
    await crm.mergeRunner.close();
    const ada = crm.as();
    const pair = await createPair(ada);
    const operationId = await interrupt(ada, pair, at, isAfter);
    expect((await ada.post(`/contacts/${pair.other}/restore`, {})).status).toBe(409);
    const elsewhere = await merge(ada, pair.survivor, [await create(ada)]);
    expect(elsewhere).toMatchObject({ status: 409, body: { code: 'contact_being_merged' } });
    await expireLeases();
    await startRunner();
    await eventually(async () =>
      expect(await merges().findOne({ _id: operationId as never })).toMatchObject({ status: 'done' }),
    );
    await expectMerged(ada, pair, operationId);
    expect((await merge(ada, pair.survivor, [pair.other])).body.merge).toMatchObject({
      operationId,
      status: 'done',
    });
  });

  it('moves what was written on a merged contact by a request that began before', async () => {
    const ada = crm.as();
    const pair = await createPair(ada);
    const { body } = await merge(ada, pair.survivor, [pair.other]);
    const db = crm.connection.getClient().db(crm.database);
    await db
      .collection('deals')
      .updateOne({ _id: pair.dealId as never }, { $set: { contactIds: [pair.other] } });
    await expireLeases();
    await startRunner();
    await eventually(async () =>
      expect(await merges().findOne({ _id: body.merge.operationId as never })).toMatchObject({
        settled: true,
      }),
    );
    expect((await ada.get(`/deals/${pair.dealId}`)).body.contactIds).toEqual([pair.survivor]);
  });
});

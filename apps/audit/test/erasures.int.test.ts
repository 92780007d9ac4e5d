import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@pipedesk/service-kit';
import type { AuditVerdict, ChangeEvent, Erasure } from '@pipedesk/contracts';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { checkExport } from '../src/seals/format/export-file.ts';
import { createEraser } from '../src/erasures/eraser.ts';
import { createErasureStore } from '../src/erasures/erasure.store.ts';
import { buildLeadEvent, lineByLine, sealingOf } from './sealed-trail.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
});
afterAll(() => audit.stop());

const reason = 'Request of the person';
const records = () => audit.connection.collection<{ _id: string }>('auditrecords');

async function keep(tenantId: string, events: ReturnType<typeof buildEvent>[]) {
  await audit.bus.publish(...events);
  while ((await records().countDocuments({ tenantId })) < events.length);
  await audit.seal();
}

async function erase(tenantId: string, body: object, key?: string) {
  const { status, body: erasure } = await audit.post(
    '/audit-logs/erasures',
    { reason, ...body },
    { tenantId },
    key,
  );
  expect(status).toBe(202);
  await audit.seal();
  await audit.seal();
  return (await audit.get(`/audit-logs/erasures/${erasure.id}`, { tenantId })).body as Erasure;
}

const rawOf = async (tenantId: string) => JSON.stringify(await records().find({ tenantId }).toArray());
const verify = async (tenantId: string) =>
  (await audit.get('/audit-logs/verify', { tenantId })).body as AuditVerdict;
const idOf = (event: { subject: string }) => String(event.subject.split('/')[1]);

/** Erases, and dies when it has emptied the records of this segment and is about to note it. */
function dyingEraser(segment: number) {
  const sealing = sealingOf(audit);
  const store = createErasureStore(audit.connection, audit.keySecret);
  const advance: typeof store.advance = (erasure, progress) =>
    progress.segment === segment ? Promise.reject(new Error('killed')) : store.advance(erasure, progress);
  return createEraser({
    ...sealing,
    erasures: { ...store, advance },
    record: () => Promise.resolve(),
    tell: () => Promise.resolve(),
    clock: () => new Date(),
    log: createLogger('audit', 'silent'),
  });
}

describe('an erasure', () => {
  it('takes all of a lead’s values and salts, and the trail still verifies, online and offline', async () => {
    const tenantId = uuidv7();
    const lead = buildLeadEvent(tenantId);
    await keep(tenantId, [lead, buildEvent({ tenantId, after: { name: 'Another', ownerId: null } })]);
    const done = await erase(tenantId, { entity: { entityType: 'lead', entityId: idOf(lead) } });
    expect(done).toMatchObject({ status: 'done', records: 1, texts: 0 });
    const raw = await rawOf(tenantId);
    for (const gone of ['Ann Lee', 'lee.example', 'Annie']) expect(raw).not.toContain(gone);
    expect(raw).toContain('Another');
    const stored = await records().findOne({ _id: lead.id });
    expect(stored).toMatchObject({ payloadHash: null, after: { name: null, status: 'working' } });
    expect(stored).not.toHaveProperty('salt');
    expect(await verify(tenantId)).toMatchObject({ valid: true, complete: true, records: 4, unsealed: 0 });
    const { keys } = (await audit.getWithoutToken('/audit-logs/keys')).body;
    const lines = (await audit.text('/audit-logs/export/sealed', { tenantId })).split('\n');
    expect(await checkExport(lineByLine(lines), { trusted: keys })).toMatchObject({ flaws: [], records: 4 });
    const { body } = await audit.get(`/audit-logs/${lead.id}`, { tenantId });
    expect(body.erased).toContain('after.email');
    expect((await audit.get(`/audit-logs/${lead.id}/proof`, { tenantId })).status).toBe(200);
  });

  it('tells timelines what is left of each event, before it is done, and audit’s own queue nothing', async () => {
    const tenantId = uuidv7();
    const lead = buildLeadEvent(tenantId);
    const [other, user] = [buildEvent({ tenantId }), buildEvent({ tenantId, entityType: 'user' })];
    await keep(tenantId, [lead, other, user]);
    await audit.bus.purge('timeline.events');
    const { id } = await erase(tenantId, { texts: ['Ann Lee', 'Sam Sales'] });
    const told = await audit.bus.take('timeline.events', 2);
    const events = told.map(({ content }) => JSON.parse(content) as ChangeEvent);
    expect(new Set(events.map((event) => event.id))).toEqual(new Set([lead.id, other.id]));
    for (const event of events) expect(event.erasureid).toBe(id);
    const left = events.find((event) => event.id === lead.id);
    expect(left?.data.after).toMatchObject({ name: null, status: 'working' });
    expect(JSON.stringify(told)).not.toMatch(/Ann Lee|Sam Sales/);
    expect(await audit.bus.depth('audit.events')).toBe(0);
    expect(await audit.bus.depth('audit.events.dead')).toBe(0);
  });

  it('waits until timelines can be told', async () => {
    const tenantId = uuidv7();
    const lead = buildLeadEvent(tenantId);
    await keep(tenantId, [lead]);
    await audit.bus.unbind('timeline.events', 'pipedesk.erased', '');
    const { id } = (await audit.post('/audit-logs/erasures', { reason, texts: ['Ann Lee'] }, { tenantId }))
      .body;
    await expect(audit.seal()).rejects.toThrow('no queue takes');
    const read = () => audit.get(`/audit-logs/erasures/${id}`, { tenantId });
    expect((await read()).body).toMatchObject({ status: 'running', records: 0 });
    await audit.bus.bind('timeline.events', 'pipedesk.erased', '');
    await audit.bus.purge('timeline.events');
    await audit.seal();
    expect((await read()).body).toMatchObject({ status: 'done', records: 1 });
    expect(await audit.bus.take('timeline.events', 1)).toHaveLength(1);
  });

  it('is not believed when it comes by the bus', async () => {
    const forged = { ...buildEvent(), erasureid: uuidv7() };
    await audit.bus.purge('audit.events.dead');
    await audit.bus.publish(forged);
    const [letter] = await audit.bus.take('audit.events.dead', 1);
    expect(letter?.headers['x-pipedesk-reason']).toBe(
      'what an erasure has left of an event is not for audit',
    );
  });

  it('takes name, address and browser of a user from everything the user did', async () => {
    const [tenantId, userId] = [uuidv7(), uuidv7()];
    const deed = () =>
      buildEvent({
        tenantId,
        actor: { id: userId, name: 'Udo Unique' },
        context: { ip: '203.0.113.77', userAgent: 'Odd/1' },
      });
    await keep(tenantId, [deed(), deed(), buildEvent({ tenantId })]);
    const done = await erase(tenantId, { entity: { entityType: 'user', entityId: userId } });
    expect(done).toMatchObject({ status: 'done', records: 2 });
    const raw = await rawOf(tenantId);
    for (const gone of ['Udo Unique', '203.0.113.77', 'Odd/1']) expect(raw).not.toContain(gone);
    expect(raw).toContain('Sam Sales');
    const list = await audit.get(`/audit-logs/user/${userId}`, { tenantId });
    expect(list.body.items[0]).toMatchObject({ actor: { name: '[erased]' }, context: { ip: null } });
    expect((await verify(tenantId)).valid).toBe(true);
  });

  it('finds values by text wherever they stand, in any case, and takes no others', async () => {
    const tenantId = uuidv7();
    const note = buildEvent({
      tenantId,
      entityType: 'note',
      after: { body: 'Met ANN LEE today', subject: 'Lunch' },
    });
    await keep(tenantId, [buildLeadEvent(tenantId), note]);
    await erase(tenantId, { texts: ['Ann Lee', 'old@LEE.example'] });
    const raw = await rawOf(tenantId);
    for (const gone of ['Ann Lee', 'ANN LEE', 'old@lee.example']) expect(raw).not.toContain(gone);
    for (const kept of ['ann@lee.example', 'Lunch', 'Annie']) expect(raw).toContain(kept);
    expect((await verify(tenantId)).valid).toBe(true);
    await erase(tenantId, { texts: ['ann@lee.example'] });
    expect(await rawOf(tenantId)).not.toContain('ann@lee.example');
    expect((await verify(tenantId)).valid).toBe(true);
  });

  it('is on record itself, with reason and result, and without what it erased', async () => {
    const tenantId = uuidv7();
    await keep(tenantId, [buildLeadEvent(tenantId)]);
    const { id, records: count } = await erase(tenantId, { texts: ['Ann Lee'] });
    const { body } = await audit.get(`/audit-logs/entity/erasure/${id}`, { tenantId });
    expect(body.items).toMatchObject([
      { action: 'updated', after: { status: 'done', reason, records: count } },
      { action: 'created', after: { status: 'running' } },
    ]);
    const everything = await audit.connection.collection('auditerasures').find({ tenantId }).toArray();
    expect(JSON.stringify([body, everything]).toLowerCase()).not.toContain('ann lee');
  });

  it('is the same one for a repeat under the same key', async () => {
    const tenantId = uuidv7();
    const actor = { tenantId, userId: uuidv7() };
    await keep(tenantId, [buildLeadEvent(tenantId)]);
    const ask = (texts: string[]) => audit.post('/audit-logs/erasures', { reason, texts }, actor, 'key-1');
    const [first, again] = [await ask(['Ann Lee']), await ask(['Ann Lee'])];
    expect(again.body.id).toBe(first.body.id);
    expect(await ask(['Bob Lee'])).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    await audit.seal();
    const second = await erase(tenantId, { texts: ['Ann Lee'] });
    expect(second).toMatchObject({ status: 'done', records: 0, values: 0 });
    expect((await verify(tenantId)).valid).toBe(true);
  });

  it('goes on where it was interrupted, and accounts for all of it', async () => {
    const tenantId = uuidv7();
    for (let segment = 1; segment <= 3; segment++) {
      await audit.bus.publish(buildLeadEvent(tenantId));
      while ((await records().countDocuments({ tenantId })) < segment);
      await audit.seal();
    }
    // Another replica works: this service's own round must not be faster than the one that dies.
    const leases = audit.connection.collection<{ _id: string; holder: string; until: Date }>('auditleases');
    const taken = { holder: 'another replica', until: new Date(Date.now() + 60_000) };
    await leases.updateOne({ _id: 'sealer' }, { $set: taken }, { upsert: true });
    const { body } = await audit.post('/audit-logs/erasures', { reason, texts: ['Ann Lee'] }, { tenantId });
    await expect(dyingEraser(2).runAll()).rejects.toThrow('killed');
    const left = await audit.connection.collection('auditerasures').findOne({ tenantId });
    expect(left).toMatchObject({ segment: 1, records: 1, finishedAt: null });
    await leases.deleteOne({ _id: 'sealer' });
    await audit.seal();
    const done = await audit.get(`/audit-logs/erasures/${body.id}`, { tenantId });
    expect(done.body).toMatchObject({ status: 'done', records: 3 });
    expect(await rawOf(tenantId)).not.toContain('Ann Lee');
    await audit.seal();
    expect((await verify(tenantId)).valid).toBe(true);
  });

  it('does not hide one that nobody asked for', async () => {
    const tenantId = uuidv7();
    const [one, two] = [buildLeadEvent(tenantId), buildLeadEvent(tenantId)];
    await keep(tenantId, [one, two]);
    const untouched = await records().findOne({ _id: two.id });
    await erase(tenantId, { texts: ['Ann Lee'] });
    const emptied = await records().findOne({ _id: two.id });
    await records().replaceOne({ _id: two.id }, untouched as object);
    expect((await verify(tenantId)).first).toMatchObject({ kind: 'erasure_unaccounted' });
    await records().replaceOne({ _id: two.id }, emptied as object);
    expect((await verify(tenantId)).valid).toBe(true);
    const foreign = JSON.parse(JSON.stringify(emptied).replaceAll(/"by":"[^"]+"/g, `"by":"${uuidv7()}"`)) as {
      erased: object;
    };
    await records().updateOne({ _id: two.id }, { $set: { erased: foreign.erased } });
    expect((await verify(tenantId)).flaws[0]).toMatchObject({ kind: 'erasure_unaccounted' });
  });

  it('lets a late repeat of the event in as one, without its values', async () => {
    const tenantId = uuidv7();
    const lead = buildLeadEvent(tenantId);
    await keep(tenantId, [lead]);
    await erase(tenantId, { texts: ['Ann Lee'] });
    await audit.bus.publish(lead, buildEvent({ tenantId }));
    while ((await records().countDocuments({ tenantId })) < 4);
    expect(await audit.bus.depth('audit.events.dead')).toBe(0);
    expect(await rawOf(tenantId)).not.toContain('Ann Lee');
  });

  it.each([
    ['no reason', { reason: undefined, texts: ['Ann Lee'] }],
    ['neither a record nor a text', {}],
    ['a text that would match almost anything', { texts: ['an'] }],
    ['an unknown entity type', { entity: { entityType: 'spaceship', entityId: uuidv7() } }],
  ])('is refused with %s', async (_what, body) => {
    expect((await audit.post('/audit-logs/erasures', { reason, ...body })).status).toBe(400);
  });

  it('is for admins who just proved who they are, and unknown to other tenants', async () => {
    const ask = (claims: object) =>
      audit.post('/audit-logs/erasures', { reason, texts: ['Ann Lee'] }, claims);
    expect((await ask({ role: 'manager' })).status).toBe(403);
    expect((await ask({ authenticatedAt: new Date(0) })).body.code).toBe('step_up_required');
    const { body } = await ask({});
    expect((await audit.get(`/audit-logs/erasures/${body.id}`)).status).toBe(404);
  });
});

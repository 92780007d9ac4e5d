import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditStream } from '@pipedesk/contracts';
import { buildEvent, eventually } from '@pipedesk/testing';
import { mkdtemp, readFile, rename, rm, appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { pauseAfter } from '../src/streams/stream-sender.ts';
import { isSigned, type Receiver, startReceiver } from './receiver.ts';
import { buildLeadEvent } from './sealed-trail.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

let audit: TestAudit;
let receiver: Receiver;
let folder: string;
let file: string;
beforeAll(async () => {
  receiver = await startReceiver();
  folder = await mkdtemp(join(tmpdir(), 'audit-stream-'));
  file = join(folder, 'audit.jsonl');
  audit = await startAudit({ streaming: { allowedHosts: [receiver.host], file } });
});
afterEach(() => {
  receiver.received.length = 0;
  receiver.answers(204);
});
afterAll(async () => {
  await audit.stop();
  await receiver.close();
  await rm(folder, { recursive: true });
});

const path = '/audit-logs/streams';
const records = () => audit.connection.collection<{ _id: string; tenantId: string }>('auditrecords');

async function create(tenantId: string, settings: object = {}): Promise<AuditStream> {
  const body = { name: 'SIEM', url: receiver.url, startAt: 'beginning', ...settings };
  const answer = await audit.post(path, body, { tenantId });
  expect(answer.status).toBe(201);
  return answer.body as AuditStream;
}

async function seal(tenantId: string, events: ReturnType<typeof buildEvent>[]): Promise<void> {
  await audit.bus.publish(...events);
  const ids = events.filter(({ tenantid }) => tenantid === tenantId).map(({ id }) => id);
  await eventually(async () => {
    if ((await records().countDocuments({ tenantId, _id: { $in: ids } })) < ids.length)
      throw new Error('not yet');
  });
  await audit.seal();
}

/** What came of one stream: the others of these tests send as well. */
const batchesOf = (id: string) =>
  receiver.received.filter(({ headers }) => String(headers['webhook-id']).startsWith(id));
const uidsOf = (some: Receiver['received']) =>
  some.flatMap(({ events }) => events.map(({ metadata }) => metadata.uid));
const get = async (tenantId: string, id: string) =>
  (await audit.get(`${path}/${id}`, { tenantId })).body as AuditStream;
const retryNow = async (tenantId: string, id: string) =>
  audit.send('PATCH', `${path}/${id}`, { batchSize: Math.ceil(Math.random() * 400) + 50 }, { tenantId });

describe('a stream', () => {
  it('gets every record of its tenant once, in the order of the chain, in signed batches', async () => {
    const tenantId = uuidv7();
    const events = Array.from({ length: 25 }, () => buildEvent({ tenantId }));
    await seal(tenantId, events.slice(0, 13));
    const { id, secret = '' } = await create(tenantId, { batchSize: 10 });
    await seal(tenantId, [...events.slice(13), buildEvent()]);
    await audit.stream();
    const own = batchesOf(id);
    expect(
      uidsOf(own)
        .filter((uid) => uid.startsWith('deal'))
        .sort(),
    ).toEqual(events.map((event) => event.id).sort());
    const sequence = own.flatMap((batch) => batch.events.map(({ metadata }) => metadata.sequence));
    expect(sequence).toEqual(sequence.map((_, index) => index + 1));
    expect(Math.max(...own.map((batch) => batch.events.length))).toBe(10);
    for (const batch of own) expect(isSigned(batch, secret)).toBe(true);
    expect(
      own.flatMap((batch) => batch.events).every(({ metadata }) => metadata.tenant_uid === tenantId),
    ).toBe(true);
    expect((await get(tenantId, id)).state).toMatchObject({ lag: 0, failures: 0, lastError: null });
    await audit.stream();
    expect(batchesOf(id)).toEqual(own);
  });

  it('speaks OCSF: entity management for changes, authentication for logins', async () => {
    const tenantId = uuidv7();
    const lead = buildLeadEvent(tenantId);
    const userId = uuidv7();
    const login = buildEvent({ tenantId, entityType: 'session', after: { userId } });
    const failure = buildEvent({
      tenantId,
      entityType: 'login_attempt',
      after: { ownerId: userId, reason: 'wrong_password' },
    });
    const gone = buildEvent({
      tenantId,
      version: 2,
      action: 'deleted',
      before: { name: 'Old' },
      after: null,
    });
    await seal(tenantId, [lead, login, failure, gone]);
    await create(tenantId);
    await audit.stream();
    const all = receiver.received.flatMap(({ events }) => events);
    const of = (event: { id: string }) => all.find(({ metadata }) => metadata.uid === event.id);
    expect(of(lead)).toMatchObject({
      class_uid: 3004,
      category_uid: 3,
      activity_id: 3,
      type_uid: 300403,
      severity_id: 1,
      time: Date.parse(lead.time),
      metadata: { version: '1.5.0', product: { name: 'PipeDesk' }, tenant_uid: tenantId },
      actor: { user: { name: 'Sam Sales', type: 'User', credential_uid: 'key-1' } },
      src_endpoint: { ip: '198.51.100.7' },
      http_request: { uid: lead.data.context.requestId, user_agent: 'jest' },
      entity: { type: 'lead', version: '1', data: { email: 'old@lee.example' } },
      entity_result: { type: 'lead', version: '2', data: { email: 'ann@lee.example' } },
      unmapped: { changes: [{ field: 'email', before: 'old@lee.example', after: 'ann@lee.example' }] },
    });
    expect(of(gone)).toMatchObject({ activity_id: 4, type_uid: 300404, entity: { name: 'Old' } });
    expect(of(login)).toMatchObject({ class_uid: 3002, activity_id: 1, status_id: 1, user: { uid: userId } });
    expect(of(failure)).toMatchObject({
      class_uid: 3002,
      status_id: 2,
      status_detail: 'wrong_password',
      user: { uid: userId },
    });
  });

  it('keeps its place while the receiver fails, waits longer and longer, and goes on with the same batch', async () => {
    const tenantId = uuidv7();
    await seal(tenantId, [buildEvent({ tenantId }), buildEvent({ tenantId })]);
    const { id } = await create(tenantId);
    receiver.answers(503);
    await audit.stream();
    await audit.stream();
    expect(batchesOf(id)).toHaveLength(1);
    const { state } = await get(tenantId, id);
    expect(state).toMatchObject({ seq: 0, failures: 1, lastError: 'the receiver answered 503' });
    await retryNow(tenantId, id);
    await audit.stream();
    expect((await get(tenantId, id)).state.failures).toBe(2);
    receiver.answers(204);
    await retryNow(tenantId, id);
    await audit.stream();
    const ids = batchesOf(id).map(({ headers }) => headers['webhook-id']);
    expect(ids[0]).toBe(ids[1]);
    expect((await get(tenantId, id)).state).toMatchObject({ failures: 0, failingSince: null, lag: 0 });
  });

  it('leaves a receiver alone for as long as it asks, and twice as long after each failure', async () => {
    expect(pauseAfter(0, 0, 1)).toBe(1_000);
    expect(pauseAfter(3, 0, 1)).toBe(8_000);
    expect(pauseAfter(3, 0, 0)).toBe(4_000);
    expect(pauseAfter(60, 0, 1)).toBe(300_000);
    const tenantId = uuidv7();
    await seal(tenantId, [buildEvent({ tenantId })]);
    const { id } = await create(tenantId);
    receiver.answers(429, { 'retry-after': '600' });
    await audit.stream();
    const { nextAttemptAt } = (await get(tenantId, id)).state;
    expect(Date.parse(String(nextAttemptAt)) - Date.now()).toBeGreaterThan(590_000);
  });

  it('is disabled, on record, by a receiver that is gone for good', async () => {
    const tenantId = uuidv7();
    await seal(tenantId, [buildEvent({ tenantId })]);
    const { id } = await create(tenantId);
    receiver.answers(410);
    await audit.stream();
    expect((await get(tenantId, id)).status).toBe('disabled');
    await eventually(async () => {
      const { body } = await audit.get(`/audit-logs/entity/audit_stream/${id}`, { tenantId });
      expect(body.items[0]).toMatchObject({
        actor: { type: 'system' },
        changes: [{ field: 'status', before: 'active', after: 'disabled' }],
      });
    });
    receiver.answers(204);
    await audit.stream();
    expect(batchesOf(id)).toHaveLength(1);
    await audit.send('PATCH', `${path}/${id}`, { status: 'active' }, { tenantId });
    await audit.stream();
    expect(batchesOf(id).length).toBeGreaterThan(1);
  });

  it('does not send again what was erased', async () => {
    const tenantId = uuidv7();
    await seal(tenantId, [buildLeadEvent(tenantId)]);
    await audit.post('/audit-logs/erasures', { reason: 'Request', texts: ['Ann Lee'] }, { tenantId });
    await audit.seal();
    await audit.seal();
    const { id } = await create(tenantId);
    await audit.stream();
    expect(uidsOf(batchesOf(id)).length).toBeGreaterThan(1);
    expect(JSON.stringify(receiver.received)).not.toContain('Ann Lee');
  });

  it('begins with what comes next, unless told otherwise', async () => {
    const tenantId = uuidv7();
    await seal(tenantId, [buildEvent({ tenantId })]);
    const { id } = await create(tenantId, { startAt: 'now' });
    const next = buildEvent({ tenantId });
    await seal(tenantId, [next]);
    await audit.stream();
    const uids = uidsOf(batchesOf(id)).filter((uid) => uid.startsWith('deal'));
    expect(uids).toEqual([next.id]);
  });

  it('can be tried, paused, given a new secret and ended; the secret is shown once and is in no record', async () => {
    const tenantId = uuidv7();
    const { id, secret = '' } = await create(tenantId);
    expect(secret).toMatch(/^whsec_/);
    expect((await audit.post(`${path}/${id}/test`, undefined, { tenantId })).body).toEqual({
      delivered: true,
      status: 204,
      error: null,
    });
    expect(receiver.received[0]?.events).toMatchObject([{ class_uid: 3004, unmapped: { test: true } }]);
    receiver.answers(500);
    expect((await audit.post(`${path}/${id}/test`, undefined, { tenantId })).body).toMatchObject({
      delivered: false,
      status: 500,
    });
    const patch = (body: object) => audit.send('PATCH', `${path}/${id}`, body, { tenantId });
    expect((await patch({ status: 'paused' })).body).toMatchObject({ status: 'paused', version: 2 });
    const rotated = (await patch({ rotateSecret: true })).body as AuditStream;
    expect(rotated.secret).toMatch(/^whsec_/);
    expect(rotated.secret).not.toBe(secret);
    const listed = (await audit.get(path, { tenantId })).body as { items: AuditStream[] };
    expect(listed.items.map((stream) => [stream.id, stream.secret])).toEqual([[id, undefined]]);
    expect((await audit.send('DELETE', `${path}/${id}`, undefined, { tenantId })).status).toBe(204);
    expect((await audit.get(`${path}/${id}`, { tenantId })).status).toBe(404);
    await audit.seal();
    const found = await records()
      .find({ tenantId, entityType: 'audit_stream' } as object)
      .toArray();
    expect(found.map((record) => Reflect.get(record, 'action') as string).sort()).toEqual([
      'created',
      'deleted',
      'updated',
      'updated',
    ]);
    const everything = JSON.stringify([
      found,
      await audit.connection.collection('auditstreams').find({ tenantId }).toArray(),
    ]);
    for (const each of [secret, rotated.secret ?? '']) expect(everything).not.toContain(each.slice(6));
    expect(JSON.stringify(found)).toContain('[redacted]');
  });

  it.each([
    ['no TLS', { url: 'http://example.com/' }, 422],
    ['a private address', { url: 'https://10.0.0.1/' }, 422],
    ['another host inside', { url: 'http://127.0.0.1:1/' }, 422],
    ['an unknown field', { colour: 'red' }, 400],
    ['a batch of nothing', { batchSize: 0 }, 400],
    ['no name', { name: ' ' }, 400],
  ])('is refused with %s', async (_what, settings, status) => {
    const body = { name: 'SIEM', url: receiver.url, ...settings };
    expect((await audit.post(path, body)).status).toBe(status);
  });

  it('is one of ten at most, for admins who just proved who they are, and unknown to other tenants', async () => {
    const tenantId = uuidv7();
    const { id } = await create(tenantId);
    for (let count = 1; count < 10; count++) await create(tenantId);
    const body = { name: 'SIEM', url: receiver.url };
    expect((await audit.post(path, body, { tenantId })).body.code).toBe('too_many_streams');
    expect((await audit.get(`${path}/${id}`)).status).toBe(404);
    expect((await audit.post(`${path}/${id}/test`, undefined)).status).toBe(404);
    expect((await audit.post(path, body, { role: 'manager' })).status).toBe(403);
    expect((await audit.post(path, body, { authenticatedAt: new Date(0) })).body.code).toBe(
      'step_up_required',
    );
  });
});

describe('the file', () => {
  const linesOf = async (name: string) =>
    (await readFile(name, 'utf8')).split('\n').filter((line) => line.includes('"metadata"'));

  it('has every record of every tenant once, survives rotation, and is not glued to a torn line', async () => {
    await audit.stream();
    const total = (await linesOf(file)).length;
    expect(total).toBe(
      await audit.connection
        .collection('auditseals')
        .aggregate<{ sum: number }>([{ $group: { _id: null, sum: { $sum: '$count' } } }])
        .next()
        .then((found) => found?.sum),
    );
    await rename(file, `${file}.1`);
    const tenantId = uuidv7();
    const [one, two] = [buildEvent({ tenantId }), buildEvent({ tenantId })];
    await seal(tenantId, [one]);
    await audit.stream();
    await appendFile(file, '{"torn":');
    await seal(tenantId, [two]);
    await audit.stream();
    const uids = (await linesOf(file)).map(
      (line) => (JSON.parse(line) as { metadata: { uid: string } }).metadata.uid,
    );
    expect(uids.filter((uid) => uid.startsWith('deal'))).toEqual([one.id, two.id]);
  });
});

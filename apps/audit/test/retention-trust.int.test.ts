import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditRetention } from '@pipedesk/contracts';
import { createLogger } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import { createRetentionStore } from '../src/retention/policy.ts';
import { sealingOf } from './sealed-trail.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
});
afterAll(() => audit.stop());

let tenantId: string;
beforeEach(() => {
  tenantId = uuidv7();
});

type Document = Record<string, unknown> & { _id: string };
/** As whoever holds the database writes it: past every guard. */
const collection = (name: string) =>
  audit.connection.getClient().db(audit.connection.name).collection<Document>(name);
const settings = () => collection('auditretentions');
const holds = () => collection('auditholds');
const records = () => collection('auditrecords');

/** As another replica has it, which has believed nothing yet. */
function freshStore(clock = () => new Date()) {
  let refusals = 0;
  const store = createRetentionStore({
    ...sealingOf(audit),
    connection: audit.connection,
    onRefused: () => void refusals++,
    log: createLogger('audit', 'silent'),
    clock,
  });
  return { ...store, refusals: () => refusals };
}

const someDays = {
  defaultDays: 365,
  rules: [
    { entityType: 'audit_access', days: 30 },
    { entityType: 'deal', days: null },
  ],
};

/** @returns the settings' id */
async function set(body: object = someDays): Promise<string> {
  const answer = await audit.send('PUT', '/audit-logs/retention', body, { tenantId });
  expect(answer.status).toBe(200);
  const { id, version } = answer.body as AuditRetention;
  await sealed(`audit_retention:${id}:${version}`);
  return String(id);
}

/** @returns the hold's id */
async function hold(scope: object = {}): Promise<string> {
  const answer = await audit.post('/audit-logs/holds', { reason: 'Case 4711', ...scope }, { tenantId });
  const id = String(answer.body.id);
  await sealed(`audit_hold:${id}:1`);
  return id;
}

const lift = (id: string) => audit.send('DELETE', `/audit-logs/holds/${id}`, undefined, { tenantId });

async function sealed(recordId: string): Promise<void> {
  while (!(await records().findOne({ _id: recordId })));
  await audit.seal();
}

async function policiesOf(store: ReturnType<typeof freshStore>) {
  const found = [];
  for await (const policy of store.policies()) if (policy.tenantId === tenantId) found.push(policy);
  return found;
}

async function expectRefused(): Promise<void> {
  const store = freshStore();
  const policy = await store.of(tenantId);
  expect(policy).toMatchObject({ state: 'refused', hasAny: false });
  expect(policy.days('lead')).toBeNull();
  expect(policy.isHeld('lead', uuidv7())).toBe(true);
  expect(await policiesOf(store)).toEqual([]);
  expect(store.refusals()).toBeGreaterThan(0);
}

describe('removal goes by', () => {
  it('nothing where nobody has set anything', async () => {
    const policy = await freshStore().of(tenantId);
    expect(policy).toMatchObject({ settingsId: null, settingsVersion: 0, state: 'none', hasAny: false });
    expect(policy.days('lead')).toBeNull();
  });

  it('the rule of a type, the default for others, and never for what accounts for what is gone', async () => {
    const id = await set();
    const store = freshStore();
    const [policy, ...others] = await policiesOf(store);
    expect(others).toEqual([]);
    expect(policy).toMatchObject({ settingsId: id, settingsVersion: 1, state: 'in_force', hasAny: true });
    const days = [
      'lead',
      'audit_access',
      'deal',
      'erasure',
      'audit_removal',
      'audit_hold',
      'audit_retention',
    ];
    expect(days.map((type) => policy?.days(type))).toEqual([365, 30, null, null, null, null, null]);
    expect(policy?.isHeld('lead', uuidv7())).toBe(false);
    expect(store.refusals()).toBe(0);
  });

  it('no settings that keep everything', async () => {
    await set({ defaultDays: null, rules: [{ entityType: 'deal', days: null }] });
    const store = freshStore();
    expect(await policiesOf(store)).toEqual([]);
    expect(await store.of(tenantId)).toMatchObject({ state: 'in_force', hasAny: false });
    expect(store.refusals()).toBe(0);
  });

  it('no change that has no seal yet, and by none that gets none', async () => {
    const id = await set();
    await audit.send('PUT', '/audit-logs/retention', { defaultDays: 30, rules: [] }, { tenantId });
    const store = freshStore();
    expect(await store.of(tenantId)).toMatchObject({ state: 'waiting', settingsVersion: 2, hasAny: false });
    expect(store.refusals()).toBe(0);
    const later = freshStore(() => new Date(Date.now() + 16 * 60_000));
    expect((await later.of(tenantId)).state).toBe('refused');
    await sealed(`audit_retention:${id}:2`);
    expect((await freshStore().of(tenantId)).days('lead')).toBe(30);
  });
});

describe('settings are refused', () => {
  const change = (values: Partial<Document>) => settings().updateOne({ tenantId }, { $set: values });
  const sealOf = async (id: string) => collection('auditseals').findOne({ ids: id });

  it.each([
    ['their days', { defaultDays: 30 }],
    ['a rule', { rules: [] }],
    ['their shape', { rules: 'none' }],
    ['a version that was never made', { version: 2, updatedAt: 'now' }],
    ['their id away', { tenantId: uuidv7() }],
    ['a tombstone into them', { deletedAt: new Date() }],
  ])('once somebody has written %s, and taken again once it is as it was', async (_what, values) => {
    const id = await set();
    const original = await settings().findOne({ _id: id });
    await change(values);
    await expectRefused();
    await settings().replaceOne({ _id: id }, original as Document);
    expect((await freshStore().of(tenantId)).state).toBe('in_force');
  });

  it('when nobody has made them', async () => {
    const now = new Date(Date.now() - 16 * 60_000);
    const base = { tenantId, version: 1, createdAt: now, updatedAt: now, deletedAt: null };
    await settings().insertOne({ _id: uuidv7(), ...base, defaultDays: 30, rules: [] });
    await expectRefused();
  });

  it('in place of which others stand', async () => {
    const id = await set();
    const other = await settings().findOneAndDelete({ _id: id });
    await settings().insertOne({ ...other, _id: uuidv7() });
    await expectRefused();
  });

  it('that are an earlier version, also when the record of the later one is gone', async () => {
    const id = await set();
    const earlier = (await settings().findOne({ _id: id })) as Document;
    await set({ defaultDays: null, rules: [] });
    await settings().replaceOne({ _id: id }, earlier);
    await expectRefused();
    await records().deleteOne({ _id: `audit_retention:${id}:2` });
    await expectRefused();
  });

  it('whose record says the same, but is not what was sealed', async () => {
    const id = await set();
    await change({ defaultDays: 30 });
    await records().updateOne({ _id: `audit_retention:${id}:1` }, { $set: { 'after.defaultDays': 30 } });
    await expectRefused();
  });

  it('whose record is gone', async () => {
    const id = await set();
    await records().deleteOne({ _id: `audit_retention:${id}:1` });
    await expectRefused();
  });

  it.each([
    ['another tree', { leaves: Buffer.alloc(32, 7) }],
    ['another signature', { signature: 'AAAA' }],
    ['another key', { keyId: 'nobody’s' }],
    ['no shape at all', { sealedAt: NaN }],
  ])('whose seal has %s', async (_what, values) => {
    const id = await set();
    const seal = await sealOf(`audit_retention:${id}:1`);
    await collection('auditseals').updateOne({ _id: String(seal?._id) }, { $set: values });
    await expectRefused();
  });

  it('by a process that had believed them before', async () => {
    const id = await set();
    const store = freshStore();
    expect((await store.of(tenantId)).state).toBe('in_force');
    await change({ defaultDays: 30 });
    await records().updateOne({ _id: `audit_retention:${id}:1` }, { $set: { 'after.defaultDays': 30 } });
    expect((await store.of(tenantId)).state).toBe('refused');
  });

  it('by a process that knew a version which no seal names any more', async () => {
    const id = await set();
    const earlier = (await settings().findOne({ _id: id })) as Document;
    await set({ defaultDays: null, rules: [] });
    const store = freshStore();
    expect((await store.of(tenantId)).settingsVersion).toBe(2);
    const later = `audit_retention:${id}:2`;
    await settings().replaceOne({ _id: id }, earlier);
    await records().deleteOne({ _id: later });
    await collection('auditseals').updateOne({ ids: later }, { $set: { 'ids.$': `deal:${uuidv7()}:1` } });
    expect((await store.of(tenantId)).state).toBe('refused');
    const { body } = await audit.get('/audit-logs/verify', { tenantId });
    expect(body).toMatchObject({ valid: false, first: { kind: 'record_missing' } });
  });

  it('that are another tenant’s, also by a process that believes them there', async () => {
    const id = await set();
    const store = freshStore();
    expect((await store.of(tenantId)).state).toBe('in_force');
    const victim = uuidv7();
    await audit.post('/audit-logs/holds', { reason: 'Case' }, { tenantId: victim });
    while ((await records().countDocuments({ tenantId: victim })) === 0);
    await audit.seal();
    await collection('auditseals').updateOne(
      { tenantId: victim },
      { $set: { 'ids.0': `audit_retention:${id}:1` } },
    );
    await settings().updateOne({ _id: id }, { $set: { tenantId: victim } });
    expect((await store.of(victim)).state).toBe('refused');
    expect((await freshStore().of(victim)).state).toBe('refused');
  });

  it('and admins can see that', async () => {
    await set();
    const state = async () => (await audit.get('/audit-logs/retention', { tenantId })).body.state as string;
    expect(await state()).toBe('in_force');
    await change({ defaultDays: 30 });
    expect(await state()).toBe('refused');
  });
});

describe('a hold', () => {
  const [dealId, leadId] = [uuidv7(), uuidv7()];
  const heldOf = async () => {
    const { isHeld } = await freshStore().of(tenantId);
    const asked = [
      ['deal', dealId],
      ['deal', uuidv7()],
      ['lead', leadId],
    ] as const;
    return asked.map(([type, id]) => isHeld(type, id));
  };

  it.each([
    ['the whole tenant', {}, [true, true, true]],
    ['an entity type', { entityType: 'deal' }, [true, true, false]],
    ['one entity', { entityType: 'deal', entityId: dealId }, [true, false, false]],
    ['nothing that is there', { entityType: 'lead', entityId: dealId }, [false, false, false]],
  ])('keeps %s until its end is sealed', async (_what, scope, expected) => {
    await set();
    expect(await heldOf()).toEqual([false, false, false]);
    const id = await hold(scope);
    expect(await heldOf()).toEqual(expected);
    await lift(id);
    expect(await heldOf()).toEqual(expected);
    await sealed(`audit_hold:${id}:2`);
    expect(await heldOf()).toEqual([false, false, false]);
  });

  it('holds at once, before it is sealed', async () => {
    await set();
    await audit.post('/audit-logs/holds', { reason: 'Case', entityType: 'lead' }, { tenantId });
    expect(await heldOf()).toEqual([false, false, true]);
  });

  it('beside others is lifted alone', async () => {
    await set();
    const [one] = [await hold({ entityType: 'deal' }), await hold({ entityType: 'lead', entityId: leadId })];
    await lift(one);
    await sealed(`audit_hold:${one}:2`);
    expect(await heldOf()).toEqual([false, false, true]);
  });

  it.each([
    ['deletes its document', (id: string) => holds().deleteOne({ _id: id })],
    [
      'marks it as lifted',
      (id: string) => holds().updateOne({ _id: id }, { $set: { deletedAt: new Date() } }),
    ],
    ['points it elsewhere', (id: string) => holds().updateOne({ _id: id }, { $set: { entityType: 'user' } })],
    ['gives it away', (id: string) => holds().updateOne({ _id: id }, { $set: { tenantId: uuidv7() } })],
  ])('stays when somebody %s', async (_what, tamper) => {
    await set();
    await tamper(await hold({ entityType: 'deal' }));
    expect(await heldOf()).toEqual([true, true, false]);
    expect((await freshStore().of(tenantId)).state).toBe('in_force');
  });

  it('whose record was changed lets nothing be removed', async () => {
    await set();
    const id = await hold({ entityType: 'deal' });
    await records().updateOne({ _id: `audit_hold:${id}:1` }, { $set: { 'after.entityType': 'user' } });
    await expectRefused();
  });

  it('whose record and document are gone lets nothing be removed', async () => {
    await set();
    const id = await hold({ entityType: 'deal' });
    await holds().deleteOne({ _id: id });
    await records().deleteOne({ _id: `audit_hold:${id}:1` });
    await expectRefused();
  });

  it('is not lifted by a record that nobody sealed', async () => {
    await set();
    const id = await hold({ entityType: 'deal' });
    const made = (await records().findOne({ _id: `audit_hold:${id}:1` })) as Document;
    await records().insertOne({
      ...made,
      _id: `audit_hold:${id}:2`,
      version: 2,
      action: 'deleted',
      after: null,
    });
    await holds().deleteOne({ _id: id });
    expect(await heldOf()).toEqual([true, true, false]);
  });

  it('loses its reason to an erasure, and settings nothing', async () => {
    const settingsId = await set();
    const id = await hold({ entityType: 'deal', reason: 'Ann Lee sues over 365 days' });
    const erase = async (request: object) => {
      const body = { reason: 'Request of the person', ...request };
      expect((await audit.post('/audit-logs/erasures', body, { tenantId })).status).toBe(202);
      await audit.seal();
      await audit.seal();
    };
    await erase({ texts: ['Ann Lee', '365', 'deal'] });
    await erase({ entity: { entityType: 'audit_hold', entityId: id } });
    await erase({ entity: { entityType: 'audit_retention', entityId: settingsId } });
    const record = await records().findOne({ _id: `audit_hold:${id}:1` });
    expect(record).toMatchObject({ after: { reason: null, entityType: 'deal' } });
    expect(await freshStore().of(tenantId)).toMatchObject({ state: 'in_force', hasAny: true });
    expect(await heldOf()).toEqual([true, true, false]);
    const verdict = await audit.get('/audit-logs/verify', { tenantId });
    expect(verdict.body).toMatchObject({ valid: true });
  });
});

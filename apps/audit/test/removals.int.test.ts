import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildEvent } from '@pipedesk/testing';
import { buildDealHistory } from './deal-events.ts';
import { startReplica } from './removal-replica.ts';
import { removalTrailIn } from './removal-trail.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
});
afterAll(() => audit.stop());

const idOf = (event: { subject: string } | undefined) => String(event?.subject.split('/')[1]);
const isOfRemoval = (id: string) => id.startsWith('audit_removal:');
const removalsOf = (tenantId: string) =>
  audit.connection.collection('auditremovals').find({ tenantId }).toArray();

async function expectSound(trail: ReturnType<typeof removalTrailIn>, removed: number) {
  expect(await trail.verify()).toMatchObject({ valid: true, complete: true, removed, flaws: [] });
  expect(await trail.verifyFile()).toMatchObject({ flaws: [], removed });
}

describe('a removal', () => {
  it('takes what is too old and leaves the rest; the trail verifies, online and offline', async () => {
    const trail = removalTrailIn(audit);
    const { tenantId } = trail;
    const note = buildEvent({ tenantId, entityType: 'note', after: { body: 'stays' } });
    await trail.keep(...buildDealHistory(3, { tenantId }), note);
    await trail.keep(...buildDealHistory(2, { tenantId }));
    await trail.replica().finish();
    const left = await trail.stored();
    expect(left.filter((id) => !isOfRemoval(id))).toEqual([note.id]);
    expect(left.filter(isOfRemoval)).toHaveLength(2);
    await expectSound(trail, 5);
    const seals = audit.connection.collection('auditseals');
    expect(await seals.findOne({ tenantId, segment: 2 })).toMatchObject({ emptied: true });
  });

  it('is on record before the first record goes, and with its result', async () => {
    const trail = removalTrailIn(audit);
    const { tenantId } = trail;
    await trail.keep(...buildDealHistory(3, { tenantId }));
    const replica = trail.replica();
    await replica.round();
    replica.later(50_000);
    await replica.round();
    expect((await trail.stored()).filter((id) => !isOfRemoval(id))).toHaveLength(3);
    const [removal] = await removalsOf(tenantId);
    const path = `/audit-logs/entity/audit_removal/${String(removal?._id)}`;
    const history = async () => (await audit.get(path, { tenantId })).body.items as unknown[];
    expect(await history()).toMatchObject([
      {
        action: 'created',
        after: { status: 'running', records: 3, types: { deal: 3 }, fromSegment: 1, toSegment: 1 },
      },
    ]);
    replica.later();
    await replica.finish();
    expect(await history()).toMatchObject([
      { action: 'updated', after: { status: 'done', removed: 3, spared: [] } },
      { action: 'created' },
    ]);
    await expectSound(trail, 3);
  });

  it('takes whole days: nothing that was sealed on the last day that is kept', async () => {
    const trail = removalTrailIn(audit);
    trail.rules.days.deal = 40;
    await trail.keep(...buildDealHistory(2, { tenantId: trail.tenantId }));
    await trail.replica().finish();
    expect(await trail.stored()).toHaveLength(2);
    trail.rules.days.deal = 39;
    await trail.replica().finish();
    await expectSound(trail, 2);
  });

  it('leaves what is held, and takes it once it is not held any more', async () => {
    const trail = removalTrailIn(audit);
    const { tenantId, rules } = trail;
    const [held, other] = [buildDealHistory(2, { tenantId }), buildDealHistory(2, { tenantId })];
    await trail.keep(...held, ...other);
    rules.held.push(idOf(held[0]));
    await trail.replica().finish();
    expect((await trail.stored()).filter((id) => !isOfRemoval(id)).sort()).toEqual(held.map(({ id }) => id));
    await expectSound(trail, 2);
    rules.held.pop();
    const tomorrow = trail.replica();
    tomorrow.later(86_400_000);
    await tomorrow.finish();
    await expectSound(trail, 4);
  });

  it('spares what comes to be held between its statement and its deletion', async () => {
    const trail = removalTrailIn(audit);
    const { tenantId, rules } = trail;
    const [held, other] = [buildDealHistory(2, { tenantId }), buildDealHistory(3, { tenantId })];
    await trail.keep(...held, ...other);
    const replica = trail.replica();
    await replica.round();
    rules.held.push(idOf(held[0]));
    await replica.finish();
    expect((await trail.stored()).filter((id) => !isOfRemoval(id)).sort()).toEqual(held.map(({ id }) => id));
    const [removal] = await removalsOf(tenantId);
    const { body } = await audit.get(`/audit-logs/audit_removal:${String(removal?._id)}:2`, { tenantId });
    expect(body.after).toMatchObject({
      status: 'done',
      records: 5,
      removed: 3,
      spared: [{ segment: 1, records: 2 }],
    });
    await expectSound(trail, 3);
    expect((await audit.get(`/audit-logs/${held[0]?.id}/proof`, { tenantId })).status).toBe(200);
    rules.held.pop();
    const tomorrow = trail.replica();
    tomorrow.later(86_400_000);
    await tomorrow.finish();
    await expectSound(trail, 5);
  });

  it('goes by the settings and holds of the tenant, as the sealed trail has them', async () => {
    const trail = removalTrailIn(audit);
    const { tenantId } = trail;
    const [held, other] = [buildDealHistory(2, { tenantId }), buildDealHistory(2, { tenantId })];
    await trail.keep(...held, ...other);
    const settings = { defaultDays: null, rules: [{ entityType: 'deal', days: 30 }] };
    expect((await audit.send('PUT', '/audit-logs/retention', settings, { tenantId })).status).toBe(200);
    const hold = { reason: 'Case 7', entityType: 'deal', entityId: idOf(held[0]) };
    expect((await audit.post('/audit-logs/holds', hold, { tenantId })).status).toBe(201);
    await audit.seal();
    const replica = startReplica(audit, tenantId, 'settings');
    await replica.finish();
    expect((await trail.stored()).filter((id) => id.startsWith('deal:')).sort()).toEqual(
      held.map(({ id }) => id),
    );
    await expectSound(trail, 2);
  });

  it('by the service itself leaves what is not too old, and tells when it looked', async () => {
    const trail = removalTrailIn(audit);
    const { tenantId } = trail;
    await trail.keep(...buildDealHistory(2, { tenantId }));
    const settings = { defaultDays: 30, rules: [] };
    expect((await audit.send('PUT', '/audit-logs/retention', settings, { tenantId })).status).toBe(200);
    await audit.seal();
    const began = Date.now() / 1_000;
    await audit.remove();
    expect(await removalsOf(tenantId)).toEqual([]);
    const name = 'pipedesk_audit_removal_last_run_timestamp_seconds';
    const [, ran] = new RegExp(`^${name}{[^}]*} (.+)$`, 'm').exec(await audit.text('/metrics')) ?? [];
    expect(Number(ran)).toBeGreaterThanOrEqual(began);
  });

  it('is bounded, and goes on until nothing is too old', async () => {
    const trail = removalTrailIn(audit);
    const { tenantId } = trail;
    for (const count of [2, 3, 2, 1, 1]) await trail.keep(...buildDealHistory(count, { tenantId }));
    const replica = trail.replica({ records: 6, segments: 2, looks: 10 });
    await replica.finish();
    await replica.finish();
    const removals = await removalsOf(tenantId);
    expect(removals.map(({ records }) => Number(records))).toEqual([5, 3, 1]);
    await expectSound(trail, 9);
  });

  it('by several replicas at once is one removal', async () => {
    const trail = removalTrailIn(audit);
    const { tenantId } = trail;
    for (let segment = 0; segment < 4; segment++) await trail.keep(...buildDealHistory(20, { tenantId }));
    const replicas = Array.from({ length: 3 }, () => trail.replica());
    for (let round = 0; round < 5; round++) {
      await Promise.all(replicas.map((replica) => replica.round()));
      for (const replica of replicas) replica.later();
    }
    await audit.seal();
    expect(await removalsOf(tenantId)).toHaveLength(1);
    await expectSound(trail, 80);
  });

  it.each([
    'removal.after-plan',
    'removal.after-stubs',
    'removal.after-statement',
    'removal.before-deletion',
    'removal.after-deletion',
    'removal.before-deletion:2',
    'removal.after-conclusion',
    'removal.after-sparing',
    'removal.after-result',
  ])(
    'whose process dies at %s is carried on, and the trail verifies in between',
    async (failpoint) => {
      const trail = removalTrailIn(audit);
      const { tenantId, rules } = trail;
      const histories = Array.from({ length: 3 }, () => buildDealHistory(3, { tenantId }));
      for (const history of histories) await trail.keep(...history);
      rules.held.push(idOf(histories[1]?.[0]));
      await trail.crash(failpoint);
      await audit.seal();
      expect(await trail.verify()).toMatchObject({ valid: true, flaws: [] });
      expect(await trail.verifyFile()).toMatchObject({ flaws: [] });
      await trail.replica().finish();
      expect(await removalsOf(tenantId)).toHaveLength(1);
      await expectSound(trail, 6);
    },
    60_000,
  );
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChangeEvent } from '@pipedesk/contracts';
import { replayDeadLetters } from '@pipedesk/messaging';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { createAuditLogModels } from '../src/audit-logs/audit-log.model.ts';
import { createGapFinder } from '../src/claims/gaps.ts';
import { createRemovedRecords } from '../src/removals/removed-records.ts';
import { buildDealHistory } from './deal-events.ts';
import { type RemovalTrail, removalTrailIn } from './removal-trail.ts';
import { buildLeadEvent } from './sealed-trail.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

let audit: TestAudit;
let trail: RemovalTrail;
/** Versions 1 to 4 of one deal, which are removed; version 5 came later and stays. */
let history: ChangeEvent[];
let dealId: string;
/** All of it is removed. */
let gone: ChangeEvent[];
const ownerId = uuidv7();

const idOf = (event: { subject: string } | undefined) => String(event?.subject.split('/')[1]);

beforeAll(async () => {
  audit = await startAudit();
  // Whether there has been any removal is asked every ten seconds, which tests whose clocks jump cannot wait for.
  await audit.connection
    .collection('auditremovals')
    .insertOne({ tenantId: uuidv7(), finishedAt: new Date(0) });
  trail = removalTrailIn(audit);
  const { tenantId } = trail;
  history = buildDealHistory(5, { tenantId, deal: { ownerId } });
  dealId = idOf(history[0]);
  gone = buildDealHistory(2, { tenantId, deal: { ownerId } });
  await trail.keep(...history.slice(0, 4), ...gone);
  await trail.replica().finish();
  await trail.keep(...history.slice(4));
}, 60_000);
afterAll(() => audit.stop());

const asked = (path: string, claims: object = {}) => audit.get(path, { tenantId: trail.tenantId, ...claims });
const removed = () => ({
  status: 410,
  body: { code: 'audit_record_removed', removalId: expect.any(String) },
});

/** Resolves when everything published before it is settled: an event behind it has been stored. */
async function settled(): Promise<void> {
  await trail.keep(buildEvent({ tenantId: trail.tenantId, entityType: 'note' }));
}

describe('an event of a removed record', () => {
  it('that comes again is a repeat: settled, and not stored', async () => {
    await audit.bus.publish(...history.slice(0, 4), ...gone);
    await settled();
    expect((await trail.stored()).filter((id) => id.startsWith('deal:'))).toEqual([history[4]?.id]);
    expect(await audit.bus.depth('audit.events.dead')).toBe(0);
    await audit.seal();
    expect(await trail.verify()).toMatchObject({ valid: true, removed: 6 });
  });

  it('with another tenant is forged, and so is the next version of a record that is gone', async () => {
    const [first] = gone;
    const next = buildEvent({ tenantId: uuidv7(), entityId: idOf(first), version: 3 });
    await audit.bus.publish({ ...(first as ChangeEvent), tenantid: uuidv7() }, next);
    const dead = await audit.bus.take('audit.events.dead', 2);
    for (const { headers } of dead)
      expect(headers['x-pipedesk-reason']).toContain('belongs to another tenant');
    expect(await audit.connection.collection('auditrecords').countDocuments({ entityId: idOf(first) })).toBe(
      0,
    );
  });

  it('that comes back from the dead letters is settled as well', async () => {
    const other = removalTrailIn(audit);
    const [event] = buildDealHistory(1, { tenantId: other.tenantId });
    await other.keep(event as ChangeEvent);
    await audit.bus.publish({ ...(event as ChangeEvent), source: '/other' });
    while ((await audit.bus.depth('audit.events.dead')) < 1);
    await other.replica().finish();
    const replayed = await replayDeadLetters({
      url: audit.bus.url,
      queue: 'audit.events',
      dryRun: false,
      matches: () => true,
      onLetter: () => undefined,
      signal: new AbortController().signal,
    });
    expect(replayed).toMatchObject({ seen: 1, replayed: 1 });
    await settled();
    expect(await audit.bus.depth('audit.events.dead')).toBe(0);
    expect(await other.stored()).not.toContain(event?.id);
  });

  it('whose ingest stood still while the record was removed is taken back', async () => {
    const other = removalTrailIn(audit);
    const [event] = buildDealHistory(1, { tenantId: other.tenantId });
    await other.keep(event as ChangeEvent);
    const replica = other.replica();
    let elapsed = 0;
    const stalled = replica.ingestOver(
      (store) => ({
        ...store,
        insert: async (logs) => {
          await replica.finish();
          elapsed += 300_000;
          return store.insert(logs);
        },
      }),
      () => elapsed,
    );
    expect(await stalled.store([event as ChangeEvent])).toEqual([]);
    expect(await other.stored()).not.toContain(event?.id);
    await audit.seal();
    expect(await other.verify()).toMatchObject({ valid: true, removed: 1 });
  });
});

describe('the versions audit lacks', () => {
  const gapFinder = () =>
    createGapFinder(
      createAuditLogModels(audit.connection.useDb(audit.connection.name, { useCache: false })).all,
      createRemovedRecords(audit.connection),
    );
  const claim = (entityId: string, version: number) => ({
    records: [{ entityType: 'deal' as const, entityId, version }],
  });

  it('are none where retention took them', async () => {
    const findGaps = gapFinder();
    expect(await findGaps(claim(dealId, 5))).toEqual([]);
    expect(await findGaps(claim(idOf(gone[0]), 2))).toEqual([]);
  });

  it('are those that nobody removed', async () => {
    expect(await gapFinder()(claim(dealId, 7))).toMatchObject([{ version: 6 }, { version: 7 }]);
  });
});

describe('a reader who needs a removed record', () => {
  it.each([
    ['the record', () => `/audit-logs/${history[1]?.id}`],
    ['its proof', () => `/audit-logs/${history[1]?.id}/proof`],
    ['a difference', () => `/audit-logs/entity/deal/${dealId}/diff?from=2&to=5`],
    [
      'the state before what is left',
      () => `/audit-logs/entity/deal/${dealId}/as-of?at=2026-03-01T09:30:03Z`,
    ],
    ['the history of a record all of which is gone', () => `/audit-logs/entity/deal/${idOf(gone[0])}`],
    [
      'the state of such a record',
      () => `/audit-logs/entity/deal/${idOf(gone[0])}/as-of?at=2026-04-01T00:00:00Z`,
    ],
    ['an export that goes on behind it', () => `/audit-logs/export?format=jsonl&after=${history[1]?.id}`],
  ])('is told by which removal it went: %s', async (_what, path) => {
    expect(await asked(path())).toMatchObject(removed());
  });

  it('gets what is left: the state since, and the rest of the history', async () => {
    expect(await asked(`/audit-logs/entity/deal/${dealId}/as-of?at=2026-04-01T00:00:00Z`)).toMatchObject({
      status: 200,
      body: { version: 5, state: { version: 5 } },
    });
    const { body } = await asked(`/audit-logs/entity/deal/${dealId}`);
    expect(body.items).toMatchObject([{ version: 5 }]);
    expect((await asked(`/internal/activity/deal/${dealId}?limit=10`)).body.items).toHaveLength(1);
  });

  it('gets no timeline of a record all of which is gone, rather than none such', async () => {
    expect(await asked(`/internal/activity/deal/${idOf(gone[0])}?limit=10`)).toMatchObject({
      status: 200,
      body: { items: [] },
    });
  });

  it('who may not read everything learns no more than before', async () => {
    const sales = { role: 'sales', userId: ownerId };
    expect((await asked(`/audit-logs/${gone[0]?.id}`, sales)).status).toBe(403);
    expect(await asked(`/audit-logs/${history[0]?.id}`, sales)).toMatchObject(removed());
    expect((await asked(`/audit-logs/${history[0]?.id}`, { tenantId: uuidv7() })).status).toBe(404);
  });

  it('does not take an early version that was stored late for the state at a time', async () => {
    const { tenantId } = trail;
    const other = removalTrailIn(audit);
    const [one, two] = buildDealHistory(2, { tenantId: other.tenantId });
    await other.keep(two as ChangeEvent);
    await other.replica().finish();
    await other.keep(one as ChangeEvent);
    const path = `/audit-logs/entity/deal/${idOf(one)}/as-of?at=2026-04-01T00:00:00Z`;
    expect(await asked(path, { tenantId: other.tenantId })).toMatchObject(removed());
    expect(tenantId).not.toBe(other.tenantId);
  });
});

describe('erasures', () => {
  const erase = async (tenantId: string, text: string) => {
    const body = { reason: 'Request of the person', texts: [text] };
    expect((await audit.post('/audit-logs/erasures', body, { tenantId })).status).toBe(202);
    await audit.seal();
    await audit.seal();
  };

  it('still add up when the records that lost values are removed', async () => {
    const other = removalTrailIn(audit);
    const { tenantId } = other;
    other.rules.days = { lead: 30 };
    const [one, two] = [buildLeadEvent(tenantId), buildLeadEvent(tenantId)];
    await other.keep(one, buildEvent({ tenantId, entityType: 'note', after: { body: 'Ann Lee' } }));
    await other.keep(two);
    await erase(tenantId, 'Ann Lee');
    await erase(tenantId, 'ann@lee.example');
    await other.replica().finish();
    expect(await other.verify()).toMatchObject({ valid: true, removed: 2, flaws: [] });
    expect(await other.verifyFile()).toMatchObject({ removed: 2, flaws: [] });
    const seals = audit.connection.collection('auditseals');
    await seals.updateOne({ tenantId, segment: 1 }, { $unset: { 'removed.0.erased': '' } });
    for (const { flaws } of [await other.verify(), await other.verifyFile()])
      expect(flaws[0]).toMatchObject({ kind: 'erasure_unaccounted' });
  });

  it('between a removal’s statement and its deletion are accounted for', async () => {
    const other = removalTrailIn(audit);
    const { tenantId } = other;
    other.rules.days = { lead: 30 };
    await other.keep(buildLeadEvent(tenantId), buildLeadEvent(tenantId));
    const replica = other.replica();
    await replica.round();
    await erase(tenantId, 'Ann Lee');
    await replica.finish();
    expect(await other.verify()).toMatchObject({ valid: true, removed: 2, flaws: [] });
    expect(await other.verifyFile()).toMatchObject({ removed: 2, flaws: [] });
  });
});

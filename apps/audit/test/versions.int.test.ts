import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { buildDealHistory } from './deal-events.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

const [tenantId, dealId, ownerId] = [uuidv7(), uuidv7(), uuidv7()];
/** Versions 1-4 at 09:30:01 to :04, then a deletion. */
const history = buildDealHistory(4, {
  tenantId,
  entityId: dealId,
  deal: { ownerId },
  actor: { id: ownerId },
});
const deletion = buildEvent({
  tenantId,
  entityId: dealId,
  version: 5,
  action: 'deleted',
  time: '2026-03-01T09:31:00.000Z',
  actor: { id: ownerId },
  before: history[3]?.data.after ?? null,
  after: null,
});
/** Twelve versions of one millisecond. */
const hasty = uuidv7();
const sameTime = Array.from({ length: 12 }, (_, index) =>
  buildEvent({
    tenantId,
    entityId: hasty,
    version: index + 1,
    time: '2026-03-01T10:00:00.000Z',
    after: { step: index + 1 },
  }),
);
/** A record that audit came to know late. */
const late = buildEvent({ tenantId, entityType: 'lead', version: 3, time: '2026-03-01T10:00:00.000Z' });
const lateId = late.subject.split('/')[1];

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
  await audit.bus.publish(...history, deletion, ...sameTime, late);
  await audit.stored(18);
});
afterAll(() => audit.stop());

const admin = { tenantId, role: 'admin' as const };
const asOf = (at: string, id = dealId) => audit.get(`/audit-logs/entity/deal/${id}/as-of?at=${at}`, admin);
const diff = (query: string) => audit.get(`/audit-logs/entity/deal/${dealId}/diff?${query}`, admin);

describe('a record as it was', () => {
  it('is its last version up to that time, that very millisecond included', async () => {
    for (const at of ['2026-03-01T09:30:02Z', '2026-03-01T10:30:02.999%2B01:00'])
      expect(await asOf(at)).toMatchObject({
        status: 200,
        body: {
          version: 2,
          since: '2026-03-01T09:30:02.000Z',
          deleted: false,
          state: { stage: 'engaging', version: 2 },
        },
      });
  });

  it('is the latest of several versions of the same millisecond', async () => {
    expect((await asOf('2026-03-01T10:00:00Z', hasty)).body).toMatchObject({
      version: 12,
      state: { step: 12 },
    });
  });

  it('says that it is deleted and what it was until then', async () => {
    const { body } = await asOf('2026-04-01T00:00:00Z');
    expect(body).toMatchObject({
      version: 5,
      deleted: true,
      since: '2026-03-01T09:31:00.000Z',
      state: { stage: 'negotiation' },
    });
  });

  it('is not there before its creation, and not told before its capture', async () => {
    expect(await asOf('2026-03-01T09:30:00.999Z')).toMatchObject({
      status: 404,
      body: { code: 'deal_not_yet_created', firstVersion: 1, firstTime: '2026-03-01T09:30:01.000Z' },
    });
    expect(
      await audit.get(`/audit-logs/entity/lead/${lateId}/as-of?at=2026-01-01T00:00:00Z`, admin),
    ).toMatchObject({
      status: 404,
      body: { code: 'lead_not_yet_captured', firstVersion: 3 },
    });
  });
});

describe('the difference of two versions', () => {
  it('leaves out what lies between them', async () => {
    expect(await diff('from=1&to=4')).toMatchObject({
      status: 200,
      body: {
        from: { version: 1, time: '2026-03-01T09:30:01.000Z', deleted: false },
        to: { version: 4, deleted: false },
        changes: [{ field: 'stage', before: 'prospecting', after: 'negotiation' }],
      },
    });
  });

  it('to a deletion is that it is deleted', async () => {
    expect((await diff('from=4&to=5')).body).toMatchObject({
      to: { version: 5, deleted: true },
      changes: [],
    });
  });

  it.each([
    ['from=1&to=9', 404, { code: 'version_not_found', version: 9, latestVersion: 5 }],
    ['from=3&to=1', 400, { code: 'invalid_request', errors: [{ path: 'to' }] }],
    ['from=2&to=2', 400, { code: 'invalid_request', errors: [{ path: 'to' }] }],
    ['from=0&to=2', 400, { code: 'invalid_request', errors: [{ path: 'from' }] }],
    ['from=1', 400, { code: 'invalid_request', errors: [{ path: 'to' }] }],
  ])('refuses %s', async (query, status, body) => {
    expect(await diff(query)).toMatchObject({ status, body });
  });
});

it.each(['as-of?at=2026-03-01T10:00:00Z', 'diff?from=1&to=2'])(
  '%s answers those who may read the history',
  async (path) => {
    const url = `/audit-logs/entity/deal/${dealId}/${path}`;
    const statuses = await Promise.all(
      [
        { tenantId, role: 'sales' as const, userId: ownerId },
        { tenantId, role: 'sales' as const },
        { tenantId, role: 'viewer' as const },
        { tenantId: uuidv7(), role: 'admin' as const },
      ].map(async (claims) => (await audit.get(url, claims)).status),
    );
    expect(statuses).toEqual([200, 403, 403, 404]);
  },
);

it('as-of refuses a time that is none', async () => {
  expect(await asOf('yesterday')).toMatchObject({ status: 400, body: { errors: [{ path: 'at' }] } });
});

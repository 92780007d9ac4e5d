import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Role, TimelineItem } from '@pipedesk/contracts';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { buildDeal } from './histories.ts';
import { startTimeline, type TestTimeline } from './start-timeline.ts';

const [ownerId, teamId] = [uuidv7(), uuidv7()];
const { tenantId, dealId, created } = buildDeal({ ownerId, teamId });
/** Eleven changes of the very same millisecond. */
const ties = Array.from({ length: 11 }, (_, index) =>
  buildEvent({
    tenantId,
    entityId: dealId,
    version: index + 2,
    time: '2026-03-01T10:00:00.000Z',
    after: created.data.after,
  }),
);
const company = buildEvent({ tenantId, entityType: 'company' });
const companyId = company.subject.split('/')[1];
const gone = buildEvent({ tenantId });
const goneId = gone.subject.split('/')[1] ?? '';
const removal = buildEvent({ tenantId, entityId: goneId, version: 2, action: 'deleted', after: null });

let timeline: TestTimeline;
beforeAll(async () => {
  timeline = await startTimeline();
  await timeline.project(removal, ...ties, created, company, gone);
});
afterAll(() => timeline.stop());

const path = `/timeline/deal/${dealId}`;
const as = (role: Role, userId = uuidv7(), team: string | null = null) => ({
  tenantId,
  role,
  userId,
  teamId: team,
});
const admin = as('admin');

describe('reading a timeline', () => {
  it('pages it newest first without losing or repeating items of the same millisecond', async () => {
    const sources: number[] = [];
    let cursor = '';
    do {
      const { body } = await timeline.get(`${path}?limit=5${cursor}`, admin);
      sources.push(...(body.items as TimelineItem[]).map((item) => item.source.version));
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
    } while (cursor);
    expect(sources.at(-1)).toBe(1);
    expect(sources.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  });

  it.each([
    ['an admin', admin, 200],
    ['a viewer', as('viewer'), 200],
    ['the owner', as('sales', ownerId), 200],
    ['a colleague of the owning team', as('sales', uuidv7(), teamId), 200],
    ['sales of another team', as('sales', uuidv7(), uuidv7()), 403],
    ['sales without a team', as('sales'), 403],
    ['an admin of another tenant', { ...admin, tenantId: uuidv7() }, 404],
  ])('answers %s as the record itself would', async (_who, claims, expected) => {
    expect((await timeline.get(path, claims)).status).toBe(expected);
  });

  it('follows the newest owner', async () => {
    const handedOver = buildDeal({ ownerId, teamId });
    const heir = uuidv7();
    const given = buildEvent({
      tenantId: handedOver.tenantId,
      entityId: handedOver.dealId,
      version: 2,
      after: { name: 'Forty seats', ownerId: heir, teamId: null },
    });
    await timeline.project(given, handedOver.created);
    const read = (userId: string) =>
      timeline.get(`/timeline/deal/${handedOver.dealId}`, {
        ...as('sales', userId),
        tenantId: handedOver.tenantId,
      });
    expect([(await read(heir)).status, (await read(ownerId)).status]).toEqual([200, 403]);
  });

  it('answers 404 for deleted and unknown records and for an id under another type', async () => {
    for (const missing of [`deal/${goneId}`, `deal/${uuidv7()}`, `lead/${dealId}`])
      expect((await timeline.get(`/timeline/${missing}`, admin)).status).toBe(404);
  });
});

describe('bad requests', () => {
  it('refuses a cursor of another timeline or tenant, or none of ours', async () => {
    const { body } = await timeline.get(`${path}?limit=1`, admin);
    const answers = await Promise.all([
      timeline.get(`/timeline/company/${companyId}?cursor=${body.nextCursor}`, admin),
      timeline.get(`${path}?cursor=${body.nextCursor}`, { ...admin, tenantId: uuidv7() }),
      timeline.get(`${path}?cursor=garbage`, admin),
    ]);
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
  });

  it.each([
    ['an unknown field', `${path}?colour=red`, 'colour'],
    ['a limit of zero', `${path}?limit=0`, 'limit'],
    ['a limit beyond 100', `${path}?limit=101`, 'limit'],
    ['a record type without a timeline', `/timeline/user/${dealId}`, 'entityType'],
    ['an id that is none', '/timeline/deal/7', 'entityId'],
  ])('refuses %s and names it', async (_what, wrong, field) => {
    const answer = await timeline.get(wrong, admin);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ path: field }] },
    });
  });

  it('refuses a request without a token', async () => {
    expect((await timeline.getWithoutToken(path)).status).toBe(401);
  });
});

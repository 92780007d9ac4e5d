import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChangeEvent, Role } from '@pipedesk/contracts';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { buildDealHistory } from './deal-events.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

const [tenantId, owner, colleague, stranger, team, otherTeam] = Array.from({ length: 6 }, () => uuidv7()) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const deal = buildDealHistory(5, {
  tenantId,
  deal: { ownerId: owner, teamId: team },
  actor: { id: owner, name: 'Sam Sales', role: 'sales' },
  context: { operationId: 'import-1', requestId: 'request-1', ip: '203.0.113.9' },
});
const dealId = idOf(deal[0]);
/** Twelve changes of the very same millisecond. */
const ties = Array.from({ length: 12 }, () =>
  buildEvent({
    tenantId,
    entityType: 'lead',
    time: '2026-03-02T00:00:00.000Z',
    actor: { id: stranger },
    context: { ip: '198.51.100.1' },
  }),
);
const account = (userId: string, teamId: string) =>
  buildEvent({
    tenantId,
    entityType: 'user',
    entityId: userId,
    time: '2026-01-01T00:00:00.000Z',
    after: { id: userId, name: 'Somebody', teamId },
  });
const accounts = [account(owner, team), account(stranger, otherTeam)];
const foreign = buildEvent();

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
  const all = [...deal, ...ties, ...accounts, foreign];
  await audit.bus.publish(...all);
  await audit.stored(all.length);
});
afterAll(() => audit.stop());

function idOf(event: ChangeEvent | undefined): string {
  return event?.subject.split('/')[1] ?? '';
}

const as = (role: Role, userId = uuidv7(), teamId: string | null = null) => ({
  tenantId,
  role,
  userId,
  teamId,
});
const admin = as('admin');
const idsIn = (body: { items: { id: string }[] }) => body.items.map(({ id }) => id);
/** Without the records that these queries leave themselves. */
const changesIn = (body: { items: { id: string }[] }) =>
  idsIn(body).filter((id) => !id.startsWith('audit_access:'));
const newestFirst = (events: ChangeEvent[]) => events.map(({ id }) => id).reverse();

describe('one record', () => {
  it('shows its changes newest first, with before, after, actor, origin and the deal as it was', async () => {
    const { status, body } = await audit.get(`/audit-logs/entity/deal/${dealId}`, admin);
    expect(status).toBe(200);
    expect(idsIn(body)).toEqual(newestFirst(deal));
    expect(body.items[0]).toMatchObject({
      id: deal[4]?.id,
      entityType: 'deal',
      entityId: dealId,
      version: 5,
      action: 'updated',
      time: deal[4]?.time,
      actor: { id: owner, name: 'Sam Sales', role: 'sales' },
      before: { stage: 'negotiation' },
      after: { stage: 'won' },
      changes: [{ field: 'stage', before: 'negotiation', after: 'won' }],
      context: {
        ip: '203.0.113.9',
        userAgent: 'jest',
        requestId: 'request-1',
        operationId: 'import-1',
        authority: {
          source: 'role',
          rule: 'deals:edit/own',
          permission: 'deals:edit',
          scope: 'own',
          rulesVersion: '0123456789ab',
        },
      },
      deal: {
        stage: 'won',
        pipeline: 'default',
        probability: 10,
        amount: { amount: 1_200_000, currency: 'USD' },
      },
    });
    expect(Object.keys(body.items[0])).not.toContain('tenantId');
  });

  it('answers each change alone by its id', async () => {
    const { status, body } = await audit.get(`/audit-logs/${deal[2]?.id}`, admin);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: deal[2]?.id, version: 3 });
  });

  it.each([
    ['the owner', as('sales', owner), 200],
    ['the manager of the owning team', as('manager', uuidv7(), team), 200],
    ['a colleague in sales', as('sales', colleague, team), 403],
    ['the manager of another team', as('manager', uuidv7(), otherTeam), 403],
    ['a viewer', as('viewer'), 403],
    ['an admin of another tenant', { ...admin, tenantId: uuidv7() }, 404],
  ])('answers %s as it must', async (_who, claims, expected) => {
    const list = await audit.get(`/audit-logs/entity/deal/${dealId}`, claims);
    const one = await audit.get(`/audit-logs/${deal[0]?.id}`, claims);
    expect([list.status, one.status]).toEqual([expected, expected]);
  });

  it('answers 404 for a record without changes, and for an id under another type', async () => {
    const unknown = await audit.get(`/audit-logs/entity/deal/${uuidv7()}`, admin);
    const wrongType = await audit.get(`/audit-logs/entity/lead/${dealId}`, admin);
    expect([unknown.status, wrongType.status]).toEqual([404, 404]);
    expect(unknown.body.code).toBe('deal_not_found');
  });
});

describe('one user', () => {
  it.each([
    ['an admin', admin, 200],
    ['the user', as('sales', owner), 200],
    ['the manager of the user’s team', as('manager', uuidv7(), team), 200],
    ['a colleague in sales', as('sales', colleague, team), 403],
    ['the manager of another team', as('manager', uuidv7(), otherTeam), 403],
    ['a viewer', as('viewer', owner), 403],
    ['an admin of another tenant', { ...admin, tenantId: uuidv7() }, 404],
  ])('lets %s read what they did as it must', async (_who, claims, expected) => {
    const { status, body } = await audit.get(`/audit-logs/user/${owner}`, claims);
    expect(status).toBe(expected);
    if (expected === 200) expect(idsIn(body)).toEqual(newestFirst(deal));
  });

  it('lets who may read a user’s deeds read each of them', async () => {
    const manager = as('manager', uuidv7(), otherTeam);
    const { body } = await audit.get(`/audit-logs/user/${stranger}`, manager);
    const one = await audit.get(`/audit-logs/${idsIn(body)[0]}`, manager);
    expect(one.status).toBe(200);
  });

  it('answers an empty list to somebody who did nothing yet and asks for themselves', async () => {
    const newcomer = as('sales');
    const { status, body } = await audit.get(`/audit-logs/user/${newcomer.userId}`, newcomer);
    expect(status).toBe(200);
    expect(body).toEqual({ items: [], nextCursor: null });
  });
});

describe('the whole tenant', () => {
  it('shows every change to an admin and to nobody else', async () => {
    const all = await audit.get('/audit-logs?limit=100', admin);
    const ids = changesIn(all.body);
    expect(ids).toHaveLength(deal.length + ties.length + accounts.length);
    expect(ids).not.toContain(foreign.id);
    for (const role of ['manager', 'sales', 'viewer'] as const)
      expect((await audit.get('/audit-logs', as(role))).status).toBe(403);
  });

  it.each([
    ['entityType=lead', ties.length],
    [`entityId=${dealId}`, deal.length],
    [`userId=${stranger}`, ties.length],
    ['action=updated', deal.length - 1],
    ['field=stage', deal.length - 1],
    ['operationId=import-1', deal.length],
    ['requestId=request-1', deal.length],
    ['ip=203.0.113.9', deal.length],
    ['from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z', deal.length],
    ['from=2026-03-02T01:00:00%2B01:00', ties.length],
    [`action=created&entityType=deal&userId=${owner}&ip=203.0.113.9`, 1],
    ['requestId=of-nobody', 0],
    ['text=negotiation', 2],
    ['text=NEGOTIATION%20w%C3%B3n', 1],
    ['text=negotiation%20created', 0],
    ['text=negotiation&action=updated&entityType=deal', 2],
    ['text=negotia', 0],
    ['text=(a%2B)%2B$%20won', 1],
  ])('filters by %s', async (query, expected) => {
    const { status, body } = await audit.get(`/audit-logs?limit=100&${query}`, admin);
    expect(status).toBe(200);
    expect(changesIn(body)).toHaveLength(expected);
  });

  it('pages without losing or repeating changes of the same millisecond', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await audit.get(`/audit-logs?limit=5&entityType=lead${cursor}`, admin);
      seen.push(...idsIn(body));
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
    } while (cursor);
    expect(seen).toHaveLength(ties.length);
    expect(new Set(seen)).toEqual(new Set(ties.map(({ id }) => id)));
  });
});

describe('bad requests', () => {
  it('refuses a cursor of another list, filter or tenant', async () => {
    const { body } = await audit.get('/audit-logs?limit=1', admin);
    const cursor = `cursor=${body.nextCursor}`;
    const answers = await Promise.all([
      audit.get(`/audit-logs?action=updated&${cursor}`, admin),
      audit.get(`/audit-logs/entity/deal/${dealId}?${cursor}`, admin),
      audit.get(`/audit-logs?${cursor}`, { ...admin, tenantId: foreign.tenantid }),
      audit.get('/audit-logs?cursor=garbage', admin),
    ]);
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
  });

  it.each([
    ['an unknown field', '/audit-logs?colour=red', 'colour'],
    ['a limit of zero', '/audit-logs?limit=0', 'limit'],
    ['a limit beyond 100', `/audit-logs/entity/deal/${dealId}?limit=101`, 'limit'],
    ['a reversed range', '/audit-logs?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z', 'to'],
    ['an unknown entity type', `/audit-logs/entity/spaceship/${dealId}`, 'entityType'],
    ['a search without a word', '/audit-logs?text=.*', 'text'],
    ['a search for too much', '/audit-logs?text=aa+bb+cc+dd+ee+ff+gg+hh+ii', 'text'],
    ['an id that is none', '/audit-logs/entity/deal/7', 'entityId'],
    ['a record id that is none', '/audit-logs/7', 'id'],
    ['an operator in a filter', '/audit-logs?ip[$ne]=x', 'ip[$ne]'],
  ])('refuses %s and names it', async (_what, path, field) => {
    const answer = await audit.get(path, admin);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ path: field }] },
    });
  });

  it('refuses a request without a token', async () => {
    expect((await audit.getWithoutToken('/audit-logs')).status).toBe(401);
  });
});

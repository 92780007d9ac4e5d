import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { placeEvent } from '@pipedesk/contracts';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { buildDealHistory, shuffled } from './deal-events.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

const [tenantId, companyId, owner, team] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
const links = [{ entityType: 'company' as const, entityId: companyId }];
const company = buildEvent({
  tenantId,
  entityType: 'company',
  entityId: companyId,
  time: '2026-01-01T00:00:00.000Z',
});
const deal = buildDealHistory(6, { tenantId, links, deal: { companyId, ownerId: owner, teamId: team } });
const dealId = deal[0]?.subject.split('/')[1];
const gone = buildDealHistory(2, { tenantId });
const goneId = gone[0]?.subject.split('/')[1] ?? '';
const removal = buildEvent({ tenantId, entityId: goneId, version: 3, action: 'deleted', after: null });

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
  const all = [...deal, company, ...gone, removal];
  await audit.bus.publish(...shuffled(all));
  await audit.stored(all.length);
});
afterAll(() => audit.stop());

const sales = { tenantId, role: 'sales' as const, userId: owner, teamId: team };

describe('the live activity feed', () => {
  it('answers the very items the projection would hold, newest first', async () => {
    const { status, body } = await audit.get(`/internal/activity/deal/${dealId}`, sales);
    expect(status).toBe(200);
    expect(body.items).toEqual(deal.map((event) => placeEvent(event)?.item).reverse());
  });

  it('shows a deal’s changes on its company too', async () => {
    const { body } = await audit.get(`/internal/activity/company/${companyId}`, { tenantId });
    expect(body.items).toEqual(
      [...deal]
        .reverse()
        .concat(company)
        .map((event) => placeEvent(event)?.item),
    );
  });

  it('goes on before a key', async () => {
    const first = await audit.get(`/internal/activity/deal/${dealId}?limit=4`, sales);
    const before = encodeURIComponent(first.body.items[3].key);
    const rest = await audit.get(`/internal/activity/deal/${dealId}?limit=4&before=${before}`, sales);
    expect(rest.body.items).toEqual(
      deal
        .slice(0, 2)
        .map((event) => placeEvent(event)?.item)
        .reverse(),
    );
  });

  it.each([
    ['a viewer', { ...sales, role: 'viewer' as const }, 200],
    ['sales of another team', { ...sales, userId: uuidv7(), teamId: uuidv7() }, 403],
    ['another tenant', { ...sales, tenantId: uuidv7() }, 404],
  ])('answers %s as the record itself would', async (_who, claims, expected) => {
    expect((await audit.get(`/internal/activity/deal/${dealId}`, claims)).status).toBe(expected);
  });

  it('answers 404 for a deleted and for an unknown record, 401 without a token', async () => {
    const deleted = await audit.get(`/internal/activity/deal/${goneId}`, { tenantId });
    const unknown = await audit.get(`/internal/activity/lead/${uuidv7()}`, { tenantId });
    const anonymous = await audit.getWithoutToken(`/internal/activity/deal/${dealId}`);
    expect([deleted.status, unknown.status, anonymous.status]).toEqual([404, 404, 401]);
  });
});

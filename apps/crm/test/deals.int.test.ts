import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Client, nobodysId, startCrm, type TestCrm } from './start-crm.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await startCrm();
});
afterAll(() => crm.stop());

async function createDeal(client: Client, overrides = {}) {
  return (await client.post('/deals', { name: 'Forty seats', ...overrides })).body as { id: string };
}

const today = () => new Date().toISOString().slice(0, 10);

describe('moving a deal to a stage', () => {
  it.each([
    ['engaging', 25, null],
    ['proposal', 50, null],
    ['negotiation', 75, null],
    ['won', 100, 'today'],
    ['lost', 0, 'today'],
  ])('%s sets the probability to %d and closes it or not', async (stage, probability, closes) => {
    const ada = crm.as();
    const { id } = await createDeal(ada);
    const before = today();
    const { status, body } = await ada.post(`/deals/${id}/stage`, { stage });
    expect(status).toBe(200);
    expect(body).toMatchObject({ version: 2, stage, probability });
    if (closes === null) expect(body.closedOn).toBeNull();
    // The day may turn while the test runs.
    else expect([before, today()]).toContain(body.closedOn);
  });

  it('takes the day it closed from the request, and corrects it', async () => {
    const ada = crm.as();
    const { id } = await createDeal(ada);
    const won = await ada.post(`/deals/${id}/stage`, { stage: 'won', closedOn: '2026-03-01' });
    expect(won.body.closedOn).toBe('2026-03-01');
    const corrected = await ada.post(`/deals/${id}/stage`, { stage: 'won', closedOn: '2026-02-28' });
    expect(corrected.body).toMatchObject({ version: 3, closedOn: '2026-02-28', probability: 100 });
  });

  it('close today when they are created as won without a day', async () => {
    const before = today();
    const { body } = await crm.as().post('/deals', { name: 'Forty seats', stage: 'won' });
    expect([before, today()]).toContain(body.closedOn);
  });

  it('reopens a closed deal: no close date, the probability of its stage', async () => {
    const ada = crm.as();
    const { id } = await createDeal(ada, { stage: 'won', closedOn: '2026-03-01' });
    const { body } = await ada.post(`/deals/${id}/stage`, { stage: 'negotiation' });
    expect(body).toMatchObject({ stage: 'negotiation', probability: 75, closedOn: null });
    const [, event] = await crm.eventsOf('deals', id);
    expect(event?.data.changes).toEqual([
      { field: 'stage', before: 'won', after: 'negotiation' },
      { field: 'probability', before: 100, after: 75 },
      { field: 'closedOn', before: '2026-03-01', after: null },
    ]);
  });

  it('to where it is writes no version', async () => {
    const ada = crm.as();
    const deal = await createDeal(ada, { stage: 'won', closedOn: '2026-03-01' });
    expect((await ada.post(`/deals/${deal.id}/stage`, { stage: 'won' })).body).toEqual(deal);
    expect(await crm.eventsOf('deals', deal.id)).toHaveLength(1);
  });

  it('honours If-Match', async () => {
    const ada = crm.as();
    const { id } = await createDeal(ada);
    const move = () => ada.post(`/deals/${id}/stage`, { stage: 'won' }, { 'if-match': '"1"' });
    expect((await move()).status).toBe(200);
    expect((await move()).status).toBe(412);
  });

  it.each([
    [{ stage: 'signed' }, 'stage'],
    [{ stage: 'won', closedOn: '2026-02-30' }, 'closedOn'],
    [{ stage: 'engaging', closedOn: '2026-02-20' }, 'closedOn'],
    [{ stage: 'won', probability: 7 }, 'probability'],
  ])('refuses %j', async (body, path) => {
    const answer = await crm.as().post(`/deals/${nobodysId()}/stage`, body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ in: 'body', path }] } });
  });
});

describe('a closed deal', () => {
  it('is a booked result: sales may not touch it any more, their manager may', async () => {
    const { tenantId } = crm.as().claims;
    const teamId = nobodysId();
    const sales = crm.as({ tenantId, role: 'sales', teamId });
    const { id } = await createDeal(sales);
    expect((await sales.post(`/deals/${id}/stage`, { stage: 'won' })).status).toBe(200);
    const attempts = [
      await sales.post(`/deals/${id}/stage`, { stage: 'lost' }),
      await sales.patch(`/deals/${id}`, { name: 'X' }),
    ];
    for (const attempt of attempts)
      expect(attempt).toMatchObject({ status: 403, body: { permission: 'deals:edit_closed' } });
    const manager = crm.as({ tenantId, role: 'manager', teamId });
    expect((await manager.patch(`/deals/${id}`, { name: 'X' })).status).toBe(200);
    const rules = (await crm.eventsOf('deals', id)).map(({ data }) => data.context.authority?.rule);
    expect(rules).toEqual(['deals:create/all', 'deals:edit/own', 'deals:edit_closed/team']);
  });
});

describe('the company of a deal', () => {
  it.each(['create', 'change'])('must be one the caller can read, on %s: 422', async (way) => {
    const ada = crm.as();
    const foreign = (await crm.as().post('/companies', { name: 'Foreign' })).body.id;
    const { id } = await createDeal(ada);
    for (const companyId of [foreign, nobodysId()]) {
      const attempt =
        way === 'create'
          ? await ada.post('/deals', { name: 'X', companyId })
          : await ada.patch(`/deals/${id}`, { companyId });
      expect(attempt).toMatchObject({
        status: 422,
        body: { code: 'company_not_found', errors: [{ in: 'body', path: 'companyId' }] },
      });
    }
    expect((await ada.get('/deals')).body.items).toHaveLength(1);
  });

  it('sees the change on its own timeline', async () => {
    const ada = crm.as();
    const companyId = (await ada.post('/companies', { name: 'Acme' })).body.id;
    const { id } = await createDeal(ada, { companyId });
    const [event] = await crm.eventsOf('deals', id);
    expect(event?.data.links).toEqual([{ entityType: 'company', entityId: companyId }]);
  });
});

describe('money', () => {
  it.each([
    [{ amount: 1.5, currency: 'USD' }, 'amount.amount'],
    [{ amount: -1, currency: 'USD' }, 'amount.amount'],
    [{ amount: 1e15, currency: 'USD' }, 'amount.amount'],
    [{ amount: 1, currency: 'usd' }, 'amount.currency'],
    [{ amount: 1 }, 'amount.currency'],
    [{ amount: 1, currency: 'USD', rate: 1 }, 'amount.rate'],
  ])('%j is refused', async (amount, path) => {
    const { status, body } = await crm.as().post('/deals', { name: 'X', amount });
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ path }]);
  });

  it('changes by the field that changed', async () => {
    const ada = crm.as();
    const { id } = await createDeal(ada, { amount: { amount: 100, currency: 'USD' } });
    await ada.patch(`/deals/${id}`, { amount: { amount: 250, currency: 'USD' } });
    const [, event] = await crm.eventsOf('deals', id);
    expect(event?.data.changes).toEqual([{ field: 'amount.amount', before: 100, after: 250 }]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { crashIn } from './crash.ts';
import { bodies, type Client, nobodysId, startCrm, type TestCrm } from './start-crm.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await startCrm();
});
afterAll(() => crm.stop());

const collection = (name: string) => crm.connection.getClient().db(crm.database).collection(name);
const countOf = (name: string, { claims }: Client) =>
  collection(name).countDocuments({ tenantId: claims.tenantId });

async function makeLead(client: Client, body: object = {}) {
  return (await client.post('/leads', { ...bodies.leads, companyName: 'Navy', ...body })).body as {
    id: string;
  };
}
const convert = (client: Client, id: string, body: object = {}, headers = {}) =>
  client.post(`/leads/${id}/convert`, body, headers);

describe('a conversion', () => {
  it('makes a deal and a company of a lead, which stays and says what it has become', async () => {
    const ada = crm.as();
    const lead = await makeLead(ada);
    const deal = { amount: { amount: 100, currency: 'EUR' }, stage: 'proposal' };
    const { status, body } = await convert(ada, lead.id, { deal, company: {} });
    expect({ status, body }).toMatchObject({ status: 200, body: { status: 'converted', version: 2 } });
    const made = (await ada.get(`/deals/${body.convertedTo.dealId}`)).body;
    expect(made).toMatchObject({ ...deal, name: 'Grace Hopper', companyId: body.convertedTo.companyId });
    expect((await ada.get(`/companies/${made.companyId}`)).body).toMatchObject({ name: 'Navy' });
    const [, event] = await crm.eventsOf('leads', lead.id);
    expect(event).toMatchObject({
      type: 'crm.lead.converted',
      data: {
        action: 'converted',
        links: [
          { entityType: 'deal', entityId: made.id },
          { entityType: 'company', entityId: made.companyId },
        ],
      },
    });
    const [created] = await crm.eventsOf('deals', made.id);
    expect(created?.data.context.operationId).toEqual(event?.data.context.operationId);
    expect(created?.data.context.operationId).toEqual(expect.any(String));
  });

  it('links a deal and a company that are there instead, and leaves them as they are', async () => {
    const ada = crm.as();
    const lead = await makeLead(ada);
    const { body: deal } = await ada.post('/deals', bodies.deals);
    const { body: company } = await ada.post('/companies', bodies.companies);
    const { body } = await convert(ada, lead.id, { deal: { id: deal.id }, company: { id: company.id } });
    expect(body.convertedTo).toEqual({ dealId: deal.id, companyId: company.id });
    expect((await ada.get(`/deals/${deal.id}`)).body.version).toBe(1);
    expect(await countOf('deals', ada)).toBe(1);
  });

  it('happens once, however many ask at once; the others learn what it has become', async () => {
    const ada = crm.as();
    const grace = crm.as({ tenantId: ada.claims.tenantId });
    const lead = await makeLead(ada);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        convert(n % 2 ? ada : grace, lead.id, { company: { name: `C${n}` } }),
      ),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const { status, body } of answers)
      if (status !== 200)
        expect({ status, body }).toMatchObject({
          status: 409,
          body: { code: 'lead_converted', convertedTo: won[0]?.body.convertedTo },
        });
    expect([await countOf('deals', ada), await countOf('companies', ada)]).toEqual([1, 1]);
  });

  it('repeated with its key is answered as before; the key with another body is refused', async () => {
    const ada = crm.as();
    const lead = await makeLead(ada);
    const key = { 'idempotency-key': 'once' };
    const answers = await Promise.all([1, 2, 3].map(() => convert(ada, lead.id, { company: {} }, key)));
    answers.push(await convert(ada, lead.id, { company: {} }, key));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.convertedTo?.dealId}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(200);
    expect((await convert(ada, lead.id, {}, key)).body.code).toBe('idempotency_key_reused');
    expect(await countOf('deals', ada)).toBe(1);
  });

  it('is for the owner, their manager and admins', async () => {
    const [tenantId, teamId] = [uuidv7(), uuidv7()];
    const sales = crm.as({ tenantId, teamId, role: 'sales' });
    const mate = crm.as({ tenantId, teamId, role: 'sales' });
    const lead = await makeLead(sales);
    for (const other of [mate, crm.as({ tenantId, teamId, role: 'viewer' })])
      expect((await convert(other, lead.id)).status).toBe(403);
    expect((await convert(crm.as(), lead.id)).status).toBe(404);
    const boss = crm.as({ tenantId, teamId, role: 'manager' });
    const { body } = await convert(boss, lead.id);
    expect((await sales.get(`/deals/${body.convertedTo.dealId}`)).body.ownerId).toBe(sales.claims.userId);
  });

  it('that cannot be is refused before anything is written', async () => {
    const ada = crm.as();
    const lead = await makeLead(ada, { companyName: null });
    const refusals = [
      [{ deal: { id: nobodysId() } }, {}, 422, 'deal_not_found'],
      [{ company: { id: nobodysId() } }, {}, 422, 'company_not_found'],
      [{ company: {} }, {}, 422, 'company_name_missing'],
      [{ deal: { stage: 'won' } }, {}, 400, 'invalid_request'],
      [{}, { 'if-match': '"7"' }, 412, 'version_mismatch'],
    ] as const;
    for (const [body, headers, status, code] of refusals)
      expect(await convert(ada, lead.id, body, headers)).toMatchObject({ status, body: { code } });
    expect([await countOf('deals', ada), await countOf('conversions', ada)]).toEqual([0, 0]);
    expect((await convert(ada, lead.id)).status).toBe(200);
  });

  it('is the only way to the status, and the end of changes', async () => {
    const ada = crm.as();
    const lead = await makeLead(ada);
    const status = { status: 'converted' };
    expect((await ada.patch(`/leads/${lead.id}`, status)).status).toBe(400);
    expect((await ada.post('/leads', { ...bodies.leads, ...status })).status).toBe(400);
    await convert(ada, lead.id);
    expect((await ada.patch(`/leads/${lead.id}`, { source: 'web' })).status).toBe(409);
  });
});

// A process is started for each of these.
const processTimeout = 120_000;

describe('a conversion that a kill cut off', () => {
  const points = ['convert.after-company', 'convert.after-deal', 'convert.after-lead'];

  it.each(points)(
    'at %s goes on when it is asked for again, with nothing doubled',
    async (failpoints) => {
      const ada = crm.as();
      const lead = await makeLead(ada);
      const request = { id: lead.id, body: { deal: { name: 'Ships' }, company: {} } };
      await crashIn(crm, ada, { act: 'convert', request, key: 'cut-off', failpoints });
      const { status, body } = await convert(ada, lead.id, { company: { name: 'Another' } });
      expect({ status, body }).toMatchObject({ status: 409, body: { code: 'lead_converted' } });
      expect((await ada.get(`/deals/${body.convertedTo.dealId}`)).body.name).toBe('Ships');
      expect([await countOf('deals', ada), await countOf('companies', ada)]).toEqual([1, 1]);
    },
    processTimeout,
  );

  it.each(points)(
    'at %s is carried out though nobody asks',
    async (failpoints) => {
      const ada = crm.as();
      const lead = await makeLead(ada);
      const request = { id: lead.id, body: { deal: {}, company: {} } };
      await crashIn(crm, ada, { act: 'convert', request, key: 'cut-off', failpoints });
      // What time does to the lease of the process that has died.
      await collection('conversions').updateMany({}, { $set: { leasedUntil: new Date(0) } });
      await eventually(async () => {
        const claim = await collection('conversions').findOne({ tenantId: ada.claims.tenantId });
        expect(claim).toMatchObject({ state: 'done' });
      }, 20_000);
      const { body } = await ada.get(`/leads/${lead.id}`);
      expect(body).toMatchObject({ status: 'converted', version: 2 });
      expect([await countOf('deals', ada), await countOf('companies', ada)]).toEqual([1, 1]);
      const events = await crm.eventsOf('leads', lead.id);
      expect(events.map(({ data }) => data.action)).toEqual(['created', 'converted']);
    },
    processTimeout,
  );

  it(
    'is given up when its lead has been deleted meanwhile',
    async () => {
      const ada = crm.as();
      const lead = await makeLead(ada);
      const request = { id: lead.id, body: { deal: {}, company: null } };
      await crashIn(crm, ada, { act: 'convert', request, key: 'x', failpoints: 'convert.after-company' });
      await ada.delete(`/leads/${lead.id}`);
      await collection('conversions').updateMany({}, { $set: { leasedUntil: new Date(0) } });
      await eventually(async () => expect(await countOf('conversions', ada)).toBe(0), 20_000);
    },
    processTimeout,
  );
});

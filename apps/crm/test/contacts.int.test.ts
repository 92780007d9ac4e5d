import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Client, nobodysId, startCrm, type TestCrm } from './start-crm.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await startCrm();
});
afterAll(() => crm.stop());

const at = (address: string) => ({ emails: [{ address }] });
const create = (client: Client, fields = {}, headers = {}) =>
  client.post('/contacts', { name: 'Grace Hopper', ...fields }, headers);

describe('a contact', () => {
  it('has addresses and numbers, of which the first address is the primary one unless told', async () => {
    const emails = [{ address: 'Grace@Example.com ' }, { address: 'g@home.example', label: 'home' }];
    const { status, body } = await create(crm.as(), {
      emails,
      phones: [{ number: '555 17', label: 'desk' }],
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      title: null,
      companyId: null,
      emails: [
        { address: 'grace@example.com', label: null, primary: true },
        { address: 'g@home.example', label: 'home', primary: false },
      ],
      phones: [{ number: '555 17', label: 'desk' }],
    });
  });

  it.each([
    [{ emails: [{ address: 'nobody' }] }, 'emails.0.address'],
    [{ emails: [{ address: 'a@b.example' }, { address: 'A@B.example' }] }, 'emails'],
    [
      {
        emails: [
          { address: 'a@b.example', primary: true },
          { address: 'c@b.example', primary: true },
        ],
      },
      'emails',
    ],
    [{ emails: Array.from({ length: 21 }, (_, index) => ({ address: `a${index}@b.example` })) }, 'emails'],
    [{ phones: [{ number: '' }] }, 'phones.0.number'],
    [{ companyId: 'x' }, 'companyId'],
  ])('is refused with 400 when it is malformed: %j', async (fields, path) => {
    expect(await create(crm.as(), fields)).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });

  it('belongs to a company that its writer may read, on whose timeline its changes are', async () => {
    const ada = crm.as();
    const company = (await ada.post('/companies', { name: 'Acme' })).body;
    const { body } = await create(ada, { companyId: company.id });
    const [event] = await crm.eventsOf('contacts', body.id);
    expect(event).toMatchObject({
      type: 'crm.contact.created',
      data: { links: [{ entityType: 'company', entityId: company.id }] },
    });
    for (const refused of [
      await create(ada, { companyId: nobodysId() }),
      await create(crm.as(), { companyId: company.id }),
      await ada.patch(`/contacts/${body.id}`, { companyId: nobodysId() }),
    ])
      expect(refused).toMatchObject({ status: 422, body: { code: 'company_not_found' } });
  });

  it('is found by any of its addresses, by company and by owner', async () => {
    const ada = crm.as();
    const company = (await ada.post('/companies', { name: 'Acme' })).body;
    const emails = [{ address: 'one@example.com' }, { address: 'two@example.com' }];
    const { body } = await create(ada, { emails, companyId: company.id });
    await create(crm.as({ tenantId: ada.claims.tenantId }), at('three@example.com'));
    for (const filter of ['email=TWO@example.com', `companyId=${company.id}`, `ownerId=${body.ownerId}`])
      expect((await ada.get(`/contacts?${filter}`)).body.items).toEqual([body]);
    expect((await ada.get('/contacts?email=four@example.com')).body.items).toEqual([]);
  });

  it('is shown to viewers without what is personal, who cannot search for it either', async () => {
    const ada = crm.as();
    const { body } = await create(ada, { ...at('grace@example.com'), phones: [{ number: '555' }] });
    const viewer = crm.as({ tenantId: ada.claims.tenantId, role: 'viewer' });
    expect((await viewer.get(`/contacts/${body.id}`)).body).toMatchObject({
      name: '***',
      emails: [],
      phones: [],
      masked: ['name', 'emails', 'phones', 'customFields'],
    });
    expect(await viewer.get('/contacts?email=grace@example.com')).toMatchObject({
      status: 403,
      body: { code: 'masked_field', fields: ['emails'] },
    });
  });
});

describe('a duplicate', () => {
  it('of a live contact with one of the addresses is refused with its id, or made on purpose', async () => {
    const ada = crm.as();
    const { body: first } = await create(ada, at('grace@example.com'));
    const again = { emails: [{ address: 'other@example.com' }, { address: 'GRACE@example.com' }] };
    expect(await create(ada, again)).toMatchObject({
      status: 409,
      body: { code: 'duplicate_contact', contactId: first.id },
    });
    expect((await create(ada, again, { 'x-allow-duplicate': 'true' })).status).toBe(201);
    expect((await create(ada, again, { 'x-allow-duplicate': 'yes' })).body.code).toBe(
      'invalid_allow_duplicate',
    );
    expect((await create(crm.as(), again)).status).toBe(201);
  });

  it('is no longer one when the other is deleted', async () => {
    const ada = crm.as();
    const { body: first } = await create(ada, at('grace@example.com'));
    await ada.delete(`/contacts/${first.id}`);
    expect((await create(ada, at('grace@example.com'))).status).toBe(201);
  });

  it('of a contact that the caller may not read is refused without its id', async () => {
    const ada = crm.as();
    await create(ada, at('grace@example.com'));
    const sales = crm.as({ tenantId: ada.claims.tenantId, role: 'sales' });
    const { status, body } = await create(sales, at('grace@example.com'));
    expect(status).toBe(409);
    expect(body).not.toHaveProperty('contactId');
  });

  it('is not what the repeat of a request makes', async () => {
    const ada = crm.as();
    const key = { 'idempotency-key': 'grace' };
    const first = await create(ada, at('grace@example.com'), key);
    expect(await create(ada, at('grace@example.com'), key)).toMatchObject({ status: 201, body: first.body });
    expect(await create(ada, at('admiral@example.com'), key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });
});

describe('the contacts of a deal', () => {
  it('are linked by its events and find it', async () => {
    const ada = crm.as();
    const grace = (await create(ada)).body.id as string;
    const alan = (await create(ada)).body.id as string;
    const { body: deal } = await ada.post('/deals', { name: 'Seats', contactIds: [grace, alan] });
    expect(deal.contactIds).toEqual([grace, alan]);
    expect((await ada.get(`/deals?contactId=${alan}`)).body.items).toEqual([deal]);
    const { body: changed } = await ada.patch(`/deals/${deal.id}`, { contactIds: [alan] });
    expect(changed).toMatchObject({ version: 2, contactIds: [alan] });
    const events = await crm.eventsOf('deals', deal.id);
    const links = [grace, alan].map((entityId) => ({ entityType: 'contact', entityId }));
    expect(events.map(({ data }) => data.links)).toEqual([links, links]);
  });

  it('are there and readable when they are named, and at most twenty, each once', async () => {
    const ada = crm.as();
    const { id } = (await create(ada)).body;
    const sales = crm.as({ tenantId: ada.claims.tenantId, role: 'sales' });
    for (const [who, contactIds] of [
      [ada, [id, nobodysId()]],
      [sales, [id]],
      [crm.as(), [id]],
    ] as const)
      expect(await who.post('/deals', { name: 'Seats', contactIds })).toMatchObject({
        status: 422,
        body: { code: 'contact_not_found', errors: [{ path: `contactIds.${contactIds.length - 1}` }] },
      });
    for (const contactIds of [[id, id], Array.from({ length: 21 }, nobodysId), ['x']])
      expect((await ada.post('/deals', { name: 'Seats', contactIds })).status).toBe(400);
  });

  it('may stay named after they are deleted', async () => {
    const ada = crm.as();
    const [gone, here] = [(await create(ada)).body.id, (await create(ada)).body.id];
    const { body: deal } = await ada.post('/deals', { name: 'Seats', contactIds: [gone] });
    await ada.delete(`/contacts/${gone}`);
    const contactIds = [gone, here];
    expect((await ada.patch(`/deals/${deal.id}`, { contactIds })).body.contactIds).toEqual(contactIds);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pipedesk/testing';
import { request } from 'node:http';
import { type Client, nobodysId, startCrm, type TestCrm } from './start-crm.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await startCrm();
});
afterAll(() => crm.stop());

const header = 'opportunity_id,product,account,deal_stage,close_value';

/** Lines of a deal file below its header. */
const deals = (...lines: string[]) => [header, ...lines, ''].join('\n');

async function upload(
  client: Client,
  csv: string,
  options: { query?: string; type?: string; key?: string } = {},
) {
  const { query = 'type=deals', type = 'text/csv', key } = options;
  const response = await fetch(`http://127.0.0.1:${crm.port}/imports?${query}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await crm.tokenFor(client.claims)}`,
      'content-type': type,
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: csv,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

interface ReportPage {
  items: { line: number; severity: string; reason: string }[];
  nextCursor: string | null;
}

async function reportsOf(client: Client, id: string, query = 'limit=100'): Promise<ReportPage> {
  return (await client.get(`/imports/${id}/reports?${query}`)).body as ReportPage;
}

const count = (collection: string, filter = {}) =>
  crm.connection.getClient().db(crm.database).collection(collection).countDocuments(filter);

describe('an import', () => {
  it('accepts a file at once and ends with every row imported or reported', async () => {
    const ada = crm.as();
    const csv = deals('A1,P,,Won,10', 'A2,P,,Thinking,10', 'A3,P,,Engaging,', 'A4,P', 'A5,P,,Won,1e5');
    const { body } = await ada.import('deals', csv);
    expect(body).toMatchObject({
      status: 'completed',
      operationId: body.id,
      rows: 5,
      processed: 5,
      imported: 2,
      rejected: 3,
      warnings: 2,
      failure: null,
    });
    const { items } = await reportsOf(ada, body.id);
    expect(items).toMatchObject([
      { line: 2, severity: 'warning', reason: 'has no account; imported without a company' },
      { line: 3, severity: 'error' },
      { line: 4, severity: 'warning' },
      { line: 5, severity: 'error', reason: 'has 2 values, the header names 5 columns' },
      { line: 6, severity: 'error', reason: 'value "1e5" is not an amount in USD' },
    ]);
  });

  it('joins its changes under one operation, as the person who brought the file', async () => {
    const ada = crm.as({ name: 'Ada' });
    const { body } = await ada.import('deals', deals('A1,P,,Won,10'));
    const deal = (await ada.get('/deals')).body.items[0];
    expect(deal).toMatchObject({ ownerId: ada.claims.userId, amount: { amount: 1000, currency: 'USD' } });
    const [created] = await crm.eventsOf('deals', deal.id);
    expect(created?.data).toMatchObject({
      actor: { name: 'Ada' },
      context: { operationId: body.id, ip: '127.0.0.1' },
    });
    const history = await crm.eventsOf('imports', body.id);
    expect(history.map(({ data }) => [data.version, data.action, data.after?.status])).toEqual([
      [1, 'created', 'running'],
      [2, 'updated', 'completed'],
    ]);
  });

  it('finds companies by name, of its own tenant only', async () => {
    await crm.as().import('companies', 'account\nForeign\n');
    const ada = crm.as();
    await ada.import('companies', 'account,employees\nAcme,12\nBad,many\n');
    const { body } = await ada.import('deals', deals('A1,P,Acme,Won,10', 'A2,P,Foreign,Won,10'));
    expect(body).toMatchObject({ imported: 1, rejected: 1 });
    const company = (await ada.get('/companies')).body.items[0];
    expect((await ada.get('/deals')).body.items).toMatchObject([{ companyId: company.id, name: 'Acme - P' }]);
  });

  it('leaves out doubles: in the file, across chunks, and of what the tenant has already', async () => {
    const ada = crm.as();
    const filler = Array.from({ length: 300 }, (_, n) => `F${n},P,,Won,1`);
    const { body } = await ada.import('deals', deals('A1,P,,Won,1', 'A1,P,,Won,1', ...filler, 'A1,P,,Won,1'));
    expect(body).toMatchObject({ imported: 301, rejected: 2 });
    const again = await ada.import('deals', deals('A1,P,,Won,1', 'B1,P,,Won,1'));
    expect(again.body).toMatchObject({ imported: 1, rejected: 1 });
    const { items } = await reportsOf(ada, again.body.id);
    expect(items).toMatchObject([
      { line: 2, severity: 'error', reason: 'externalId "A1" exists already' },
      { line: 3, severity: 'warning' },
    ]);
    expect(await count('deals', { tenantId: ada.claims.tenantId })).toBe(302);
  });

  it('reads money in the currency it was told', async () => {
    const ada = crm.as();
    const { body } = await ada.import('deals', deals('A1,P,,Won,1054', 'A2,P,,Won,10.5'), '&currency=JPY');
    expect(body).toMatchObject({ imported: 1, rejected: 1 });
    expect((await ada.get('/deals')).body.items[0].amount).toEqual({ amount: 1054, currency: 'JPY' });
  });

  it('of a header alone is complete at once', async () => {
    const { body } = await crm.as().import('deals', deals());
    expect(body).toMatchObject({ status: 'completed', rows: 0, imported: 0 });
  });
});

describe('a repeated upload', () => {
  it('with the same Idempotency-Key is the first import, even while that is running', async () => {
    const ada = crm.as();
    const csv = deals(...Array.from({ length: 600 }, (_, n) => `A${n},P,,Won,1`));
    const answers = await Promise.all([1, 2, 3].map(() => upload(ada, csv, { key: 'k' })));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const id = String(answers[0]?.body.id);
    await eventually(
      async () => expect((await ada.get(`/imports/${id}`)).body.status).toBe('completed'),
      20_000,
    );
    expect((await upload(ada, csv, { key: 'k' })).body).toMatchObject({ id, imported: 600 });
    expect(await count('deals', { tenantId: ada.claims.tenantId })).toBe(600);
    expect((await ada.get('/imports')).body.items).toHaveLength(1);
  });

  it('with the key of another file is refused with 422 and leaves nothing', async () => {
    const ada = crm.as();
    await upload(ada, deals('A1,P,,Won,1'), { key: 'k' });
    expect(await upload(ada, deals('B1,P,,Won,1'), { key: 'k' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    await eventually(async () => expect(await count('importchunks')).toBe(0));
    expect((await ada.get('/deals')).body.items).toMatchObject([{ externalId: 'A1' }]);
  });
});

describe('an upload', () => {
  it.each<[string, string, number, string]>([
    ['is empty', '', 400, 'csv_without_header'],
    ['lacks its columns', 'name,colour\nx,y\n', 400, 'csv_columns_missing'],
    ['names a column twice', 'stage,stage\nwon,won\n', 400, 'csv_header_ambiguous'],
    ['has a column name no database takes', 'stage,a\0b\nwon,x\n', 400, 'csv_header_unreadable'],
  ])('that %s is refused', async (_, csv, status, code) => {
    expect(await upload(crm.as(), csv)).toMatchObject({ status, body: { code } });
  });

  it('that is not UTF-8 is refused, however late it shows, and leaves nothing', async () => {
    const ada = crm.as();
    const rows = Array.from({ length: 2000 }, (_, n) => `A${n},P,,Won,1`);
    const bytes = Buffer.concat([Buffer.from(deals(...rows)), Buffer.from('A,caf\xe9,,Won,1\n', 'latin1')]);
    expect(await ada.import('deals', bytes)).toMatchObject({ status: 400, body: { code: 'csv_not_utf8' } });
    expect([await count('importchunks'), (await ada.get('/imports')).body.items]).toEqual([0, []]);
  });

  it.each([
    ['application/json', 'type=deals', 415],
    ['text/csv', 'type=users', 400],
    ['text/csv', 'type=deals&currency=dollars', 400],
    ['text/csv', 'type=deals&dry=1', 400],
    ['text/csv', '', 400],
  ])('as %s with ?%s answers %d', async (type, query, status) => {
    expect((await upload(crm.as(), deals(), { type, query })).status).toBe(status);
  });

  it('gets its answer although it is refused long before its end', async () => {
    const large = `name,colour\n${'x,y\n'.repeat(2_000_000)}`;
    expect(await upload(crm.as(), large)).toMatchObject({
      status: 400,
      body: { code: 'csv_columns_missing' },
    });
  });

  it('of more than 50 MB is refused with 413 and leaves nothing', async () => {
    const large = deals(`A1,${'x'.repeat(90_000)},,Won,1`.concat('\n').repeat(600));
    expect(await upload(crm.as(), large)).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
    expect(await count('importchunks')).toBe(0);
  }, 60_000);

  it('that is cut off leaves nothing', async () => {
    const ada = crm.as();
    const headers = {
      authorization: `Bearer ${await crm.tokenFor(ada.claims)}`,
      'content-type': 'text/csv',
      'content-length': '1000000',
    };
    const cut = request({ port: crm.port, method: 'POST', path: '/imports?type=deals', headers });
    cut.on('error', () => undefined);
    cut.write(deals(...Array.from({ length: 2000 }, (_, n) => `A${n},P,,Won,1`)));
    await eventually(async () => expect(await count('importchunks')).toBeGreaterThan(0));
    cut.destroy();
    await eventually(async () => expect(await count('importchunks')).toBe(0));
    expect((await ada.get('/imports')).body.items).toEqual([]);
    expect(await count('importjobs', { tenantId: ada.claims.tenantId })).toBe(0);
  });

  it('of wide rows fits the database however wide they are', async () => {
    const ada = crm.as();
    const rows = Array.from({ length: 300 }, (_, n) => `A${n},P,,Won,1,${'é'.repeat(60_000)}`);
    const { body } = await ada.import('deals', [`${header},remark`, ...rows].join('\n'));
    expect(body).toMatchObject({ status: 'completed', rows: 300, rejected: 300 });
    expect((await reportsOf(ada, body.id, 'limit=1')).items[0]?.reason).toContain('customFields.remark');
  }, 60_000);
});

describe('who may import', () => {
  it('admins and managers, not sales or viewers; nobody sees the imports of another tenant', async () => {
    const ada = crm.as();
    const { tenantId } = ada.claims;
    for (const role of ['sales', 'viewer'] as const) {
      const other = crm.as({ tenantId, role });
      expect((await upload(other, deals())).status).toBe(403);
      expect((await other.get('/imports')).status).toBe(403);
    }
    expect((await upload(crm.as({ tenantId, role: 'manager' }), deals())).status).toBe(202);
    const { body } = await ada.import('deals', deals('A1,P,,Nope,1'));
    const stranger = crm.as();
    for (const path of [`/imports/${body.id}`, `/imports/${body.id}/reports`])
      expect((await stranger.get(path)).status).toBe(404);
  });
});

describe('the reports of an import', () => {
  it('come in pages, in the order of their lines, each once', async () => {
    const ada = crm.as();
    const rows = Array.from({ length: 260 }, (_, n) => `A${n},P,,Nope,1`);
    const { body } = await ada.import('deals', deals(...rows));
    const lines: number[] = [];
    let cursor = '';
    do {
      const page = await reportsOf(
        ada,
        body.id,
        `limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      for (const { line } of page.items) lines.push(line);
      cursor = page.nextCursor ?? '';
    } while (cursor !== '');
    expect(lines).toEqual(Array.from({ length: 260 }, (_, n) => n + 2));
  });

  it('refuse the cursor of another import', async () => {
    const ada = crm.as();
    const csv = deals('A1,P,,Nope,1', 'A2,P,,Nope,1');
    const [one, other] = [await ada.import('deals', csv), await ada.import('deals', csv)];
    const { nextCursor } = await reportsOf(ada, one.body.id, 'limit=1');
    const answer = await ada.get(
      `/imports/${other.body.id}/reports?cursor=${encodeURIComponent(nextCursor ?? '')}`,
    );
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
    expect((await ada.get(`/imports/${nobodysId()}/reports`)).status).toBe(404);
  });
});

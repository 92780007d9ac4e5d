import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectMongo, createOutbox } from '@pipedesk/mongo';
import { createLogger } from '@pipedesk/service-kit';
import { given } from '@pipedesk/testing';
import { createCompanyRepository } from '../src/companies/company.model.ts';
import { createDealRepository, type DealRepository } from '../src/deals/deal.model.ts';
import { createChunkImporter } from '../src/imports/chunk-import.ts';
import { createImportJobs } from '../src/imports/import.jobs.ts';
import { createImportRepository } from '../src/imports/import.model.ts';
import { createImportRunner, type ImportRunner } from '../src/imports/import.runner.ts';
import { bodies, startCrm, type TestCrm } from './start-crm.ts';

let crm: TestCrm;
const open: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  crm = await startCrm();
  await crm.importRunner.close();
});
afterAll(async () => {
  for (const close of open.reverse()) await close();
  await crm.stop();
});

/** Lets nobody pass before everybody is there. */
function createBarrier(parties: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let here = 0;
  return async () => {
    if (++here >= parties) resolve();
    await promise;
  };
}

/** A replica that works on imports; between its look for doubles and its write it waits at the barrier. */
async function startWorker(barrier: () => Promise<void>): Promise<ImportRunner> {
  const log = createLogger('crm', 'silent');
  const connection = await connectMongo({ uri: given('MONGODB_URI'), database: crm.database, log });
  const store = { connection, outbox: createOutbox() };
  const deals = createDealRepository(store);
  const keysOf: DealRepository['keysOf'] = async (...wanted) => {
    const found = await deals.keysOf(...wanted);
    await barrier();
    return found;
  };
  const importChunk = createChunkImporter({
    companies: createCompanyRepository(store),
    deals: { ...deals, keysOf },
  });
  const imports = createImportRepository(store);
  const jobs = createImportJobs(connection);
  const runner = createImportRunner({ jobs, imports, importChunk, log, lookEvery: 50 });
  open.push(async () => {
    await runner.close();
    await connection.close();
  });
  return runner;
}

const csv = ['opportunity_id,product,account,deal_stage,close_value', 'A1,P,,Won,1', 'A2,P,,Won,2'].join(
  '\n',
);
const dealsOf = (tenantId: string) =>
  crm.connection
    .getClient()
    .db(crm.database)
    .collection('deals')
    .countDocuments({ tenantId, deletedAt: null });

describe('two imports of the same external ids at the same moment', () => {
  it('make every deal once: whoever comes second reports it, as if it had been there before', async () => {
    const ada = crm.as();
    const grace = crm.as({ tenantId: ada.claims.tenantId });
    const barrier = createBarrier(2);
    await Promise.all([startWorker(barrier), startWorker(barrier)]);
    const [one, other] = await Promise.all([ada.import('deals', csv), grace.import('deals', csv)]);
    for (const { body } of [one, other]) expect(body).toMatchObject({ status: 'completed', processed: 2 });
    expect(one.body.imported + other.body.imported).toBe(2);
    expect(one.body.rejected + other.body.rejected).toBe(2);
    const reports = await Promise.all([one, other].map(({ body }) => ada.get(`/imports/${body.id}/reports`)));
    const reasons = reports.flatMap(({ body }) => body.items as { severity: string; reason: string }[]);
    expect(
      reasons
        .filter(({ severity }) => severity === 'error')
        .map(({ reason }) => reason)
        .toSorted(),
    ).toEqual(['externalId "A1" exists already', 'externalId "A2" exists already']);
    expect(await dealsOf(ada.claims.tenantId)).toBe(2);
  });
});

describe('the external id of a deal', () => {
  const deal = (externalId: string | null) => ({ ...bodies.deals, externalId });

  it('is that of one deal of the tenant: 409, for a new deal, a change and a restoration alike', async () => {
    const ada = crm.as();
    const { body: first } = await ada.post('/deals', deal('X1'));
    expect(await ada.post('/deals', deal('X1'))).toMatchObject({
      status: 409,
      body: { code: 'duplicate_record' },
    });
    expect((await crm.as().post('/deals', deal('X1'))).status).toBe(201);
    const { body: second } = await ada.post('/deals', deal(null));
    expect((await ada.patch(`/deals/${second.id}`, { externalId: 'X1' })).status).toBe(409);
    await ada.delete(`/deals/${first.id}`);
    expect((await ada.patch(`/deals/${second.id}`, { externalId: 'X1' })).status).toBe(200);
    expect((await ada.post(`/deals/${first.id}/restore`, {})).status).toBe(409);
    await ada.patch(`/deals/${second.id}`, { externalId: null });
    expect((await ada.post(`/deals/${first.id}/restore`, {})).status).toBe(200);
  });

  it('is given once to many who ask at once, and a repeat with the same key is no second', async () => {
    const ada = crm.as();
    const key = { 'idempotency-key': 'the-deal' };
    const answers = await Promise.all([
      ...Array.from({ length: 6 }, () => ada.post('/deals', deal('Y1'), key)),
    ]);
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    const others = await Promise.all(Array.from({ length: 6 }, () => ada.post('/deals', deal('Y2'))));
    expect(others.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(others.filter(({ status }) => status === 409)).toHaveLength(5);
  });
});

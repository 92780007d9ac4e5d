import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectMongo, createOutbox } from '@pipedesk/mongo';
import { createLogger } from '@pipedesk/service-kit';
import { eventually, given } from '@pipedesk/testing';
import { createCompanyRepository } from '../src/companies/company.model.ts';
import { createDealRepository } from '../src/deals/deal.model.ts';
import { createChunkImporter } from '../src/imports/chunk-import.ts';
import { createImportJobs } from '../src/imports/import.jobs.ts';
import { createImportRepository } from '../src/imports/import.model.ts';
import { createImportRunner, type ImportRunner } from '../src/imports/import.runner.ts';
import { createImportService, type ImportService } from '../src/imports/import.service.ts';
import { type Client, startCrm, type TestCrm } from './start-crm.ts';

let crm: TestCrm;
/** Closes what a test has opened, newest first. */
const open: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  crm = await startCrm();
  // This service only accepts the files; the workers of the tests do the rest.
  await crm.importRunner.close();
});
afterAll(async () => {
  for (const close of open.reverse()) await close();
  await crm.stop();
});

type ImportChunk = ReturnType<typeof createChunkImporter>;

/** A replica of its own that works on imports; `around` may do something to each chunk. */
async function startWorker(
  around: (importChunk: ImportChunk) => ImportChunk = (importChunk) => importChunk,
): Promise<{ runner: ImportRunner; service: ImportService }> {
  const log = createLogger('crm', 'silent');
  const connection = await connectMongo({ uri: given('MONGODB_URI'), database: crm.database, log });
  const store = { connection, outbox: createOutbox() };
  const imports = createImportRepository(store);
  const jobs = createImportJobs(connection);
  const importChunk = createChunkImporter({
    companies: createCompanyRepository(store),
    deals: createDealRepository(store),
  });
  const runner = createImportRunner({ jobs, imports, importChunk: around(importChunk), log, lookEvery: 50 });
  open.push(async () => {
    await Promise.race([runner.close(), new Promise((resolve) => setTimeout(resolve, 1000))]);
    await connection.close();
  });
  return { runner, service: createImportService({ imports, jobs, runner }) };
}

const collection = (name: string) =>
  crm.connection.getClient().db(crm.database).collection<{ _id: string }>(name);

/** What time does to the lease of a worker that has died. */
const expireLeases = () => collection('importjobs').updateMany({}, { $set: { leasedUntil: new Date(0) } });

/** Every 10th of the rows is refused, every row warned about. */
function buildCsv(rows: number): string {
  const lines = Array.from({ length: rows }, (_, n) => `A${n},P,,${n % 10 === 9 ? 'Nope' : 'Won'},1`);
  return ['opportunity_id,product,account,deal_stage,close_value', ...lines].join('\n');
}

async function uploadCsv(client: Client, csv: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${crm.port}/imports?type=deals`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await crm.tokenFor(client.claims)}`, 'content-type': 'text/csv' },
    body: csv,
  });
  return ((await response.json()) as { id: string }).id;
}

/** Waits for the end; then nothing may be missing, doubled, or left over. */
async function expectWhole(client: Client, id: string, rows: number): Promise<void> {
  const rejected = Math.floor(rows / 10);
  const imported = rows - rejected;
  await eventually(async () => {
    const { body } = await client.get(`/imports/${id}`);
    expect(body).toMatchObject({
      status: 'completed',
      processed: rows,
      imported,
      rejected,
      warnings: imported,
    });
  }, 25_000);
  const deals = await collection('deals').find({ tenantId: client.claims.tenantId }).toArray();
  expect(new Set(deals.map((deal) => Reflect.get(deal, 'externalId') as string)).size).toBe(imported);
  expect(deals).toHaveLength(imported);
  expect(await collection('importreports').countDocuments({ importId: id })).toBe(rows);
  await eventually(async () =>
    expect(await collection('importchunks').countDocuments({ importId: id })).toBe(0),
  );
  const events = await crm.eventsOf('imports', id);
  expect(events.map(({ data }) => data.version)).toEqual([1, 2]);
}

const rows = 1000;

describe('an import', () => {
  it('goes on in another replica when its own is shut down between two chunks', async () => {
    const ada = crm.as();
    let done = 0;
    const first = await startWorker((importChunk) => async (...chunk) => {
      const result = await importChunk(...chunk);
      done++;
      return result;
    });
    const id = await uploadCsv(ada, buildCsv(rows));
    await eventually(() => expect(done).toBeGreaterThan(0));
    await first.runner.close();
    const halfway = (await ada.get(`/imports/${id}`)).body;
    expect(halfway).toMatchObject({ status: 'running', rows });
    expect(halfway.processed).toBeGreaterThan(0);
    expect(halfway.processed).toBeLessThan(rows);
    // No expiry here: a replica that leaves in order gives its lease back.
    const second = await startWorker();
    await expectWhole(ada, id, rows);
    await second.runner.close();
  });

  it.each(['before', 'after'])(
    'survives a crash %s a chunk was written, with nothing doubled',
    async (when) => {
      const ada = crm.as();
      let chunks = 0;
      const never = new Promise<never>(() => undefined);
      await startWorker((importChunk) => async (...chunk) => {
        chunks++;
        if (chunks < 2) return importChunk(...chunk);
        if (when === 'after') await importChunk(...chunk);
        return never;
      });
      const id = await uploadCsv(ada, buildCsv(rows));
      await eventually(() => expect(chunks).toBe(2));
      if (when === 'after')
        await eventually(async () =>
          expect(await collection('deals').countDocuments({ tenantId: ada.claims.tenantId })).toBe(450),
        );
      await expireLeases();
      const second = await startWorker();
      await expectWhole(ada, id, rows);
      await second.runner.close();
    },
  );

  it('is counted once although two replicas believe that it is theirs', async () => {
    const ada = crm.as();
    const slowly: (importChunk: ImportChunk) => ImportChunk =
      (importChunk) =>
      async (...chunk) => {
        await expireLeases();
        return importChunk(...chunk);
      };
    const workers = await Promise.all([startWorker(slowly), startWorker(slowly)]);
    const id = await uploadCsv(ada, buildCsv(rows));
    await expectWhole(ada, id, rows);
    for (const { runner } of workers) await runner.close();
  });

  it('whose acceptance was cut off is taken up when its record was written, and forgotten when not', async () => {
    const ada = crm.as();
    const id = await uploadCsv(ada, buildCsv(10));
    await collection('importjobs').updateOne(
      { _id: id },
      { $set: { state: 'staged', leasedUntil: new Date(0) } },
    );
    const job = await collection('importjobs').findOne({ _id: id });
    const orphan = { ...job, _id: crm.as().claims.userId };
    await collection('importjobs').insertOne(orphan);
    const { runner } = await startWorker();
    await expectWhole(ada, id, 10);
    await eventually(async () =>
      expect(await collection('importjobs').findOne({ _id: orphan._id })).toBeNull(),
    );
    await runner.close();
  });

  it('ends as failed, and says why, when its rows cannot be worked on', async () => {
    const ada = crm.as();
    const { runner } = await startWorker(() => async () => {
      await expireLeases();
      throw new Error('a defect in row 7');
    });
    const id = await uploadCsv(ada, buildCsv(10));
    await eventually(async () => {
      await expireLeases();
      expect((await ada.get(`/imports/${id}`)).body).toMatchObject({
        status: 'failed',
        failure: 'a defect in row 7',
        processed: 0,
      });
    });
    await runner.close();
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Import } from '@pipedesk/contracts';
import { generatePipeline, type Pipeline, pipelineFiles } from './pipeline-csv.ts';
import { type Client, startCrm, type TestCrm } from './start-crm.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await startCrm();
});
afterAll(() => crm.stop());

const dataRows = (csv: string) => csv.trim().split('\n').length - 1;
const count = (collection: string, client: Client, filter = {}) =>
  crm.connection
    .getClient()
    .db(crm.database)
    .collection(collection)
    .countDocuments({ tenantId: client.claims.tenantId, ...filter });

async function importPipeline(client: Client, { accounts, deals }: Pipeline) {
  const companies = await client.import('companies', accounts);
  expect(companies.body).toMatchObject({ status: 'completed', rows: dataRows(accounts), rejected: 0 });
  return (await client.import('deals', deals)).body as Import;
}

describe('a whole pipeline', () => {
  it('is imported: each row a deal or a report with line and reason, each deal with its event', async () => {
    const files = pipelineFiles();
    process.stdout.write(`importing ${files.source}\n`);
    const ada = crm.as();
    const body = await importPipeline(ada, files);
    const rows = dataRows(files.deals);
    expect(body).toMatchObject({ status: 'completed', rows, processed: rows, failure: null });
    expect(body.imported + body.rejected).toBe(rows);
    expect(body.imported).toBeGreaterThan(rows * 0.75);
    expect(await count('deals', ada)).toBe(body.imported);
    expect(await count('deals', ada, { _outbox: { $size: 1 } })).toBe(body.imported);
    expect(await count('importreports', ada, { severity: 'error' })).toBe(body.rejected);
    expect(await count('importreports', ada, { severity: 'warning' })).toBe(body.warnings);
    // Only closed deals have a close date, and each refers to a company of the tenant or to none.
    expect(await count('deals', ada, { stage: { $nin: ['won', 'lost'] }, closedOn: { $ne: null } })).toBe(0);
  }, 120_000);

  it('of 60,000 rows passes in memory that does not grow with it', async () => {
    const ada = crm.as();
    const { deals } = generatePipeline(60_000);
    let peak = 0;
    const started = process.memoryUsage().heapUsed;
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().heapUsed - started)), 20);
    const accepted = await upload(ada, deals);
    clearInterval(timer);
    expect(accepted).toMatchObject({ status: 'running', rows: 60_000 });
    // Its rows as objects take several times their bytes; a few chunks in flight do not. Garbage is in this figure too.
    expect(peak).toBeLessThan(150 * 1024 * 1024);
    const stored = crm.connection.getClient().db(crm.database).collection('importchunks');
    expect(await stored.countDocuments({ importId: accepted.id })).toBeGreaterThan(0);
  }, 120_000);
});

async function upload(client: Client, csv: string): Promise<{ id: string; status: string; rows: number }> {
  // Closed first, so that what is measured is the upload.
  await crm.importRunner.close();
  const response = await fetch(`http://127.0.0.1:${crm.port}/imports?type=deals`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await crm.tokenFor(client.claims)}`, 'content-type': 'text/csv' },
    body: csv,
  });
  return (await response.json()) as { id: string; status: string; rows: number };
}

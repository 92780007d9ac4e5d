import {
  calendarEventSchema,
  type Deal,
  dealPage,
  dealSchema,
  noteSchema,
  tokenSchema,
  unifiedTimelineSchema,
} from '@pipedesk/contracts';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, createApiClient } from '../api-client.ts';
import { serviceNames, servicePorts, urlOf } from '../services/service-environment.ts';
import type { ServiceName } from '../services/service-environment.ts';
import { incompleteDeals, readAudit } from './completeness.ts';
import { type Imported, importFile } from './import-file.ts';
import { describe, measureLag } from './latency.ts';
import { residentMemory } from './memory.ts';
import { auditLine, reportSummary, timelineLine } from './print.ts';
import { openSource } from './source.ts';

/**
 * `npm run demo [-- <csv or folder>]`: a day of a sales team through the gateway of the running stack, and at its end the
 * proof that audit has every change exactly once.
 */
const gateway = process.env['PIPEDESK_URL'] ?? urlOf(servicePorts, 'api-gateway');
const say = (line = '') => {
  console.log(line);
};
const heading = (text: string) => {
  say(`\n== ${text}`);
};

try {
  const isComplete = await demo(process.argv[2]);
  process.exitCode = isComplete ? 0 : 1;
} catch (error) {
  const isRefused = error instanceof TypeError && error.message === 'fetch failed';
  console.error(isRefused ? `Nothing answers at ${gateway}. Start the stack first: npm start` : error);
  process.exitCode = 1;
}

async function demo(path: string | undefined): Promise<boolean> {
  const source = openSource(path);
  const api = await signUp();

  heading(`Import: ${source.name}`);
  if (source.accounts !== null) await importWithProgress(api, 'companies', source.accounts);
  const imported = await importWithProgress(api, 'deals', source.opportunities);
  const isCaughtUp = await checkImport(api, imported);

  heading('A day of work: stages, amounts, notes, a meeting');
  const deals = await someDeals(api, 5);
  for (const deal of deals) await workOn(api, deal);
  say(`  worked on ${deals.length} deals`);

  const [shown] = deals;
  if (!shown) throw new Error('The import brought no deal to show.');
  await sleep(500);
  heading(`Timeline of ${shown.name}`);
  const timeline = await api.expect('GET', `/timeline/deal/${shown.id}?limit=20`, unifiedTimelineSchema);
  for (const event of timeline.upcoming)
    say(`  upcoming: ${event.startsAt.slice(0, 16).replace('T', ' ')} ${event.title}`);
  for (const item of timeline.items) say(timelineLine(item));

  heading('Its audit trail');
  for (const record of await readAudit(api, `/audit-logs/entity/deal/${shown.id}`)) say(auditLine(record));

  heading('Figures');
  say(`  import                          ${Math.round(imported.result.imported / imported.seconds)} deals/s`);
  const lag = await measureLag(api, shown, (changes) => changes === 100);
  say(`  PATCH /deals/:id                ${describe(lag.patch)}`);
  say(`  answer -> audit record, idle    ${describe(lag.audit)}`);
  say(`  answer -> timeline item, idle   ${describe(lag.timeline)}`);
  await printMemory();

  heading('Proof: audit versions of every changed deal are exactly 1..version');
  const incomplete = await incompleteDeals(
    api,
    deals.map(({ id }) => id),
  );
  for (const line of incomplete) say(`  MISSING ${line}`);
  if (incomplete.length === 0) say(`  ${deals.length} of ${deals.length} deals complete`);
  return isCaughtUp && incomplete.length === 0;
}

/** Every demo is a tenant of its own, so it can be run again and again. */
async function signUp(): Promise<ApiClient> {
  const api = createApiClient(gateway);
  const email = `demo-${randomUUID()}@example.com`;
  const body = { tenantName: 'Demo import', name: 'Ada Admin', email, password: randomUUID() };
  const { accessToken } = await api.expect('POST', '/auth/signup', tokenSchema, { body });
  return api.as(accessToken);
}

async function importWithProgress(
  api: ApiClient,
  type: 'companies' | 'deals',
  csv: string,
): Promise<Imported> {
  let told = 0;
  const imported = await importFile(api, type, csv, ({ processed, rows }) => {
    if (processed - told < 1_000) return;
    told = processed;
    say(`  ${processed} of ${rows} ${type} ...`);
  });
  const { result, seconds, reports } = imported;
  say(
    `  ${type}: ${result.imported} of ${result.rows} imported in ${seconds.toFixed(1)} s, ${result.rejected} rejected, ${result.warnings} warnings`,
  );
  for (const line of reportSummary(reports)) say(line);
  return imported;
}

/** Audit must hold one record for each imported deal, no more, no less, and soon. */
async function checkImport(api: ApiClient, { result }: Imported): Promise<boolean> {
  const began = performance.now();
  const last = await api.expect('GET', '/deals?limit=1', dealPage);
  const lastId = last.items[0]?.id ?? '';
  while (
    (await api.call('GET', `/audit-logs/deal:${lastId}:1`)).status !== 200 &&
    performance.now() - began < 60_000
  )
    await sleep(5);
  say(`  audit had the last deal ${Math.round(performance.now() - began)} ms after the import's end`);
  const records = await readAudit(api, `/audit-logs?operationId=${result.operationId}&entityType=deal`);
  const distinct = new Set(records.map(({ id }) => id));
  const isExact = records.length === result.imported && distinct.size === records.length;
  say(
    `  audit holds ${records.length} records for ${result.imported} imported deals: ${isExact ? 'exactly one each' : 'NOT ONE EACH'}`,
  );
  return isExact;
}

async function someDeals(api: ApiClient, count: number): Promise<Deal[]> {
  const page = await api.expect('GET', `/deals?stage=engaging&limit=${count}`, dealPage);
  return page.items;
}

async function workOn(api: ApiClient, deal: Deal): Promise<void> {
  const about = { entityType: 'deal', entityId: deal.id };
  await api.expect('POST', `/deals/${deal.id}/stage`, dealSchema, { body: { stage: 'proposal' } });
  await api.expect('PATCH', `/deals/${deal.id}`, dealSchema, {
    body: { amount: { amount: 480_000, currency: 'USD' } },
  });
  await api.expect('POST', '/notes', noteSchema, { body: { ...about, text: 'They want the annual plan.' } });
  await api.expect('POST', '/calendar/events', calendarEventSchema, {
    body: { ...nextMeeting(), links: [about] },
  });
  await api.expect('POST', `/deals/${deal.id}/stage`, dealSchema, { body: { stage: 'negotiation' } });
}

function nextMeeting() {
  const startsAt = new Date(Date.now() + 24 * 3_600_000);
  const endsAt = new Date(startsAt.getTime() + 3_600_000);
  return {
    title: 'Walk through the proposal',
    startsAt: startsAt.toISOString(),
    endsAt: endsAt.toISOString(),
  };
}

async function printMemory(): Promise<void> {
  const urls = Object.fromEntries(serviceNames.map((name) => [name, urlOf(servicePorts, name)])) as Record<
    ServiceName,
    string
  >;
  const parts = (await residentMemory(urls)).map(
    ([name, megabytes]) => `${name} ${megabytes === undefined ? '?' : Math.round(megabytes)}`,
  );
  say(`  memory after the import, MB     ${parts.join(', ')}`);
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditPage, dealPage, dealSchema, importSchema } from '@pipedesk/contracts';
import { type DedicatedBroker, startBroker } from '@pipedesk/local';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildDeal, eventually, type Person, signUp, startSystem, type System } from '../src/index.ts';

let broker: DedicatedBroker;
let system: System;
let admin: Person;

beforeAll(async () => {
  broker = await startBroker();
  system = await startSystem({ amqpUrl: broker.amqpUrl });
  admin = await signUp(system.api);
}, 120_000);
afterAll(async () => {
  await system?.close();
  await broker?.dispose();
}, 60_000);

/** Changes deals until told to stop; remembers for each the version of the last answer. */
function hammer(dealIds: string[]) {
  const answered = new Map<string, number>();
  let isStopped = false;
  const writers = dealIds.map(async (id) => {
    for (let amount = 1; !isStopped; amount++) {
      const answer = await admin.api
        .call('PATCH', `/deals/${id}`, { body: { amount: { amount, currency: 'USD' } } })
        .catch(() => null);
      if (answer?.status === 200) answered.set(id, (answer.body as { version: number }).version);
      else await sleep(50);
    }
  });
  return {
    answered,
    stop: async () => {
      isStopped = true;
      await Promise.all(writers);
    },
  };
}

const createDeals = (count: number) =>
  Promise.all(
    Array.from(
      { length: count },
      async () => (await admin.api.expect('POST', '/deals', dealSchema, { body: buildDeal() })).id,
    ),
  );

/** Every version of every deal is in audit exactly once, and none that was answered is missing. */
async function expectComplete(dealIds: string[], answered: Map<string, number>): Promise<void> {
  for (const id of dealIds) {
    const { version } = await eventually(() => admin.api.expect('GET', `/deals/${id}`, dealSchema), 30_000);
    expect(version).toBeGreaterThanOrEqual(answered.get(id) ?? 1);
    await eventually(async () => {
      expect(await auditedVersions(id)).toEqual(Array.from({ length: version }, (_, index) => index + 1));
    }, 40_000);
  }
}

async function auditedVersions(id: string): Promise<number[]> {
  const versions: number[] = [];
  for (let cursor = ''; ;) {
    const page = await admin.api.expect('GET', `/audit-logs/entity/deal/${id}?limit=100${cursor}`, auditPage);
    versions.push(...page.items.map(({ version }) => version));
    if (page.nextCursor === null) return versions.sort((a, b) => a - b);
    cursor = `&cursor=${page.nextCursor}`;
  }
}

describe('a crash', () => {
  it('of crm right after a write answers loses no change', async () => {
    const ids = await createDeals(4);
    for (const id of ids) {
      await admin.api.expect('PATCH', `/deals/${id}`, dealSchema, { body: { name: 'Last words' } });
      await system.services.kill('crm');
      await system.services.start('crm');
    }
    await expectComplete(ids, new Map(ids.map((id) => [id, 2])));
  }, 120_000);

  it('of crm under load loses and doubles nothing', async () => {
    const ids = await createDeals(4);
    const load = hammer(ids);
    for (let round = 0; round < 3; round++) {
      await sleep(700);
      await system.services.kill('crm');
      await system.services.start('crm');
    }
    await load.stop();
    await expectComplete(ids, load.answered);
  }, 120_000);

  it('of audit before it acknowledges loses and doubles nothing', async () => {
    const ids = await createDeals(4);
    const load = hammer(ids);
    for (let round = 0; round < 4; round++) {
      await sleep(500);
      await system.services.kill('audit');
      await system.services.start('audit');
    }
    await load.stop();
    await expectComplete(ids, load.answered);
  }, 120_000);

  it('of RabbitMQ during an import leaves every imported deal in audit exactly once', async () => {
    const rows = Array.from({ length: 3_000 }, (_, index) => `I${index},Won,${index + 1}`);
    const csv = ['opportunity_id,deal_stage,close_value', ...rows].join('\n');
    const started = await admin.api.expect('POST', '/imports?type=deals', importSchema, {
      text: csv,
      headers: { 'content-type': 'text/csv' },
    });
    await sleep(800);
    await broker.kill();
    await sleep(2_000);
    await broker.start();
    const ended = await eventually(async () => {
      const state = await admin.api.expect('GET', `/imports/${started.id}`, importSchema);
      expect(state.status).toBe('completed');
      return state;
    }, 60_000);
    expect(ended).toMatchObject({ rows: 3_000, imported: 3_000, rejected: 0 });
    await eventually(async () => {
      const ids = await auditedIds(`/audit-logs?operationId=${started.operationId}&entityType=deal`);
      expect([ids.length, new Set(ids).size]).toEqual([3_000, 3_000]);
    }, 90_000);
    expect((await admin.api.expect('GET', '/deals?limit=1&externalId=I2999', dealPage)).items).toHaveLength(
      1,
    );
  }, 240_000);
});

async function auditedIds(path: string): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ;) {
    const page = await admin.api.expect('GET', `${path}&limit=100${cursor}`, auditPage);
    ids.push(...page.items.map(({ id }) => id));
    if (page.nextCursor === null) return ids;
    cursor = `&cursor=${page.nextCursor}`;
  }
}

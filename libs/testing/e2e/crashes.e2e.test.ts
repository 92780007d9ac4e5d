import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditPage, dealPage, importSchema } from '@pipedesk/contracts';
import { type DedicatedBroker, startBroker } from '@pipedesk/local';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type Person, signUp, startSystem, type System } from '../src/index.ts';

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

describe('a crash', () => {
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

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectMongo, type Connection, migrate } from '@pipedesk/mongo';
import { createLogger } from '@pipedesk/service-kit';
import { buildEvent, given } from '@pipedesk/testing';
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { createAuditLogModels, createAuditLogRepository } from '../src/audit-logs/audit-log.model.ts';
import { createNewestSlices } from '../src/audit-logs/newest-slices.ts';
import { logOfEvent } from '../src/ingest/log-of-event.ts';
import { createLogStore } from '../src/ingest/log-store.ts';
import { migrations } from '../src/migrations.ts';

const limit = 20;
const minutes = 1_000;
const start = Date.UTC(2026, 0, 1);
const timeOf = (minute: number) => new Date(start + minute * 60_000).toISOString();

/** When a tenant's changes of the field came: all through its history, or in one wave. */
const waves: Record<string, (minute: number) => boolean> = {
  evenly: (minute) => minute % 3 === 0,
  'in the beginning only': (minute) => minute < 300,
  'at the end only': (minute) => minute >= 700,
};
const tenants = new Map(Object.keys(waves).map((name) => [name, uuidv7()]));

let connection: Connection;
beforeAll(async () => {
  const log = createLogger('audit', 'silent');
  const database = `audit_slices_${randomUUID().slice(0, 8)}`;
  connection = await connectMongo({ uri: given('MONGODB_URI'), database, log });
  await migrate(connection, migrations, log);
  const store = createLogStore(createAuditLogModels(connection));
  for (const [name, tenantId] of tenants) {
    const events = Array.from({ length: minutes }, (_, minute) =>
      buildEvent({
        tenantId,
        version: 2,
        time: timeOf(minute),
        changes: [{ field: waves[name]?.(minute) ? 'phase' : 'name', before: 'a', after: 'b' }],
      }),
    );
    await store.insert(events.map((event) => logOfEvent(event, new Date())));
  }
});
afterAll(async () => {
  await connection.dropDatabase();
  await connection.close();
});

describe.each([...tenants])('a list of a field that changed %s', (name, tenantId) => {
  const expected = Array.from({ length: minutes }, (_, minute) => minute)
    .filter((minute) => waves[name]?.(minute))
    .map(timeOf)
    .reverse();

  async function pages(range: { from?: string; to?: string }): Promise<string[]> {
    const logs = createAuditLogRepository(createAuditLogModels(connection.useDb(connection.name)));
    const times: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await logs.find(tenantId, { fields: 'phase' }, { ...range, after, limit });
      times.push(...page.map(({ time }) => time.toISOString()));
      if (page.length < limit) return times;
      after = page.at(-1)?.key;
    }
  }

  it('has every match once, newest first, page after page', async () => {
    expect(await pages({})).toEqual(expected);
  });

  it('has those of a range', async () => {
    const [from, to] = [timeOf(250), timeOf(800)];
    expect(await pages({ from, to })).toEqual(expected.filter((time) => time >= from && time < to));
  });
});

describe('the newest slice', () => {
  const edges = (tenantId: string, direction: 1 | -1) =>
    Promise.resolve(tenantId === 'empty' ? null : { time: new Date(timeOf(direction === 1 ? 0 : 1_000)) });
  const { sliceOf } = createNewestSlices(edges);
  const page = { limit: 20, matches: 600 };

  it('has three times as long as a page of matches should take', async () => {
    expect(await sliceOf('t', {}, page)).toEqual({ $gte: timeOf(900), $lt: '~' });
    const after = `${timeOf(500)}~deal:1`;
    expect(await sliceOf('t', { after }, page)).toEqual({ $gte: timeOf(400), $lt: after });
  });

  it.each([
    ['the matches are few', 't', {}, { limit: 20, matches: 60 }],
    ['the range is shorter', 't', { from: timeOf(950) }, page],
    ['the range ends near the first record', 't', { to: timeOf(50) }, page],
    ['there are no records', 'empty', {}, page],
  ])('is not worth it when %s', async (_what, tenantId, range, asked) => {
    expect(await sliceOf(tenantId, range, asked)).toBeUndefined();
  });

  it('asks for the ends of a history once, and anew after a failure', async () => {
    let asked = 0;
    const once = createNewestSlices((tenantId, direction) => {
      if (++asked <= 2) return Promise.reject(new Error('the database is away'));
      return edges(tenantId, direction);
    });
    // Nobody waits for what was only prepared: its failure is nobody's.
    once.prepare('t');
    await expect(once.sliceOf('t', {}, page)).rejects.toThrow('away');
    once.prepare('t');
    expect(await once.sliceOf('t', {}, page)).toEqual(await once.sliceOf('t', {}, page));
    expect(asked).toBe(4);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditGap, ChangeEvent } from '@pipedesk/contracts';
import { parseChangeEvent } from '@pipedesk/contracts';
import type { Connection, Outbox } from '../src/index.ts';
import {
  buildContext,
  buildDeal,
  type DealRepository,
  openDatabase,
  openDeals,
  outboxOf,
} from './fixture.ts';

let connection: Connection;
let close: () => Promise<void>;
let deals: DealRepository;
let outbox: Outbox;
const context = buildContext();

beforeAll(async () => {
  ({ connection, close } = await openDatabase());
  ({ deals, outbox } = await openDeals(connection));
});
afterAll(() => close());

/** The events of a deal at version 3, by version; the last is its deletion. */
async function history(): Promise<{ id: string; events: ChangeEvent[] }> {
  const { record } = await deals.create(context, buildDeal());
  await deals.change(context, record.id, {}, (deal) => (deal.probability = 50));
  await deals.remove(context, record.id, {});
  return { id: record.id, events: await outboxOf(connection, record.id) };
}

async function rebuild(
  gap: Pick<AuditGap, 'entityId' | 'version'> & Partial<AuditGap>,
): Promise<ChangeEvent> {
  const event = await outbox.reconstruct({ entityType: 'deal', before: null, after: null, ...gap }, 'crm');
  return parseChangeEvent(event);
}

describe('reconstructing', () => {
  it('tells a lost change from the versions beside it, and that it is reconstructed', async () => {
    const { id, events } = await history();
    const [first, second] = events;
    const { before = null } = second?.data ?? {};
    const rebuilt = await rebuild({ entityId: id, version: 2, before, after: second?.data.after ?? null });
    const { data, ...envelope } = rebuilt;
    expect({ ...envelope, data: { ...data, actor: null, context: null } }).toEqual({
      ...second,
      data: { ...second?.data, actor: null, context: null },
    });
    expect(data.actor).toEqual({ type: 'system', id: 'reconciler', name: 'Reconciler', role: null });
    expect(first?.data.after).toEqual(data.before);
  });

  it('tells the latest version from the record itself, deleted or not', async () => {
    const { id, events } = await history();
    const deletion = await rebuild({ entityId: id, version: 3, before: events[2]?.data.before ?? null });
    expect(deletion.data).toMatchObject({ action: 'deleted', before: events[2]?.data.before, after: null });
    const { record } = await deals.create(context, buildDeal());
    const creation = await rebuild({ entityId: record.id, version: 1 });
    expect(creation.data).toMatchObject({ action: 'created', before: null, after: record });
    expect(creation.data.changes).toEqual((await outboxOf(connection, record.id))[0]?.data.changes);
  });

  it('says nothing of what nobody knows', async () => {
    const { id } = await history();
    expect((await rebuild({ entityId: id, version: 2 })).data).toMatchObject({
      action: 'updated',
      before: null,
      after: null,
      changes: [],
    });
  });

  it('claims the versions of records without pending events only', async () => {
    const { id, events } = await history();
    const claimed = async () => {
      const found: { entityId: string; version: number }[] = [];
      for await (const page of outbox.settledRecords(1)) found.push(...page);
      return found.find(({ entityId }) => entityId === id)?.version;
    };
    expect(await claimed()).toBeUndefined();
    await outbox.remove(events.map((event) => event.id));
    expect(await claimed()).toBe(3);
  });
});

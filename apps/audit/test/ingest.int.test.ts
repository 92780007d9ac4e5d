import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { buildDealHistory, shuffled } from './deal-events.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
});
afterAll(() => audit.stop());

const versionsOf = async (entityId: string) => {
  const records = await audit.connection.collection('auditrecords').find({ entityId }).toArray();
  return records.map(({ version }) => Number(version)).sort((a, b) => a - b);
};
const reason = 'x-pipedesk-reason';

/** Resolves when everything published before it is settled: an event behind it has been stored. */
async function settled(): Promise<void> {
  const last = buildEvent();
  await audit.bus.publish(last);
  const [, id] = last.subject.split('/');
  for (;;) if ((await versionsOf(String(id))).length === 1) return;
}

describe('storing events', () => {
  it('keeps each once, however often and in whatever order it comes', async () => {
    const history = buildDealHistory(20);
    const entityId = String(history[0]?.subject.split('/')[1]);
    await audit.bus.publish(...shuffled([...history, ...history]));
    await audit.bus.publish(...shuffled(history));
    await settled();
    expect(await versionsOf(entityId)).toEqual(history.map(({ data }) => data.version));
    expect(await audit.bus.depth('audit.events.dead')).toBe(0);
  });

  it('takes a repeat with its members in another order for the same event', async () => {
    const event = buildEvent();
    const { data, ...envelope } = event;
    const reordered = { data: { ...data, actor: Object.fromEntries(Object.entries(data.actor).reverse()) } };
    await audit.bus.publish(event);
    await audit.bus.publishRaw(JSON.stringify({ ...reordered, ...envelope }), event.type);
    await settled();
    expect(await audit.bus.depth('audit.events.dead')).toBe(0);
  });

  it('dead-letters another event under a stored id and keeps the first', async () => {
    const event = buildEvent();
    const forged = { ...event, data: { ...event.data, after: { name: 'Forged' } } };
    await audit.bus.publish(event);
    await settled();
    await audit.bus.publish(forged);
    const [dead] = await audit.bus.take('audit.events.dead', 1);
    expect(dead?.headers[reason]).toBe(`another event is stored under the id ${event.id}`);
    expect(JSON.parse(dead?.content ?? '')).toEqual(forged);
    const stored = await audit.connection.collection('auditrecords').findOne({ tenantId: event.tenantid });
    expect(stored?.after).toEqual(event.data.after);
  });

  it('dead-letters an event with another tenant than the other versions of its record', async () => {
    const [first, second] = buildDealHistory(2);
    if (!first || !second) throw new Error('no history');
    await audit.bus.publish(first);
    await settled();
    await audit.bus.publish({ ...second, tenantid: uuidv7() });
    const [dead] = await audit.bus.take('audit.events.dead', 1);
    expect(dead?.headers[reason]).toContain('belongs to another tenant');
    await audit.bus.publish(second);
    await settled();
    expect(await versionsOf(String(first.subject.split('/')[1]))).toEqual([1, 2]);
  });

  it.each([
    ['bytes that are no JSON', '{"id":', 'crm.deal.updated', 'not JSON'],
    ['JSON that is no event', '{"id":"x"}', 'crm.deal.updated', 'does not match the contract'],
    [
      'an event under the type of another',
      JSON.stringify(buildEvent()),
      'crm.deal.deleted',
      'the message says',
    ],
    [
      'an event whose type names another record',
      JSON.stringify({ ...buildEvent(), type: 'auth.user.updated' }),
      'auth.user.updated',
      'does not belong to',
    ],
    [
      'a snapshot the database cannot hold',
      JSON.stringify(buildEvent({ after: { 'a\0b': 1 } })),
      'crm.deal.created',
      'must not contain null bytes',
    ],
  ])('dead-letters %s with the reason and goes on', async (_what, content, type, expected) => {
    await audit.bus.publishRaw(content, type);
    const [dead] = await audit.bus.take('audit.events.dead', 1);
    expect(dead?.headers[reason]).toContain(expected);
    expect(dead?.content).toBe(content);
    await settled();
  });

  it.each(['erasure', 'audit_access', 'audit_retention', 'audit_hold', 'audit_removal'] as const)(
    'dead-letters an event of its own (%s): those never come by the bus',
    async (entityType) => {
      const event = buildEvent({ entityType });
      await audit.bus.publish(event);
      const [dead] = await audit.bus.take('audit.events.dead', 1);
      expect(dead?.headers[reason]).toBe(`audit sends no ${event.type} over the bus`);
      await settled();
      expect(await versionsOf(String(event.subject.split('/')[1]))).toEqual([]);
    },
  );

  it('stores the good events of a batch beside the bad ones', async () => {
    const histories = Array.from({ length: 20 }, () => buildDealHistory(3));
    for (const history of histories) {
      const [first] = history;
      await audit.bus.publish(...history);
      await audit.bus.publish({ ...(first as NonNullable<typeof first>), source: '/forged' });
    }
    const dead = await audit.bus.take('audit.events.dead', 20);
    expect(dead).toHaveLength(20);
    await settled();
    for (const [first] of histories)
      expect(await versionsOf(String(first?.subject.split('/')[1]))).toEqual([1, 2, 3]);
  });
});

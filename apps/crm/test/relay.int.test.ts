import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChangeEvent, parseChangeEvent } from '@pipedesk/contracts';
import { type Consumer, createConsumer } from '@pipedesk/messaging';
import { createLogger, createMetrics } from '@pipedesk/service-kit';
import { eventually, openTestBus, type TestBus } from '@pipedesk/testing';
import { bodies, startCrm, type TestCrm } from './start-crm.ts';

let bus: TestBus;
let crm: TestCrm;
let audit: Consumer;
const received: ChangeEvent[] = [];
beforeAll(async () => {
  bus = await openTestBus();
  crm = await startCrm({ amqpUrl: bus.url });
  // Stands in for audit: only what it says it has stored leaves the outbox.
  audit = createConsumer({
    url: bus.url,
    queue: 'audit.events',
    settles: true,
    log: createLogger('test', 'silent'),
    metrics: createMetrics('test'),
    handle: (events) => {
      received.push(...events.map((event) => parseChangeEvent(event)));
      return Promise.resolve([]);
    },
    isTransient: () => false,
  });
});
afterAll(async () => {
  await audit.close();
  await crm.stop();
  await bus.close();
});

describe('with a broker', () => {
  it('every change is sent in version order, and leaves its record once audit has it', async () => {
    const ada = crm.as();
    const create = async () => (await ada.post('/deals', bodies.deals)).body as { id: string };
    // What is written before there is a connection goes by the sweep, which may come later than what is written after it.
    const first = await create();
    await eventually(async () => expect(await crm.eventsOf('deals', first.id)).toEqual([]));
    const { id } = await create();
    await ada.patch(`/deals/${id}`, { name: 'Renamed' });
    await ada.delete(`/deals/${id}`);
    await eventually(async () => expect(await crm.eventsOf('deals', id)).toEqual([]));
    const ids = received.map((event) => event.id).filter((each) => each.startsWith(`deal:${id}:`));
    expect(ids).toEqual([1, 2, 3].map((version) => `deal:${id}:${version}`));
  });

  it('an import leaves nothing behind in any outbox', async () => {
    const ada = crm.as();
    const rows = Array.from({ length: 600 }, (_, n) => `A${n},Won,1`);
    const { body } = await ada.import('deals', ['opportunity_id,stage,value', ...rows].join('\n'));
    expect(body).toMatchObject({ status: 'completed', imported: 600 });
    const db = crm.connection.getClient().db(crm.database);
    await eventually(async () => {
      for (const name of ['deals', 'imports'])
        expect(await db.collection(name).countDocuments({ _outboxAt: { $exists: true } })).toBe(0);
    }, 20_000);
    const { operationId } = body as { operationId: string };
    const imported = received.filter(({ data }) => data.context.operationId === operationId);
    expect(new Set(imported.map(({ id }) => id)).size).toBe(602);
  }, 60_000);
});

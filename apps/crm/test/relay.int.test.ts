import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseChangeEvent } from '@pipedesk/contracts';
import { eventually, openTestBus, type TestBus } from '@pipedesk/testing';
import { bodies, startCrm, type TestCrm } from './start-crm.ts';

let bus: TestBus;
let crm: TestCrm;
beforeAll(async () => {
  bus = await openTestBus();
  crm = await startCrm(bus.url);
});
afterAll(async () => {
  await crm.stop();
  await bus.close();
});

describe('with a broker', () => {
  it('every change is sent in version order, and leaves its record once the broker has it', async () => {
    const ada = crm.as();
    const { id } = (await ada.post('/deals', bodies.deals)).body as { id: string };
    await ada.patch(`/deals/${id}`, { name: 'Renamed' });
    await ada.delete(`/deals/${id}`);
    await eventually(async () => expect(await crm.eventsOf('deals', id)).toEqual([]));
    // audit's queue: its publishers declare it, and nobody empties it in this virtual host.
    const messages = await bus.take('audit.events', 3);
    const events = messages.map(({ content }) => parseChangeEvent(JSON.parse(content)));
    expect(events.map((event) => event.id)).toEqual([1, 2, 3].map((version) => `deal:${id}:${version}`));
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
    expect((await bus.take('audit.events', 602)).length).toBe(602);
  }, 60_000);
});

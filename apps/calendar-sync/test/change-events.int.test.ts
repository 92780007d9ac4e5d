import { type ChangeEvent, parseChangeEvent } from '@pipedesk/contracts';
import { createConsumer } from '@pipedesk/messaging';
import { createLogger, createMetrics } from '@pipedesk/service-kit';
import { eventually } from '@pipedesk/testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { buildMeeting } from './meetings.ts';
import { type Calendar, startCalendar } from './start-calendar.ts';
import { buildPerson } from './tokens.ts';

let calendar: Calendar;

beforeAll(async () => {
  calendar = await startCalendar();
});
afterAll(() => calendar.stop());

it('publishes every change of an event with before, after, actor, origin and links, and empties its outbox', async () => {
  const received: ChangeEvent[] = [];
  // Stands in for audit: only what it says it has stored leaves the outbox.
  const consumer = createConsumer({
    url: calendar.amqpUrl,
    queue: 'audit.events',
    settles: true,
    log: createLogger('test', 'silent'),
    metrics: createMetrics('test'),
    handle: (events) => {
      received.push(...events);
      return Promise.resolve([]);
    },
    isTransient: () => false,
  });
  const person = buildPerson();
  const [deal, lead] = [uuidv7(), uuidv7()];
  calendar.crm.know('deals', deal);
  calendar.crm.know('leads', lead);
  const onDeal = { entityType: 'deal', entityId: deal };
  const onLead = { entityType: 'lead', entityId: lead };

  const headers = { 'x-request-id': 'trace-me', 'user-agent': 'a test' };
  const options = { body: buildMeeting({ links: [onDeal] }), headers };
  const { body: event } = await calendar.request(person, 'POST', '/calendar/events', options);
  const path = `/calendar/events/${event.id}`;
  await calendar.request(person, 'PATCH', path, { body: { links: [onLead] } });
  await calendar.request(person, 'PATCH', path, { body: { links: [onLead] } });
  await calendar.request(person, 'DELETE', path);

  await eventually(() => {
    expect(received).toHaveLength(3);
  });
  // The bus promises no order: whatever is written before the broker is connected comes by the sweep.
  received.sort((a, b) => a.data.version - b.data.version);
  expect(received.map((one) => parseChangeEvent(one).type)).toEqual([
    'calendar.event.created',
    'calendar.event.updated',
    'calendar.event.deleted',
  ]);
  const [created, updated, deleted] = received;
  expect(created?.data).toMatchObject({
    before: null,
    after: { id: event.id, title: event.title },
    actor: { type: 'user', id: person.userId, name: 'Olga Organizer', role: 'admin' },
    context: { requestId: 'trace-me', userAgent: 'a test', source: 'calendar-sync' },
    links: [onDeal],
  });
  expect(JSON.stringify(created)).not.toContain('_startKey');
  expect(updated?.data).toMatchObject({
    version: 2,
    changes: [{ field: 'links.0', before: onDeal, after: onLead }],
    links: [onDeal, onLead],
  });
  expect(deleted?.data).toMatchObject({ version: 3, after: null, links: [onLead] });
  await eventually(async () => {
    const waiting = { _outboxAt: { $exists: true } };
    expect(await calendar.connection.collection('calendar_events').countDocuments(waiting)).toBe(0);
  });
  await consumer.close();
});

import type { CalendarEvent, TimelineItem } from '@pipedesk/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { buildMeeting } from './meetings.ts';
import { type Calendar, startCalendar } from './start-calendar.ts';
import { buildPerson, type Person } from './tokens.ts';

let calendar: Calendar;
const person = buildPerson();
const deal = uuidv7();
const days = Array.from({ length: 9 }, (_, index) => `2026-03-0${index + 1}`);
/** Created in another order than that of their start; every second one is linked to the deal. Two share a start. */
const starts = [5, 1, 9, 3, 7, 2, 8, 4, 6, 6].map((day) => `2026-03-0${day}T09:00:00.000Z`);

beforeAll(async () => {
  calendar = await startCalendar();
  calendar.crm.know('deals', deal);
  const links = [{ entityType: 'deal', entityId: deal }];
  for (const [index, startsAt] of starts.entries()) {
    const body = buildMeeting({ startsAt, title: `Meeting ${index}`, ...(index % 2 === 0 && { links }) });
    await calendar.request(person, 'POST', '/calendar/events', { body });
  }
});
afterAll(() => calendar.stop());

/** All pages of a list, two items at a time. */
async function readAll(query: string, asker: Person = person): Promise<CalendarEvent[]> {
  const items: CalendarEvent[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const path: string = `/calendar/events?limit=2&${query}${cursor && `&cursor=${cursor}`}`;
    const { status, body } = await calendar.request(asker, 'GET', path);
    expect(status).toBe(200);
    items.push(...(body.items as CalendarEvent[]));
    cursor = body.nextCursor as string | null;
  }
  return items;
}

const startDays = (items: { startsAt: string }[]) => items.map(({ startsAt }) => startsAt.slice(0, 10));

describe('the list of calendar events', () => {
  it('comes by start time, page by page, with nothing lost or doubled', async () => {
    const items = await readAll('');
    expect(startDays(items)).toEqual([...days.slice(0, 6), '2026-03-06', ...days.slice(6)]);
    expect(new Set(items.map(({ id }) => id)).size).toBe(10);
  });

  it('keeps to from and to on every page', async () => {
    const items = await readAll('from=2026-03-03T00:00:00Z&to=2026-03-06T09:00:00Z');
    expect(startDays(items)).toEqual(['2026-03-03', '2026-03-04', '2026-03-05']);
    expect(startDays(await readAll('from=2026-03-08T09:00:00Z'))).toEqual(['2026-03-08', '2026-03-09']);
    expect(startDays(await readAll('to=2026-03-03T00:00:00Z'))).toEqual(['2026-03-01', '2026-03-02']);
  });

  it('keeps to the events linked to one record', async () => {
    const items = await readAll(`entityType=deal&entityId=${deal}`);
    expect(startDays(items)).toEqual(['2026-03-05', '2026-03-06', '2026-03-07', '2026-03-08', '2026-03-09']);
    expect(await readAll(`entityType=lead&entityId=${deal}`)).toEqual([]);
  });

  it('moves an event when its start changes', async () => {
    const mover = buildPerson();
    const { body: event } = await calendar.request(mover, 'POST', '/calendar/events', {
      body: buildMeeting(),
    });
    await calendar.request(mover, 'POST', '/calendar/events', {
      body: buildMeeting({ startsAt: '2026-03-02T09:00:00Z', endsAt: '2026-03-02T10:00:00Z' }),
    });
    const later = { startsAt: '2026-03-03T09:00:00Z', endsAt: '2026-03-03T10:00:00Z' };
    await calendar.request(mover, 'PATCH', `/calendar/events/${event.id}`, { body: later });
    expect(startDays(await readAll('', mover))).toEqual(['2026-03-02', '2026-03-03']);
  });

  it.each([
    ['cursor=bm9wZQ', 'invalid_cursor'],
    ['limit=0', 'invalid_request'],
    ['from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z', 'invalid_request'],
    [`entityId=${deal}`, 'invalid_request'],
    ['owner=me', 'invalid_request'],
  ])('answers 400 to ?%s', async (query, code) => {
    const answer = await calendar.request(person, 'GET', `/calendar/events?${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code } });
  });

  it('does not take the cursor of a list with other filters', async () => {
    const { body } = await calendar.request(person, 'GET', '/calendar/events?limit=1');
    const path = `/calendar/events?limit=1&to=2026-03-09T00:00:00Z&cursor=${body.nextCursor}`;
    expect(await calendar.request(person, 'GET', path)).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor' },
    });
  });
});

describe('the activity feed of a record', () => {
  const feed = (query: string, asker: Person = person) =>
    calendar.request(asker, 'GET', `/internal/activity/deal/${deal}?${query}`);
  const itemDays = (items: TimelineItem[]) => items.map(({ at }) => at.slice(0, 10));

  it('gives its meetings newest first, from before a key on', async () => {
    const first = await feed('limit=2');
    expect(itemDays(first.body.items)).toEqual(['2026-03-09', '2026-03-08']);
    const rest = await feed(`limit=100&before=${first.body.items[1].key}`);
    expect(itemDays(rest.body.items)).toEqual(['2026-03-07', '2026-03-06', '2026-03-05']);
    expect(first.body.items[0]).toMatchObject({ kind: 'meeting', source: { entityType: 'calendar_event' } });
  });

  it("pages by the keys of other services' items too", async () => {
    const { body } = await feed('limit=100&before=2026-03-07T09:00:00.000Z~deal:x:1');
    expect(itemDays(body.items)).toEqual(['2026-03-07', '2026-03-06', '2026-03-05']);
  });

  it('is for whoever may read the record, as crm says', async () => {
    const viewer = buildPerson({ role: 'viewer', tenantId: person.tenantId });
    expect((await feed('limit=1', viewer)).body.items).toHaveLength(1);
    for (const status of [403, 404]) {
      const hidden = uuidv7();
      calendar.crm.know('deals', hidden, status);
      const answer = await calendar.request(person, 'GET', `/internal/activity/deal/${hidden}`);
      expect(answer.status).toBe(status);
    }
  });
});

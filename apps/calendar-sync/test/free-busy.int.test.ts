import type { BusySpan, FreeBusy } from '@pipedesk/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { buildMeeting } from './meetings.ts';
import { type Answer, type Calendar, startCalendar } from './start-calendar.ts';
import { buildPerson, type Person } from './tokens.ts';

let calendar: Calendar;
const busy = buildPerson({ role: 'sales' });
const idle = buildPerson({ role: 'sales', tenantId: busy.tenantId });
const viewer = buildPerson({ role: 'viewer', tenantId: busy.tenantId });
const march = (day: number, time: string) => `2026-03-0${day}T${time}:00.000Z`;

beforeAll(async () => {
  calendar = await startCalendar();
  const meetings: [string, string][] = [
    [march(1, '09:00'), march(1, '10:00')],
    [march(1, '09:30'), march(1, '11:00')],
    [march(2, '23:00'), march(3, '01:00')],
    [march(5, '08:00'), march(5, '09:00')],
  ];
  for (const [startsAt, endsAt] of meetings) await meet(busy, startsAt, endsAt);
});
afterAll(() => calendar.stop());

async function meet(person: Person, startsAt: string, endsAt: string): Promise<Answer> {
  const body = { ...buildMeeting({ startsAt, title: 'Secret plans' }), endsAt };
  const answer = await calendar.request(person, 'POST', '/calendar/events', { body });
  expect(answer.status).toBe(201);
  return answer;
}

const ask = (person: Person, query: Record<string, string>) =>
  calendar.request(person, 'GET', `/calendar/freebusy?${new URLSearchParams(query).toString()}`);
const days = { from: march(1, '00:00'), to: march(3, '00:00') };

describe('free and busy times', () => {
  it('are told to a viewer, joined and within the span, without what the meetings are about', async () => {
    const { status, body } = await ask(viewer, { ...days, userIds: [busy.userId, idle.userId].join(',') });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...days,
      users: [
        {
          userId: busy.userId,
          busy: [
            { startsAt: march(1, '09:00'), endsAt: march(1, '11:00') },
            { startsAt: march(2, '23:00'), endsAt: march(3, '00:00') },
          ],
        },
        { userId: idle.userId, busy: [] },
      ],
    });
  });

  it('follow a meeting that is moved or called off', async () => {
    const { body } = await meet(idle, march(1, '12:00'), march(1, '13:00'));
    const spans = async (): Promise<BusySpan[] | undefined> => {
      const told = (await ask(viewer, { ...days, userIds: idle.userId })).body as FreeBusy;
      return told.users[0]?.busy;
    };
    const path = `/calendar/events/${body.id}`;
    await calendar.request(idle, 'PATCH', path, { body: { endsAt: march(1, '14:00') } });
    expect(await spans()).toEqual([{ startsAt: march(1, '12:00'), endsAt: march(1, '14:00') }]);
    await calendar.request(idle, 'DELETE', path);
    expect(await spans()).toEqual([]);
  });

  it('of another tenant look like those of nobody', async () => {
    const { body } = await ask(buildPerson(), { ...days, userIds: busy.userId });
    expect(body.users).toEqual([{ userId: busy.userId, busy: [] }]);
  });

  it.each([
    ['no users', { ...days, userIds: '' }],
    ['somebody who is no user id', { ...days, userIds: 'me' }],
    ['more than 50 users', { ...days, userIds: Array.from({ length: 51 }, () => uuidv7()).join(',') }],
    ['a span that ends before it begins', { from: days.to, to: days.from, userIds: idle.userId }],
    ['more than 62 days', { from: days.from, to: '2026-06-01T00:00:00.000Z', userIds: idle.userId }],
    ['an unknown filter', { ...days, userIds: idle.userId, tenantId: busy.tenantId }],
  ])('refuse %s', async (_what, query) => {
    expect((await ask(viewer, query)).status).toBe(400);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { buildMeeting } from './meetings.ts';
import { type Calendar, startCalendar } from './start-calendar.ts';
import { buildPerson } from './tokens.ts';

let calendar: Calendar;

beforeAll(async () => {
  calendar = await startCalendar();
});
afterAll(() => calendar.stop());

describe('one calendar event', () => {
  it('belongs to its creator, and is read back as it was written', async () => {
    const olga = buildPerson({ role: 'sales', teamId: uuidv7(), name: 'Olga' });
    const body = buildMeeting({ attendees: [{ email: 'kim@example.com' }], location: 'Room 3' });
    const created = await calendar.request(olga, 'POST', '/calendar/events', { body });
    expect(created).toMatchObject({
      status: 201,
      body: {
        ...body,
        version: 1,
        organizerName: 'Olga',
        ownerId: olga.userId,
        teamId: olga.teamId,
        attendees: [{ email: 'kim@example.com', name: null }],
        links: [],
      },
    });
    expect(created.headers.get('etag')).toBe('"1"');
    const read = await calendar.request(olga, 'GET', `/calendar/events/${created.body.id}`);
    expect(read).toMatchObject({ status: 200, body: created.body });
  });

  it('keeps times in UTC, whatever offset they came with', async () => {
    const body = buildMeeting({ startsAt: '2026-03-01T10:00:00+01:00', endsAt: '2026-03-01T11:00:00+01:00' });
    const { body: event } = await calendar.request(buildPerson(), 'POST', '/calendar/events', { body });
    expect(event).toMatchObject({
      startsAt: '2026-03-01T09:00:00.000Z',
      endsAt: '2026-03-01T10:00:00.000Z',
    });
  });

  it('answers a repeated POST with the first event', async () => {
    const person = buildPerson();
    const options = { body: buildMeeting(), headers: { 'idempotency-key': 'same' } };
    const first = await calendar.request(person, 'POST', '/calendar/events', options);
    const second = await calendar.request(person, 'POST', '/calendar/events', options);
    expect(second.body.id).toBe(first.body.id);
  });

  it('is not changed over a version that somebody else has written', async () => {
    const person = buildPerson();
    const { body: event } = await calendar.request(person, 'POST', '/calendar/events', {
      body: buildMeeting(),
    });
    const path = `/calendar/events/${event.id}`;
    const changed = await calendar.request(person, 'PATCH', path, { body: { title: 'Moved' } });
    expect(changed).toMatchObject({ status: 200, body: { title: 'Moved', version: 2 } });
    const stale = { body: { title: 'Lost' }, headers: { 'if-match': '"1"' } };
    expect(await calendar.request(person, 'PATCH', path, stale)).toMatchObject({
      status: 412,
      body: { code: 'version_mismatch', currentVersion: 2 },
    });
  });

  it.each([
    [{ startsAt: '2026-03-01T12:00:00Z' }],
    [{ endsAt: '2026-03-01T08:00:00Z' }],
    [{ endsAt: '2026-03-01T09:00:00Z' }],
  ])('cannot be changed to end before it starts: %j', async (patch) => {
    const person = buildPerson();
    const { body: event } = await calendar.request(person, 'POST', '/calendar/events', {
      body: buildMeeting(),
    });
    const answer = await calendar.request(person, 'PATCH', `/calendar/events/${event.id}`, { body: patch });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'event_ends_before_start', errors: [{ in: 'body', path: 'endsAt' }] },
    });
  });

  it('is gone after it was deleted', async () => {
    const person = buildPerson();
    const { body: event } = await calendar.request(person, 'POST', '/calendar/events', {
      body: buildMeeting(),
    });
    const path = `/calendar/events/${event.id}`;
    expect(await calendar.request(person, 'DELETE', path)).toMatchObject({ status: 204, body: undefined });
    expect(await calendar.request(person, 'GET', path)).toMatchObject({
      status: 404,
      body: { code: 'calendar_event_not_found' },
    });
  });

  it.each([
    [{ title: '' }, 'title'],
    [{ endsAt: '2026-03-01T08:00:00Z' }, 'endsAt'],
    [{ startsAt: 'tomorrow' }, 'startsAt'],
    [{ tenantId: uuidv7() }, 'tenantId'],
    [{ links: [{ entityType: 'note', entityId: uuidv7() }] }, 'links.0.entityType'],
    [{ attendees: [{ email: { $gt: '' } }] }, 'attendees.0.email'],
  ])('refuses %j and names the field', async (wrong, path) => {
    const body = { ...buildMeeting(), ...wrong };
    const answer = await calendar.request(buildPerson(), 'POST', '/calendar/events', { body });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ path }));
  });
});

describe('who may', () => {
  it('viewers neither read nor write events', async () => {
    const viewer = buildPerson({ role: 'viewer' });
    const refused = { status: 403, body: { code: 'permission_denied' } };
    expect(await calendar.request(viewer, 'GET', '/calendar/events')).toMatchObject(refused);
    expect(
      await calendar.request(viewer, 'POST', '/calendar/events', { body: buildMeeting() }),
    ).toMatchObject(refused);
  });

  it('sales people see the events of their team and change their own', async () => {
    const [tenantId, teamId] = [uuidv7(), uuidv7()];
    const owner = buildPerson({ role: 'sales', tenantId, teamId });
    const colleague = buildPerson({ role: 'sales', tenantId, teamId });
    const stranger = buildPerson({ role: 'sales', tenantId, teamId: uuidv7() });
    const { body: event } = await calendar.request(owner, 'POST', '/calendar/events', {
      body: buildMeeting(),
    });
    const path = `/calendar/events/${event.id}`;
    const patch = { body: { title: 'Taken over' } };

    expect((await calendar.request(colleague, 'GET', path)).status).toBe(200);
    expect((await calendar.request(colleague, 'PATCH', path, patch)).status).toBe(403);
    expect((await calendar.request(colleague, 'DELETE', path)).status).toBe(403);
    expect((await calendar.request(stranger, 'GET', path)).status).toBe(403);
    const seen = await calendar.request(stranger, 'GET', '/calendar/events');
    expect(seen.body).toEqual({ items: [], nextCursor: null });
  });

  it("another tenant's events are not there", async () => {
    const { body: event } = await calendar.request(buildPerson(), 'POST', '/calendar/events', {
      body: buildMeeting(),
    });
    const intruder = buildPerson();
    const path = `/calendar/events/${event.id}`;
    for (const [method, body] of [['GET'], ['PATCH', { title: 'Mine' }], ['DELETE']] as const) {
      expect(await calendar.request(intruder, method, path, { body })).toMatchObject({ status: 404 });
    }
    expect((await calendar.request(intruder, 'GET', '/calendar/events')).body.items).toEqual([]);
  });
});

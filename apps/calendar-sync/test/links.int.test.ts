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

describe('links of a calendar event', () => {
  it("are looked up in crm with the caller's own token", async () => {
    const person = buildPerson();
    const [lead, deal, contact] = [uuidv7(), uuidv7(), uuidv7()];
    calendar.crm.know('leads', lead);
    calendar.crm.know('contacts', contact);
    calendar.crm.know('deals', deal);
    const links = [
      { entityType: 'lead', entityId: lead },
      { entityType: 'deal', entityId: deal },
      { entityType: 'contact', entityId: contact },
    ];
    const answer = await calendar.request(person, 'POST', '/calendar/events', {
      body: buildMeeting({ links }),
    });
    expect(answer).toMatchObject({ status: 201, body: { links } });
    const authorization = `Bearer ${person.token}`;
    expect(calendar.crm.requests).toEqual(
      expect.arrayContaining([
        { path: `/leads/${lead}`, authorization },
        { path: `/deals/${deal}`, authorization },
        { path: `/contacts/${contact}`, authorization },
      ]),
    );
  });

  it.each([404, 403])('that crm answers with %d are refused, naming the link', async (status) => {
    const [known, hidden] = [uuidv7(), uuidv7()];
    calendar.crm.know('companies', known);
    calendar.crm.know('deals', hidden, status);
    const links = [
      { entityType: 'company', entityId: known },
      { entityType: 'deal', entityId: hidden },
    ];
    const answer = await calendar.request(buildPerson(), 'POST', '/calendar/events', {
      body: buildMeeting({ links }),
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'link_not_found', errors: [{ in: 'body', path: 'links.1.entityId' }] },
    });
  });

  it('that stay are not looked up again when others are added', async () => {
    const person = buildPerson();
    const [old, added] = [uuidv7(), uuidv7()];
    calendar.crm.know('deals', old);
    const link = { entityType: 'deal', entityId: old };
    const { body: event } = await calendar.request(person, 'POST', '/calendar/events', {
      body: buildMeeting({ links: [link] }),
    });
    calendar.crm.know('deals', old, 404);
    const links = [link, { entityType: 'lead', entityId: added }];
    const path = `/calendar/events/${event.id}`;
    expect(await calendar.request(person, 'PATCH', path, { body: { links } })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'links.1.entityId' }] },
    });
    calendar.crm.know('leads', added);
    expect(await calendar.request(person, 'PATCH', path, { body: { links } })).toMatchObject({
      status: 200,
      body: { links },
    });
  });

  it('cannot be made while crm fails or is down, while all else goes on', async () => {
    const own = await startCalendar();
    try {
      const person = buildPerson();
      const entityId = uuidv7();
      own.crm.know('deals', entityId, 500);
      const body = buildMeeting({ links: [{ entityType: 'deal', entityId }] });
      const unavailable = { status: 503, body: { code: 'crm_unavailable' } };
      expect(await own.request(person, 'POST', '/calendar/events', { body })).toMatchObject(unavailable);
      await own.crm.stop();
      const answer = await own.request(person, 'POST', '/calendar/events', { body });
      expect(answer).toMatchObject(unavailable);
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
      expect((await own.request(person, 'GET', '/calendar/events')).body.items).toEqual([]);
      expect((await own.request(person, 'POST', '/calendar/events', { body: buildMeeting() })).status).toBe(
        201,
      );
    } finally {
      await own.stop();
    }
  });
});

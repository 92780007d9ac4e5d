import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditPage, dealSchema, noteSchema, unifiedTimelineSchema } from '@pipedesk/contracts';
import {
  addUser,
  buildDeal,
  eventually,
  type Person,
  signUp,
  startSystem,
  type System,
} from '../src/index.ts';

let system: System;
let admin: Person;

beforeAll(async () => {
  system = await startSystem();
  admin = await signUp(system.api);
}, 90_000);
afterAll(() => system?.close());

const createDeal = (who: Person, overrides = {}) =>
  who.api.expect('POST', '/deals', dealSchema, { body: buildDeal(overrides) });

async function auditOf(dealId: string, versions: number) {
  return eventually(async () => {
    const { items } = await admin.api.expect('GET', `/audit-logs/entity/deal/${dealId}`, auditPage);
    expect(items.map(({ version }) => version)).toEqual(
      Array.from({ length: versions }, (_, index) => versions - index),
    );
    return items;
  });
}

async function timelineOf(dealId: string, items: number) {
  return eventually(async () => {
    const timeline = await admin.api.expect('GET', `/timeline/deal/${dealId}`, unifiedTimelineSchema);
    expect(timeline.items).toHaveLength(items);
    return timeline;
  });
}

describe('the history of a deal', () => {
  it('has a change made through the gateway once in audit, with before, after, who and from where', async () => {
    const deal = await createDeal(admin);
    const answer = await admin.api.call('PATCH', `/deals/${deal.id}`, {
      body: { amount: { amount: 1_350_000, currency: 'USD' } },
      headers: {
        'user-agent': 'front-end/1.0',
        'x-request-id': 'request-of-the-test',
        'x-forwarded-for': '6.6.6.6',
      },
    });
    expect(answer).toMatchObject({ status: 200, body: { version: 2 } });

    const [change] = await auditOf(deal.id, 2);
    expect(change).toMatchObject({
      id: `deal:${deal.id}:2`,
      action: 'updated',
      actor: { type: 'user', id: admin.user.id, name: 'Ada Admin', role: 'admin' },
      before: { amount: { amount: 1_200_000 }, version: 1 },
      after: { amount: { amount: 1_350_000 }, version: 2 },
      changes: [{ field: 'amount.amount', before: 1_200_000, after: 1_350_000 }],
      context: {
        ip: '127.0.0.1',
        userAgent: 'front-end/1.0',
        requestId: 'request-of-the-test',
        source: 'crm',
      },
      deal: { stage: 'prospecting', amount: { amount: 1_350_000 } },
    });
  });

  it('shows changes, notes and meetings as one feed, newest first, beside the record and what is coming up', async () => {
    const deal = await createDeal(admin);
    const about = { entityType: 'deal', entityId: deal.id };
    const startsAt = new Date(Date.now() + 3_600_000).toISOString();
    const endsAt = new Date(Date.now() + 7_200_000).toISOString();
    await admin.api.expect('POST', `/deals/${deal.id}/stage`, dealSchema, { body: { stage: 'proposal' } });
    await admin.api.expect('POST', '/notes', noteSchema, {
      body: { ...about, text: 'They want the annual plan.' },
    });
    await admin.api.call('POST', '/calendar/events', {
      body: { title: 'Demo', startsAt, endsAt, links: [about] },
    });

    const timeline = await timelineOf(deal.id, 4);
    expect(timeline.items.map(({ kind }) => kind)).toEqual(['meeting', 'note', 'change', 'change']);
    expect(timeline.items.map(({ at }) => at)).toEqual(
      timeline.items
        .map(({ at }) => at)
        .toSorted()
        .reverse(),
    );
    expect(timeline).toMatchObject({
      mode: 'projected',
      entity: { id: deal.id, stage: 'proposal' },
      upcoming: [{ title: 'Demo' }],
    });
  });

  it('is the same while the projection is down, read live from the services that own it', async () => {
    const deal = await createDeal(admin);
    await admin.api.expect('POST', '/notes', noteSchema, {
      body: { entityType: 'deal', entityId: deal.id, text: 'Call back' },
    });
    const projected = await timelineOf(deal.id, 2);
    await auditOf(deal.id, 1);
    await system.services.stop('timeline');
    const live = await admin.api.expect('GET', `/timeline/deal/${deal.id}`, unifiedTimelineSchema);
    await system.services.start('timeline');
    expect(live.mode).toBe('live');
    expect(live.items).toEqual(projected.items);
  });
});

describe('who may see and change it', () => {
  it("answers another tenant's admin as if the deal did not exist", async () => {
    const deal = await createDeal(admin);
    await auditOf(deal.id, 1);
    const stranger = await signUp(system.api, 'Eve Elsewhere');
    for (const path of [
      `/deals/${deal.id}`,
      `/audit-logs/entity/deal/${deal.id}`,
      `/audit-logs/deal:${deal.id}:1`,
      `/timeline/deal/${deal.id}`,
    ]) {
      expect({ path, status: (await stranger.api.call('GET', path)).status }).toEqual({ path, status: 404 });
    }
    const patch = await stranger.api.call('PATCH', `/deals/${deal.id}`, { body: { name: 'Mine now' } });
    expect(patch.status).toBe(404);
    await auditOf(deal.id, 1);
  });

  it('asks for a token on every door', async () => {
    const { id } = await createDeal(admin);
    for (const path of [
      `/deals/${id}`,
      `/audit-logs/entity/deal/${id}`,
      `/timeline/deal/${id}`,
      '/users',
      '/calendar/events',
    ]) {
      const answer = await system.api.call('GET', path);
      expect({ path, status: answer.status, code: codeOf(answer.body) }).toEqual({
        path,
        status: 401,
        code: 'token_missing',
      });
    }
  });

  it('lets a viewer read but not write, at the gateway and at the service behind it', async () => {
    const deal = await createDeal(admin);
    const viewer = await addUser(admin, 'viewer');
    expect((await viewer.api.call('GET', `/deals/${deal.id}`)).status).toBe(200);
    const writes: [string, string, unknown][] = [
      ['PATCH', `/deals/${deal.id}`, { name: 'New name' }],
      ['DELETE', `/deals/${deal.id}`, undefined],
      ['POST', '/deals', buildDeal()],
      ['POST', '/notes', { entityType: 'deal', entityId: deal.id, text: 'x' }],
    ];
    for (const [method, path, body] of writes) {
      const answer = await viewer.api.call(method, path, { body });
      expect({ method, path, status: answer.status, code: codeOf(answer.body) }).toEqual({
        method,
        path,
        status: 403,
        code: 'permission_denied',
      });
    }
    await auditOf(deal.id, 1);
  });
});

function codeOf(body: unknown): unknown {
  return (body as { code?: unknown }).code;
}

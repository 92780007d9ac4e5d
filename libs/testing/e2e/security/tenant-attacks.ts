import { expect } from '@jest/globals';
import { type Attack, expectProblem } from './attack.ts';
import type { Door, Sent } from './wire.ts';
import { must, type World } from './world.ts';

const doors = ['crm', 'api-gateway'] as const;
const meeting = { title: 'x', startsAt: '2031-03-01T09:00:00Z', endsAt: '2031-03-01T10:00:00Z' };

/** The same answer at the service and at the gateway. */
async function expectAt(world: World, service: Door, status: number, sent: Sent): Promise<void> {
  for (const door of [service, 'api-gateway'] as const) {
    const answer = await world.wire.send(door, sent);
    expect({ door, ...sent, token: '', status: answer.status }).toEqual({ door, ...sent, token: '', status });
    if (status >= 400) expectProblem(door, answer);
  }
}

export const tenantAttacks: Attack[] = [
  {
    where: 'tenant',
    name: "another tenant's record in a body",
    expected: '422',
    run: async ({ wire, a, b, ...world }) => {
      const all = { wire, a, b, ...world };
      const { token } = a.members.admin;
      const links = [{ entityType: 'deal', entityId: b.records.deals.sales }];
      const post = { method: 'POST', token };
      await expectAt(all, 'crm', 422, {
        ...post,
        path: '/deals',
        body: { name: 'x', companyId: b.records.companies.sales },
      });
      await expectAt(all, 'crm', 422, { ...post, path: '/notes', body: { ...links[0], text: 'x' } });
      await expectAt(all, 'crm', 422, { ...post, path: '/tasks', body: { ...links[0], title: 'x' } });
      await expectAt(all, 'calendar-sync', 422, {
        ...post,
        path: '/calendar/events',
        body: { ...meeting, links },
      });
      const patch = { method: 'PATCH', token };
      await expectAt(all, 'crm', 422, {
        ...patch,
        path: `/deals/${a.records.deals.admin}`,
        body: { companyId: b.records.companies.sales },
      });
      await expectAt(all, 'calendar-sync', 422, {
        ...patch,
        path: `/calendar/events/${a.records.events.admin}`,
        body: { links },
      });
    },
  },
  {
    where: 'tenant',
    name: 'tenantId in the body or in the query',
    expected: '400',
    run: async (world) => {
      const { token } = world.a.members.admin;
      const tenantId = world.b.id;
      await expectAt(world, 'crm', 400, {
        method: 'POST',
        path: '/deals',
        token,
        body: { name: 'x', tenantId },
      });
      await expectAt(world, 'crm', 400, { path: `/deals?tenantId=${tenantId}`, token });
      await expectAt(world, 'crm', 400, { path: `/leads?tenantid=${tenantId}`, token });
      await expectAt(world, 'audit', 400, { path: `/audit-logs?tenantId=${tenantId}`, token });
      await expectAt(world, 'auth', 400, { path: `/users?tenantId=${tenantId}`, token });
      await expectAt(world, 'calendar-sync', 400, { path: `/calendar/events?tenantId=${tenantId}`, token });
    },
  },
  {
    where: 'tenant',
    name: "lists and look-ups with another tenant's ids as filters",
    expected: 'no rows',
    run: async (world) => {
      const { token } = world.a.members.admin;
      const { records, members } = world.b;
      const queries: [Door, string][] = [
        ['crm', `/deals?ownerId=${members.sales.id}`],
        ['crm', `/deals?companyId=${records.companies.sales}`],
        ['crm', `/leads?ownerId=${members.sales.id}`],
        ['crm', `/companies?ownerId=${members.sales.id}`],
        ['audit', `/audit-logs?entityId=${records.deals.sales}`],
        ['audit', `/audit-logs?userId=${members.sales.id}`],
        ['calendar-sync', `/calendar/events?entityType=deal&entityId=${records.deals.sales}`],
      ];
      for (const [service, path] of queries)
        for (const door of [service, 'api-gateway'] as const) {
          const { body } = await must(world.wire, door, 200, { path, token });
          expect({ path, items: (body as { items: unknown[] }).items }).toEqual({ path, items: [] });
        }
    },
  },
  {
    where: 'tenant',
    name: "another tenant's cursor",
    expected: '400',
    run: async (world) => {
      const { a, b, wire } = world;
      const lists: [Door, string][] = [
        ['crm', '/deals?limit=1'],
        ['crm', '/leads?limit=1'],
        ['crm', '/companies?limit=1'],
        ['calendar-sync', '/calendar/events?limit=1'],
        ['audit', '/audit-logs?limit=1'],
        ['auth', '/users?limit=1'],
      ];
      for (const [service, path] of lists) {
        const page = await must(wire, service, 200, { path, token: b.members.admin.token });
        const { nextCursor } = page.body as { nextCursor: string };
        expect(nextCursor).toEqual(expect.any(String));
        await expectAt(world, service, 400, {
          path: `${path}&cursor=${nextCursor}`,
          token: a.members.admin.token,
        });
      }
    },
  },
  {
    where: 'tenant',
    name: "another tenant's idempotency key",
    expected: 'a miss: a record of its own',
    run: async (world) => {
      for (const door of doors) {
        const headers = { 'idempotency-key': `key-${door}` };
        const create = (token: string) =>
          must(world.wire, door, 201, {
            method: 'POST',
            path: '/companies',
            token,
            headers,
            body: { name: 'Keyed' },
          });
        const theirs = (await create(world.b.members.sales.token)).body as { id: string };
        const ours = (await create(world.a.members.sales.token)).body as { id: string };
        expect(ours.id).not.toBe(theirs.id);
        const path = `/companies/${ours.id}`;
        await must(world.wire, door, 200, { path, token: world.a.members.sales.token });
        await must(world.wire, door, 404, { path, token: world.b.members.admin.token });
      }
    },
  },
  {
    where: 'tenant',
    name: "a token of one's own with another tenant's tid",
    expected: '401 or 404, nothing shown',
    run: async (world) => {
      const [head, payload = '', signature] = world.a.members.admin.token.split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
      const forged = Buffer.from(JSON.stringify({ ...claims, tid: world.b.id })).toString('base64url');
      await expectAt(world, 'crm', 401, {
        path: `/deals/${world.b.records.deals.sales}`,
        token: [head, forged, signature].join('.'),
      });
    },
  },
  {
    where: 'tenant',
    name: "audit and timeline of another tenant's records, by every role",
    expected: '404, or 403 for roles without the right',
    run: async (world) => {
      const deal = world.b.records.deals.sales;
      for (const { token } of Object.values(world.a.members))
        for (const path of [
          `/timeline/deal/${deal}`,
          `/audit-logs/entity/deal/${deal}`,
          `/audit-logs/deal:${deal}:1`,
        ])
          expect([403, 404]).toContain((await world.wire.send('api-gateway', { path, token })).status);
    },
  },
];

import { expect } from '@jest/globals';
import type { Attack } from './attack.ts';
import type { Door } from './wire.ts';
import { type Member, must, type World } from './world.ts';

const both = (service: Door) => [service, 'api-gateway'] as const;

async function patch(world: World, door: Door, { token }: Member, path: string, body: object) {
  return world.wire.send(door, { method: 'PATCH', path, token, body });
}

export const rightAttacks: Attack[] = [
  {
    where: 'RBAC',
    name: "raising one's own role",
    expected: '403',
    run: async (world) => {
      for (const part of ['viewer', 'sales', 'manager'] as const)
        for (const door of both('auth')) {
          const member = world.a.members[part];
          expect((await patch(world, door, member, `/users/${member.id}`, { role: 'admin' })).status).toBe(
            403,
          );
        }
    },
  },
  {
    where: 'RBAC',
    name: 'ownerId, teamId, version or id in a body',
    expected: '400: they are no fields of a body',
    run: async (world) => {
      const { sales, outsider } = world.a.members;
      const path = `/deals/${world.a.records.deals.sales}`;
      for (const field of ['ownerId', 'teamId', 'version', 'id', 'createdAt', '_outbox', 'deletedAt'])
        for (const door of both('crm')) {
          expect((await patch(world, door, sales, path, { [field]: outsider.id })).status).toBe(400);
          const body = { name: 'x', [field]: outsider.id };
          const created = await world.wire.send(door, {
            method: 'POST',
            path: '/deals',
            token: sales.token,
            body,
          });
          expect(created.status).toBe(400);
        }
    },
  },
  {
    where: 'RBAC',
    name: 'the amount of a closed deal, by its owner',
    expected: '403',
    run: async (world) => {
      const path = `/deals/${world.a.records.closedDeals.sales}`;
      const amount = { amount: 1, currency: 'USD' };
      for (const door of both('crm')) {
        const { sales } = world.a.members;
        const answer = await patch(world, door, sales, path, { amount });
        expect(answer).toMatchObject({ status: 403, body: { permission: 'deals:edit_closed' } });
        const moved = await world.wire.send(door, {
          method: 'POST',
          path: `${path}/stage`,
          token: sales.token,
          body: { stage: 'engaging' },
        });
        expect(moved.status).toBe(403);
      }
    },
  },
  {
    where: 'RBAC',
    name: 'the last admin demoted or disabled',
    expected: '409',
    run: async (world) => {
      const { admin } = world.b.members;
      for (const door of both('auth'))
        for (const body of [{ role: 'viewer' }, { status: 'disabled' }])
          expect((await patch(world, door, admin, `/users/${admin.id}`, body)).status).toBe(409);
    },
  },
  {
    where: 'RBAC',
    name: 'sort or filter by a field the role does not see',
    expected: '400, or 403 where other roles may',
    run: async (world) => {
      const { token } = world.a.members.viewer;
      const queries = [
        '/deals?amount=77123456',
        '/deals?sort=amount',
        '/deals?orderBy=-amount',
        '/leads?email=x@example.com',
        '/contacts?email=x@example.com',
        '/leads?sort=name',
        '/leads?phone=555',
      ];
      for (const path of queries)
        for (const door of both('crm'))
          expect([400, 403]).toContain((await world.wire.send(door, { path, token })).status);
    },
  },
  {
    where: 'RBAC',
    name: 'reading masked fields: records, lists, timelines, live feeds',
    expected: 'masked everywhere',
    run: expectMasked,
  },
  {
    where: 'RBAC',
    name: 'a refusal that does not say which rule refused',
    expected: '403 with the permission',
    run: async (world) => {
      const { token } = world.a.members.viewer;
      const refusals: [Door, string, string][] = [
        ['crm', '/imports', 'imports:read'],
        ['audit', '/audit-logs', 'audit:list'],
        ['calendar-sync', '/calendar/events', 'calendar:read'],
      ];
      for (const [service, path, permission] of refusals)
        for (const door of both(service))
          expect(await world.wire.send(door, { path, token })).toMatchObject({
            status: 403,
            body: { code: 'permission_denied', permission },
          });
    },
  },
  {
    where: 'RBAC',
    name: "what others did, in the audit log of one's own record",
    expected: 'own actions only',
    run: async (world) => {
      const { sales, manager } = world.a.members;
      const deal = world.a.records.deals.sales;
      await must(world.wire, 'crm', 200, {
        method: 'PATCH',
        path: `/deals/${deal}`,
        token: manager.token,
        body: { product: 'By a manager' },
      });
      for (const door of both('audit')) {
        const { body } = await must(world.wire, door, 200, {
          path: `/audit-logs/entity/deal/${deal}`,
          token: sales.token,
        });
        const { items } = body as { items: { actor: { id: string } }[] };
        expect(new Set(items.map(({ actor }) => actor.id))).toEqual(new Set([sales.id]));
      }
    },
  },
  {
    where: 'RBAC',
    name: "another team's deals on the timeline of one's own company",
    expected: 'without title, changes and text',
    run: expectForeignTeamsHidden,
  },
];

/** The values are written by the world's own creations. */
async function expectMasked(world: World): Promise<void> {
  const { token } = world.a.members.viewer;
  const { contacts, deals, leads, companies, events } = world.a.records;
  const paths: [Door, string][] = [
    ['crm', `/deals/${deals.sales}`],
    ['crm', '/deals?limit=100'],
    ['crm', `/leads/${leads.sales}`],
    ['crm', '/leads?limit=100'],
    ['crm', `/companies/${companies.sales}`],
    ['crm', `/contacts/${contacts.sales}`],
    ['crm', '/contacts?limit=100'],
    ['timeline', `/timeline/contact/${contacts.sales}`],
    ['timeline', `/timeline/deal/${deals.sales}`],
    ['timeline', `/timeline/lead/${leads.sales}`],
    ['api-gateway', `/timeline/lead/${leads.sales}`],
    ['api-gateway', `/timeline/deal/${deals.sales}`],
  ];
  const feeds = (['crm', 'audit', 'calendar-sync'] as const).map((door): [Door, string] => [
    door,
    `/internal/activity/deal/${deals.sales}`,
  ]);
  const secrets = [
    '77123456',
    `lead@${world.a.canary}`,
    `555 ${world.a.canary}`,
    `"secret":"${world.a.canary}`,
  ];
  for (const [door, path] of [...paths, ...feeds]) {
    const { text } = await must(world.wire, door, 200, { path, token });
    expect({ door, path, shown: secrets.filter((secret) => text.includes(secret)) }).toEqual({
      door,
      path,
      shown: [],
    });
  }
  const whole = await must(world.wire, 'crm', 200, {
    path: `/deals/${deals.sales}`,
    token: world.a.members.sales.token,
  });
  expect(whole.text).toContain('77123456');
  const lead = await must(world.wire, 'crm', 200, { path: `/leads/${leads.sales}`, token });
  expect(lead.body).toMatchObject({
    name: '***',
    email: null,
    phone: null,
    masked: expect.arrayContaining(['name', 'email']),
  });
  expect(events.sales).toBeDefined();
}

/** A company of the own team with a deal of another team's: the deal's history is on the company's timeline. */
async function expectForeignTeamsHidden(world: World): Promise<void> {
  const { sales, outsider, admin } = world.a.members;
  const { wire } = world;
  const post = (path: string, { token }: Member, body: object) =>
    must(wire, 'crm', 201, { method: 'POST', path, token, body });
  const company = (await post('/companies', sales, { name: 'Shared' })).body as { id: string };
  const secret = `unshared${world.a.canary}`;
  // Only whoever may read the company can link to it; an admin hands the outsider's deal over.
  const deal = (
    await post('/deals', outsider, { name: secret, amount: { amount: 91_234_567, currency: 'USD' } })
  ).body as { id: string };
  await must(wire, 'crm', 200, {
    method: 'PATCH',
    path: `/deals/${deal.id}`,
    token: admin.token,
    body: { companyId: company.id },
  });
  await must(wire, 'crm', 200, {
    method: 'PATCH',
    path: `/deals/${deal.id}`,
    token: admin.token,
    body: { amount: { amount: 91_234_568, currency: 'USD' } },
  });
  const { eventually } = await import('../../src/index.ts');
  for (const [door, path] of [
    ['timeline', `/timeline/company/${company.id}`],
    ['api-gateway', `/timeline/company/${company.id}`],
    ['audit', `/internal/activity/company/${company.id}`],
  ] as const) {
    await eventually(async () => {
      const whole = await must(wire, door, 200, { path, token: admin.token });
      expect(whole.text).toContain(secret);
      expect(whole.text).toContain('91234568');
    });
    const seen = await must(wire, door, 200, { path, token: sales.token });
    expect({ door, shown: [secret, '9123456'].filter((text) => seen.text.includes(text)) }).toEqual({
      door,
      shown: [],
    });
  }
}

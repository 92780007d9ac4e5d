import { expect } from '@jest/globals';
import { eventually } from '../../src/index.ts';
import type { Attack } from './attack.ts';
import type { Door } from './wire.ts';
import { type Member, must, type World } from './world.ts';

const where = 'grants';
const doors = ['auth', 'api-gateway'] as const;
const reason = 'An attack of the tests';
const imports = { permission: 'imports:read', scope: 'all', reason };

function give(world: World, door: Door, { token }: Member, body: object) {
  return world.wire.send(door, { method: 'POST', path: '/auth/grants', token, body });
}

async function given(world: World, body: object): Promise<{ id: string }> {
  const answer = await give(world, 'auth', world.a.members.admin, body);
  expect(answer.status).toBe(201);
  return answer.body as { id: string };
}

async function takeBack({ a, wire }: World, { id }: { id: string }): Promise<void> {
  const { token } = a.members.admin;
  await must(wire, 'auth', 204, { method: 'DELETE', path: `/auth/grants/${id}`, token });
}

/** crm itself and the gateway in front of it come to answer this. */
async function bothAnswer({ wire }: World, { token }: Member, path: string, status: number): Promise<void> {
  for (const door of ['crm', 'api-gateway'] as const)
    await eventually(async () => {
      await must(wire, door, status, { path, token });
    }, 5_000);
}

export const grantAttacks: Attack[] = [
  {
    where,
    name: 'a grant to oneself, by whoever is no admin',
    expected: '403',
    run: async (world) => {
      for (const part of ['viewer', 'sales', 'manager'] as const)
        for (const door of doors) {
          const member = world.a.members[part];
          const answer = await give(world, door, member, { ...imports, to: { userId: member.id } });
          expect(answer).toMatchObject({ status: 403, body: { rule: 'grants:manage/none' } });
        }
    },
  },
  {
    where,
    name: 'a grant of what is only for admins, of administration, or above oneself',
    expected: '422; 403',
    run: async (world) => {
      const { admin, sales } = world.a.members;
      const never = ['audit:erase', 'audit:export', 'users:manage', 'users:invite', 'grants:manage'];
      for (const door of doors) {
        const ask = (permission: string) =>
          give(world, door, admin, { ...imports, permission, to: { userId: sales.id } });
        for (const permission of never) expect((await ask(permission)).status).toBe(422);
        expect((await ask('notes:edit')).body).toMatchObject({ status: 403, code: 'grant_above_own' });
      }
    },
  },
  {
    where,
    name: "a grant to another tenant's user or team; another tenant's grant read or taken back",
    expected: '422; 404',
    run: async (world) => {
      const { a, b, wire } = world;
      const teams = await must(wire, 'auth', 200, { path: '/teams', token: b.members.admin.token });
      const [team] = (teams.body as { items: { id: string }[] }).items;
      const own = await given(world, { ...imports, to: { userId: a.members.outsider.id } });
      for (const door of doors) {
        for (const to of [{ userId: b.members.sales.id }, { teamId: team?.id }])
          expect((await give(world, door, a.members.admin, { ...imports, to })).status).toBe(422);
        for (const method of ['GET', 'DELETE']) {
          const { token } = b.members.admin;
          const answer = await wire.send(door, { method, path: `/auth/grants/${own.id}`, token });
          expect(answer.status).toBe(404);
        }
      }
      await takeBack(world, own);
    },
  },
  {
    where,
    name: 'a token of before the grant was taken back',
    expected: '403 within a second, at the service and at the gateway',
    run: async (world) => {
      const { outsider, mate } = world.a.members;
      await bothAnswer(world, outsider, '/imports', 403);
      const grant = await given(world, { ...imports, to: { userId: outsider.id } });
      await bothAnswer(world, outsider, '/imports', 200);
      await bothAnswer(world, mate, '/imports', 403);
      await takeBack(world, grant);
      await bothAnswer(world, outsider, '/imports', 403);
    },
  },
  {
    where,
    name: 'a grant after its end',
    expected: '403 without any further event; 422 when it is over before it begins',
    run: async (world) => {
      const { admin, outsider } = world.a.members;
      const to = { userId: outsider.id };
      const late = await give(world, 'auth', admin, { ...imports, to, expiresAt: '2026-01-01T00:00:00Z' });
      expect(late.status).toBe(422);
      await given(world, { ...imports, to, expiresAt: new Date(Date.now() + 3_000).toISOString() });
      await bothAnswer(world, outsider, '/imports', 200);
      await bothAnswer(world, outsider, '/imports', 403);
    },
  },
  {
    where,
    name: 'masked fields by way of a grant to write',
    expected: 'written, and masked as before',
    run: async (world) => {
      const { viewer } = world.a.members;
      const grant = await given(world, {
        ...imports,
        permission: 'deals:edit',
        to: { userId: viewer.id },
      });
      const path = `/deals/${world.a.records.deals.sales}`;
      await eventually(async () => {
        const { token } = viewer;
        const body = { product: 'By a viewer' };
        const { text } = await must(world.wire, 'crm', 200, { method: 'PATCH', path, token, body });
        expect(text).not.toContain('77123456');
      }, 5_000);
      await takeBack(world, grant);
    },
  },
  {
    where,
    name: "another tenant's records by a grant on all",
    expected: '404',
    run: async (world) => {
      const { outsider } = world.a.members;
      const grant = await given(world, {
        ...imports,
        permission: 'deals:read',
        to: { userId: outsider.id },
      });
      await bothAnswer(world, outsider, `/deals/${world.a.records.deals.sales}`, 200);
      await bothAnswer(world, outsider, `/deals/${world.b.records.deals.sales}`, 404);
      await takeBack(world, grant);
    },
  },
];

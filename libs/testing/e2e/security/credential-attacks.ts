import { expect } from '@jest/globals';
import { type TokenAnswer, tokenSchema } from '@pipedesk/contracts';
import { readFileSync } from 'node:fs';
import { eventually } from '../../src/index.ts';
import { type Attack, expectEverywhere } from './attack.ts';
import { newMember } from './new-member.ts';
import { soonEverywhere } from './session-attacks.ts';
import type { Answer } from './wire.ts';
import { logIn, must, password, sessionIn, type World } from './world.ts';

const doors = ['auth', 'api-gateway'] as const;

const post = (world: World, door: (typeof doors)[number], path: string, body: object, token?: string) =>
  world.wire.send(door, { method: 'POST', path, body, token });

/** A session with the refresh token that continues it. */
async function sessionOf(world: World, email: string): Promise<TokenAnswer> {
  const answer = await post(world, 'api-gateway', '/auth/login', { email, password });
  return tokenSchema.parse(answer.body);
}

const refresh = (world: World, refreshToken: string): Promise<Answer> =>
  post(world, 'api-gateway', '/auth/refresh', { refreshToken });

/** What a mail's link carries; without a mail server auth writes its mails into its log. */
async function mailedToken(world: World, to: string): Promise<string> {
  let token: string | undefined;
  await eventually(() => {
    const lines = readFileSync(world.system.services.logFile('auth'), 'utf8').split('\n');
    const line = lines.findLast((each) => each.includes(to) && each.includes('#token='));
    token = /#token=([\w-]+)/.exec(line ?? '')?.[1];
    if (token === undefined) throw new Error(`no mail with a link came to ${to}`);
    return Promise.resolve();
  });
  return token ?? '';
}

export const credentialAttacks: Attack[] = [
  {
    where: 'session',
    name: "a stolen session after its owner's password change",
    expected: '401 everywhere; the session that changed it goes on',
    run: async (world) => {
      const { email, token } = await newMember(world, 'manager');
      const stolen = await sessionOf(world, email);
      const body = { currentPassword: password, newPassword: `${password} anew` };
      const changed = await post(world, 'api-gateway', '/auth/password', body, token);
      expect(changed.status).toBe(204);
      await soonEverywhere(world, 401, stolen.accessToken);
      expect((await refresh(world, stolen.refreshToken)).status).toBe(401);
      await expectEverywhere(world, [200], (door, path) => world.wire.send(door, { path, token }));
    },
  },
  {
    where: 'session',
    name: 'a refresh token exchanged by several at once',
    expected: 'the same successor for all',
    run: async (world) => {
      const { email } = await newMember(world, 'sales');
      const { refreshToken } = await sessionOf(world, email);
      const answers = await Promise.all(Array.from({ length: 4 }, () => refresh(world, refreshToken)));
      const successors = answers.map(({ status, body }) => [
        status,
        (body as { refreshToken?: string }).refreshToken,
      ]);
      expect(successors).toEqual(answers.map(() => [200, expect.any(String)]));
      expect(new Set(successors.map(([, successor]) => successor)).size).toBe(1);
    },
  },
  {
    where: 'session',
    name: 'a refresh token exchanged again and again',
    expected: '401, the session revoked everywhere, and in audit',
    run: async (world) => {
      const { email } = await newMember(world, 'sales');
      const { refreshToken, accessToken } = await sessionOf(world, email);
      const statuses: number[] = [];
      for (let attempt = 0; attempt < 13; attempt++)
        statuses.push((await refresh(world, refreshToken)).status);
      expect(statuses.at(-1)).toBe(401);
      await soonEverywhere(world, 401, accessToken);
      await eventually(async () => {
        const { body } = await must(world.wire, 'audit', 200, {
          path: `/audit-logs?entityType=session&entityId=${sessionIn(accessToken)}&action=deleted`,
          token: world.a.members.admin.token,
        });
        expect((body as { items: unknown[] }).items).toHaveLength(1);
      });
    },
  },
  {
    where: 'session',
    name: "revoking another's session",
    expected: '404, and it goes on',
    run: async (world) => {
      const { sales, mate } = world.a.members;
      const others = [mate.token, world.b.members.sales.token];
      for (const token of others)
        for (const door of doors) {
          const path = `/auth/sessions/${sessionIn(token)}`;
          const answer = await world.wire.send(door, { method: 'DELETE', path, token: sales.token });
          expect(answer.status).toBe(404);
          await must(world.wire, door, 200, { path: '/auth/me', token });
        }
    },
  },
  {
    where: 'login',
    name: 'a password reset for an address nobody has',
    expected: 'the same 202 as for a known one',
    run: async (world) => {
      const { email } = await newMember(world, 'sales');
      for (const door of doors) {
        const [known, unknown] = await Promise.all(
          [email, `nobody${Math.random()}@${world.a.canary}.example.com`].map((address) =>
            post(world, door, '/auth/password/reset-request', { email: address }),
          ),
        );
        expect(known).toMatchObject({ status: 202, text: '{}' });
        expect({ status: unknown?.status, text: unknown?.text }).toEqual({ status: 202, text: '{}' });
      }
    },
  },
  {
    where: 'login',
    name: 'an invitation or a reset link used twice',
    expected: '410',
    run: async (world) => {
      const email = `invited${Date.now()}@${world.a.canary}.example.com`;
      const { token } = world.a.members.admin;
      expect((await post(world, 'auth', '/invitations', { email, role: 'sales' }, token)).status).toBe(201);
      const invitation = {
        token: await mailedToken(world, email),
        name: `invited ${world.a.canary}`,
        password,
      };
      expect((await post(world, 'auth', '/invitations/accept', invitation)).status).toBe(201);
      for (const door of doors)
        expect((await post(world, door, '/invitations/accept', invitation)).status).toBe(410);

      const member = await newMember(world, 'sales');
      await post(world, 'auth', '/auth/password/reset-request', { email: member.email });
      const reset = { token: await mailedToken(world, member.email), newPassword: `${password} again` };
      expect((await post(world, 'auth', '/auth/password/reset', reset)).status).toBe(204);
      for (const door of doors)
        expect((await post(world, door, '/auth/password/reset', reset)).status).toBe(410);
      await expect(logIn(world.wire, member.email)).rejects.toThrow('401');
    },
  },
  {
    where: 'RBAC',
    name: 'an invitation to a role above oneself',
    expected: '403',
    run: async (world) => {
      const { manager, sales, viewer } = world.a.members;
      const email = `above${Date.now()}@${world.a.canary}.example.com`;
      for (const door of doors) {
        for (const role of ['admin', 'manager'])
          expect((await post(world, door, '/invitations', { email, role }, manager.token)).status).toBe(403);
        for (const { token } of [sales, viewer])
          expect((await post(world, door, '/invitations', { email, role: 'viewer' }, token)).status).toBe(
            403,
          );
      }
    },
  },
  {
    where: 'RBAC',
    name: 'an API key wider than its owner',
    expected: '403',
    run: async (world) => {
      const { sales, viewer } = world.a.members;
      const wide = { name: 'wide', permissions: ['deals:read', 'deals:delete'] };
      for (const door of doors) {
        expect((await post(world, door, '/auth/api-keys', wide, sales.token)).status).toBe(403);
        const narrow = { name: 'narrow', permissions: ['deals:read'] };
        expect((await post(world, door, '/auth/api-keys', narrow, viewer.token)).status).toBe(403);
      }
    },
  },
];

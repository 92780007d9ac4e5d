import { expect } from '@jest/globals';
import { eventually } from '../../src/index.ts';
import { type Attack, expectEverywhere } from './attack.ts';
import { expectAudited, timesEverywhere } from './refusals.ts';
import type { Answer } from './wire.ts';
import { newMember } from './new-member.ts';
import { logIn, must, password, type World } from './world.ts';

const logInWith = (
  world: World,
  email: unknown,
  secret: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  world.wire.send('api-gateway', {
    method: 'POST',
    path: '/auth/login',
    body: { email, password: secret },
    headers,
  });

/** Behind a login that must not tell anything; the request's own id differs of course. */
function without({ status, body }: Answer): object {
  return { status, body: { ...(body as object), requestId: undefined } };
}

/** Every door answers so, soon: services hear of it by the bus. */
export function soonEverywhere(world: World, status: number, token: string): Promise<void> {
  return eventually(
    () => expectEverywhere(world, [status], (door, path) => world.wire.send(door, { path, token })),
    3_000,
  );
}

export const sessionAttacks: Attack[] = [
  {
    where: 'session',
    name: 'a session that was logged out',
    expected: '401 everywhere, audit event',
    run: async (world, forge) => {
      const since = new Date();
      const token = await logIn(world.wire, world.a.members.sales.email);
      await must(world.wire, 'api-gateway', 204, { method: 'POST', path: '/auth/logout', token });
      await soonEverywhere(world, 401, token);
      // The gateway asks for what has ended; until it knows, the service behind it refuses.
      const times = timesEverywhere(world);
      times.delete('api-gateway');
      await expectAudited(world, forge, since, 'session_ended', { belongsTo: 'tenant', times });
    },
  },
  {
    where: 'session',
    name: 'a disabled member',
    expected: '401 everywhere, and no new login',
    run: async (world) => {
      const member = await newMember(world, 'sales');
      const { token } = world.a.members.admin;
      await must(world.wire, 'auth', 200, {
        method: 'PATCH',
        path: `/users/${member.id}`,
        token,
        body: { status: 'disabled' },
      });
      await soonEverywhere(world, 401, member.token);
      expect((await logInWith(world, member.email, password)).status).toBe(401);
    },
  },
  {
    where: 'session',
    name: 'a demoted admin with the old JWT',
    expected: '403',
    run: async (world) => {
      const member = await newMember(world, 'admin');
      const { token } = world.a.members.admin;
      const ask = () => world.wire.send('audit', { path: '/audit-logs', token: member.token });
      expect((await ask()).status).toBe(200);
      await must(world.wire, 'auth', 200, {
        method: 'PATCH',
        path: `/users/${member.id}`,
        token,
        body: { role: 'sales' },
      });
      await eventually(async () => expect((await ask()).status).toBe(403), 3_000);
    },
  },
  {
    where: 'login',
    name: 'an unknown user and a wrong password',
    expected: 'the same status and body',
    run: async (world) => {
      const { email } = world.a.members.mate;
      const [unknown, wrong] = await Promise.all([
        logInWith(world, `nobody@${world.a.canary}.example.com`, 'not the password'),
        logInWith(world, email, 'not the password'),
      ]);
      expect(without(unknown)).toEqual(without(wrong));
      expect(wrong.status).toBe(401);
    },
  },
  {
    where: 'login',
    name: 'a password that is an operator, or has 1 MB',
    expected: '400 or 413',
    run: async (world) => {
      const { email } = world.a.members.mate;
      expect((await logInWith(world, email, { $gt: '' })).status).toBe(400);
      expect((await logInWith(world, { $ne: '' }, password)).status).toBe(400);
      expect((await logInWith(world, email, 'x'.repeat(1_000_000))).status).toBe(413);
      expect((await logInWith(world, email, 'x'.repeat(10_000))).status).toBe(400);
    },
  },
  {
    where: 'login',
    name: 'brute force, with rotating X-Forwarded-For',
    expected: '429 with Retry-After',
    run: async (world) => {
      const email = `victim@${world.a.canary}.example.com`;
      const answers: Answer[] = [];
      for (let attempt = 0; attempt < 12; attempt++)
        answers.push(
          await logInWith(world, email, `guess ${attempt}`, { 'x-forwarded-for': `203.0.113.${attempt}` }),
        );
      const last = answers.at(-1);
      expect(last?.status).toBe(429);
      expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0);
    },
  },
];

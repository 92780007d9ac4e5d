import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TokenAnswer } from '@pipedesk/contracts';
import { createServiceTokens } from '@pipedesk/service-kit';
import { setTimeout as sleep } from 'node:timers/promises';
import { addMember, signUp } from './accounts.ts';
import { type GuardedService, startGuardedService } from './guarded-service.ts';
import { type Auth, serviceSecret, startAuth } from './start-auth.ts';

let auth: Auth;
let withBus: GuardedService;
let withoutBus: GuardedService;
beforeAll(async () => {
  auth = await startAuth();
  withBus = await startGuardedService(auth);
  withoutBus = await startGuardedService(auth, { withBus: false });
});
afterAll(async () => {
  await withBus.stop();
  await withoutBus.stop();
  await auth.stop();
});

const doors = [
  ['with the bus', () => withBus],
  ['without the bus', () => withoutBus],
] as const;

/** Asks until the answer is this one. @throws Error when it takes longer than `within` ms */
async function untilAnswers(
  service: GuardedService,
  [method, path]: [string, string],
  token: string,
  status: number,
  within: number,
): Promise<void> {
  const deadline = Date.now() + within;
  for (;;) {
    const answer = await service.request(method, path, { token });
    if (answer.status === status) return;
    if (Date.now() > deadline) throw new Error(`still answers ${answer.status}`);
    await sleep(25);
  }
}

const patch = (admin: TokenAnswer, member: TokenAnswer, body: object) =>
  auth.request('PATCH', `/users/${member.user.id}`, { body, token: admin.accessToken });

/** The promise is a second; the machine that runs the tests may be busy with much else. */
const within = 5_000;

describe.each(doors)('another service %s', (_name, door) => {
  it('refuses a token after its logout, and only that one', async () => {
    const admin = await signUp(auth);
    const member = await addMember(auth, admin, 'sales');
    expect((await door().request('GET', '/own', { token: member.accessToken })).status).toBe(200);
    await auth.request('POST', '/auth/logout', { token: member.accessToken });
    await untilAnswers(door(), ['GET', '/own'], member.accessToken, 401, within);
    expect((await door().request('GET', '/own', { token: admin.accessToken })).status).toBe(200);
  });

  it('refuses a demoted admin what admins may, and leaves them what their new role may', async () => {
    const admin = await signUp(auth);
    const demoted = await addMember(auth, admin, 'admin');
    expect((await door().request('POST', '/admins', { token: demoted.accessToken })).status).toBe(204);
    await patch(admin, demoted, { role: 'viewer' });
    await untilAnswers(door(), ['POST', '/admins'], demoted.accessToken, 403, within);
    const own = await door().request('GET', '/own', { token: demoted.accessToken });
    expect(own).toMatchObject({ status: 200, body: { role: 'viewer' } });
  });

  it('refuses a disabled user', async () => {
    const admin = await signUp(auth);
    const member = await addMember(auth, admin, 'sales');
    await patch(admin, member, { status: 'disabled' });
    await untilAnswers(door(), ['GET', '/own'], member.accessToken, 401, within);
  });
});

describe('a service that was down meanwhile', () => {
  it('refuses from its first answer on what was revoked', async () => {
    const admin = await signUp(auth);
    const [gone, demoted] = [await addMember(auth, admin, 'sales'), await addMember(auth, admin, 'admin')];
    await auth.request('POST', '/auth/logout', { token: gone.accessToken });
    await patch(admin, demoted, { role: 'sales' });
    const service = await startGuardedService(auth);
    try {
      expect((await service.request('GET', '/own', { token: gone.accessToken })).status).toBe(401);
      expect((await service.request('POST', '/admins', { token: demoted.accessToken })).status).toBe(403);
      expect((await service.request('POST', '/admins', { token: admin.accessToken })).status).toBe(204);
    } finally {
      await service.stop();
    }
  });
});

describe('the list of revocations', () => {
  const ask = (token: string, query = '') => auth.request('GET', `/internal/revocations${query}`, { token });

  it('is for services, by tokens made for auth', async () => {
    const secret = serviceSecret;
    expect((await ask(await createServiceTokens({ secret, service: 'crm' })('auth'))).status).toBe(200);
    const wrong = [
      await createServiceTokens({ secret, service: 'crm' })('audit'),
      await createServiceTokens({ secret: `${secret}!`, service: 'crm' })('auth'),
      (await signUp(auth)).accessToken,
    ];
    for (const token of wrong)
      expect(await ask(token)).toMatchObject({ status: 401, body: { code: 'token_invalid' } });
    expect((await auth.request('GET', '/internal/revocations')).status).toBe(401);
  });

  it('holds what happened since the time asked for', async () => {
    const admin = await signUp(auth);
    const token = await createServiceTokens({ secret: serviceSecret, service: 'crm' })('auth');
    const member = await addMember(auth, admin, 'sales');
    const { asOf } = (await ask(token)).body;
    await auth.request('POST', '/auth/logout', { token: member.accessToken });
    const { sessions, users } = (await ask(token, `?since=${asOf}`)).body;
    expect(sessions).toHaveLength(1);
    expect(users).toEqual([]);
  });

  it('opens no door for the token of a service elsewhere', async () => {
    const token = await createServiceTokens({ secret: serviceSecret, service: 'crm' })('auth');
    for (const door of [auth, withBus])
      expect((await door.request('GET', door === auth ? '/auth/me' : '/own', { token })).status).toBe(401);
  });
});

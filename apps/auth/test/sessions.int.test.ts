import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SessionView, TokenAnswer } from '@pipedesk/contracts';
import { eventually } from '@pipedesk/testing';
import { addMember, logIn, signUp } from './accounts.ts';
import { startGuardedService } from './guarded-service.ts';
import { type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
let admin: TokenAnswer;
beforeAll(async () => {
  auth = await startAuth();
  admin = await signUp(auth);
});
afterAll(() => auth.stop());

async function sessionsOf(by: TokenAnswer, query = ''): Promise<SessionView[]> {
  const answer = await auth.request('GET', `/auth/sessions${query}`, { token: by.accessToken });
  expect(answer.status).toBe(200);
  return answer.body.items as SessionView[];
}

const revoke = (by: TokenAnswer, { id }: SessionView) =>
  auth.request('DELETE', `/auth/sessions/${id}`, { token: by.accessToken });

const statusOf = async ({ accessToken: token }: TokenAnswer) =>
  (await auth.request('GET', '/auth/me', { token })).status;

async function only(sessions: SessionView[]): Promise<SessionView> {
  const [session] = sessions;
  if (!session || sessions.length > 1) throw new Error(`${sessions.length} sessions`);
  return Promise.resolve(session);
}

describe('sessions', () => {
  it('are listed to whose they are, the current one marked, and end one by one', async () => {
    const first = await addMember(auth, admin, 'viewer');
    const second = await logIn(auth, first.user.email);
    const listed = await sessionsOf(second);
    expect(listed.map(({ isCurrent }) => isCurrent)).toEqual([true, false]);
    const [, other] = listed;
    if (!other) throw new Error('no other session');
    expect((await revoke(second, other)).status).toBe(204);
    expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]);
    expect(await sessionsOf(second)).toHaveLength(1);
  });

  it.each(['viewer', 'sales', 'manager'] as const)(
    'of others are neither shown to a %s nor theirs to end',
    async (role) => {
      const member = await addMember(auth, admin, role);
      const victim = await addMember(auth, admin, 'sales');
      const query = `/auth/sessions?userId=${victim.user.id}`;
      const list = await auth.request('GET', query, { token: member.accessToken });
      expect(list).toMatchObject({ status: 403, body: { code: 'permission_denied' } });
      const refused = await revoke(member, await only(await sessionsOf(victim)));
      expect(refused).toMatchObject({ status: 404, body: { code: 'session_not_found' } });
      expect(await statusOf(victim)).toBe(200);
    },
  );

  it('of a colleague are listed to an admin and end by them', async () => {
    const member = await addMember(auth, admin, 'manager');
    const session = await only(await sessionsOf(admin, `?userId=${member.user.id}`));
    expect(session.isCurrent).toBe(false);
    expect((await revoke(admin, session)).status).toBe(204);
    expect(await statusOf(member)).toBe(401);
    expect((await revoke(admin, session)).status).toBe(404);
  });

  it('of another tenant do not exist, for its admin either', async () => {
    const stranger = await signUp(auth);
    const session = await only(await sessionsOf(stranger));
    expect((await revoke(admin, session)).status).toBe(404);
    expect(await sessionsOf(admin, `?userId=${stranger.user.id}`)).toEqual([]);
    expect(await statusOf(stranger)).toBe(200);
  });
});

describe('the end of all sessions of a tenant', () => {
  const revokeAll = ({ accessToken: token }: TokenAnswer) =>
    auth.request('POST', '/auth/sessions/revoke-all', { token });

  it('spares nobody in it, here and in other services, and leaves new logins alone', async () => {
    const boss = await signUp(auth);
    const member = await addMember(auth, boss, 'sales');
    const service = await startGuardedService(auth);
    try {
      expect((await revokeAll(boss)).status).toBe(204);
      expect([await statusOf(boss), await statusOf(member), await statusOf(admin)]).toEqual([401, 401, 200]);
      const body = { refreshToken: member.refreshToken };
      expect((await auth.request('POST', '/auth/refresh', { body })).status).toBe(401);
      const again = await logIn(auth, member.user.email);
      expect(await sessionsOf(again)).toHaveLength(1);
      expect((await service.request('GET', '/own', { token: again.accessToken })).status).toBe(200);
      await eventually(async () => {
        expect((await service.request('GET', '/own', { token: member.accessToken })).status).toBe(401);
      }, 5_000);
    } finally {
      await service.stop();
    }
  });

  it.each(['viewer', 'sales', 'manager'] as const)('is not for a %s to bring about', async (role) => {
    const refused = await revokeAll(await addMember(auth, admin, role));
    expect(refused).toMatchObject({ status: 403, body: { permission: 'sessions:revoke_all' } });
    expect(await statusOf(admin)).toBe(200);
  });
});

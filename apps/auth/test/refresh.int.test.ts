import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { addMember, logIn, signUp } from './accounts.ts';
import { type Answer, type Auth, startAuth } from './start-auth.ts';

const day = 86_400_000;
let later = 0;
let auth: Auth;
let door: Pick<Auth, 'request'>;
beforeAll(async () => {
  auth = await startAuth();
  door = await auth.replica({ clock: () => new Date(Date.now() + later) });
});
afterAll(() => auth.stop());
beforeEach(() => {
  later = 0;
});

const refresh = (refreshToken: string): Promise<Answer> =>
  door.request('POST', '/auth/refresh', { body: { refreshToken } });

const isAccepted = async (token: string): Promise<boolean> =>
  (await door.request('GET', '/auth/me', { token })).status === 200;

describe('a refresh token', () => {
  it('is exchanged for an access token of the same session and the next refresh token', async () => {
    const login = await signUp(door);
    const refreshed = await refresh(login.refreshToken);
    expect(refreshed.status).toBe(200);
    expect(refreshed.headers.get('cache-control')).toBe('no-store');
    expect(refreshed.body).toMatchObject({ user: login.user, tenant: login.tenant, expiresIn: 600 });
    expect(refreshed.body.refreshToken).not.toBe(login.refreshToken);
    expect(decodeJwt(refreshed.body.accessToken).sid).toBe(decodeJwt(login.accessToken).sid);
    expect(decodeJwt(refreshed.body.accessToken).jti).not.toBe(decodeJwt(login.accessToken).jti);
    expect(await isAccepted(refreshed.body.accessToken)).toBe(true);
    expect((await refresh(refreshed.body.refreshToken)).status).toBe(200);
  });

  it('leads to one successor, however many tabs exchange it at once or an answer was lost', async () => {
    const { refreshToken } = await signUp(door);
    const answers = await Promise.all([1, 2, 3, 4].map(() => refresh(refreshToken)));
    later = 29_000;
    answers.push(await refresh(refreshToken));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.refreshToken as string)).size).toBe(1);
  });

  it('that comes again after the grace ends the session for both sides', async () => {
    const { refreshToken, accessToken } = await signUp(door);
    const next = await refresh(refreshToken);
    later = 31_000;
    expect(await refresh(refreshToken)).toMatchObject({
      status: 401,
      body: { code: 'refresh_token_reused' },
    });
    expect((await refresh(next.body.refreshToken)).status).toBe(401);
    expect(await isAccepted(accessToken)).toBe(false);
    expect(await isAccepted(next.body.accessToken)).toBe(false);
  });

  it('that comes again all too often ends the session, within the grace too', async () => {
    const { refreshToken } = await signUp(door);
    const statuses: number[] = [];
    for (let times = 0; times < 12; times++) statuses.push((await refresh(refreshToken)).status);
    expect(statuses).toEqual([...Array<number>(11).fill(200), 401]);
  });

  it('ends one session and no other', async () => {
    const first = await signUp(door);
    const second = await logIn(door, first.user.email);
    await refresh(first.refreshToken);
    later = 31_000;
    await refresh(first.refreshToken);
    expect((await refresh(second.refreshToken)).status).toBe(200);
  });
});

describe('a refresh token is refused', () => {
  const invalid = { status: 401, body: { code: 'refresh_token_invalid' } };

  it('after a logout', async () => {
    const { refreshToken, accessToken } = await signUp(door);
    await door.request('POST', '/auth/logout', { token: accessToken });
    expect(await refresh(refreshToken)).toMatchObject(invalid);
  });

  it('of a disabled user', async () => {
    const admin = await signUp(door);
    const member = await addMember(door, admin, 'sales');
    await door.request('PATCH', `/users/${member.user.id}`, {
      body: { status: 'disabled' },
      token: admin.accessToken,
    });
    expect(await refresh(member.refreshToken)).toMatchObject(invalid);
  });

  it('after two idle weeks', async () => {
    const { refreshToken } = await signUp(door);
    later = 14 * day + 1;
    expect(await refresh(refreshToken)).toMatchObject(invalid);
  });

  it('thirty days after the login, however busy it was', async () => {
    let { refreshToken } = await signUp(door);
    for (const days of [10, 20, 29]) {
      later = days * day;
      refreshToken = (await refresh(refreshToken)).body.refreshToken;
    }
    later = 30 * day + 1;
    expect(await refresh(refreshToken)).toMatchObject(invalid);
  });

  it('when it is not one: made up, an access token, its own hash, no text at all', async () => {
    const { accessToken, refreshToken } = await signUp(door);
    const stored = await auth.connection.collection<{ _id: string }>('refresh_tokens').findOne();
    expect(await refresh('made-up')).toMatchObject(invalid);
    expect(await refresh(String(stored?._id))).toMatchObject(invalid);
    expect((await refresh(accessToken)).status).toBe(400);
    const operator = await door.request('POST', '/auth/refresh', { body: { refreshToken: { $gt: '' } } });
    expect(operator).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect((await door.request('GET', '/auth/me', { token: refreshToken })).status).toBe(401);
  });
});

it('a refresh gives the role of now, not that of the login', async () => {
  const admin = await signUp(door);
  const member = await addMember(door, admin, 'manager');
  await door.request('PATCH', `/users/${member.user.id}`, {
    body: { role: 'viewer' },
    token: admin.accessToken,
  });
  const { body } = await refresh(member.refreshToken);
  expect(decodeJwt(body.accessToken).role).toBe('viewer');
});

it('refresh tokens are stored as hashes only', async () => {
  const login = await signUp(door);
  const next = await refresh(login.refreshToken);
  const stored = JSON.stringify(await auth.connection.collection('refresh_tokens').find().toArray());
  expect(stored).not.toContain(login.refreshToken);
  expect(stored).not.toContain(next.body.refreshToken);
});

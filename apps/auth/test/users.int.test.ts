import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TokenAnswer } from '@pipedesk/contracts';
import { addMember, addUser, buildUser, logIn, signUp } from './accounts.ts';
import { type Answer, type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
let admin: TokenAnswer;
beforeAll(async () => {
  auth = await startAuth();
  admin = await signUp(auth);
});
afterAll(() => auth.stop());

describe('creating users', () => {
  it('lets an admin create a user who can then log in', async () => {
    const body = buildUser({ role: 'manager' });
    const created = await auth.request('POST', '/users', { body, token: admin.accessToken });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      email: body.email,
      role: 'manager',
      tenantId: admin.tenant.id,
      status: 'active',
    });
    expect(JSON.stringify(created.body)).not.toMatch(/password|argon2/);
    expect((await logIn(auth, body.email)).user).toEqual(created.body);
  });

  it.each(['viewer', 'sales', 'manager'] as const)('refuses a %s', async (role) => {
    const { accessToken } = await addMember(auth, admin, role);
    const refused = await auth.request('POST', '/users', { body: buildUser(), token: accessToken });
    expect(refused).toMatchObject({
      status: 403,
      body: { code: 'permission_denied', permission: 'users:manage' },
    });
  });

  it('refuses a mail address in use, and the user who has it keeps their password', async () => {
    const { email } = await addUser(auth, admin, 'sales');
    const body = buildUser({ email, password: 'another password' });
    const refused = await auth.request('POST', '/users', { body, token: admin.accessToken });
    expect(refused).toMatchObject({ status: 409, body: { code: 'email_in_use' } });
    expect((await logIn(auth, email)).user.email).toBe(email);
  });

  it('creates one user however often a request with the same key is repeated', async () => {
    const request = { body: buildUser(), token: admin.accessToken, headers: { 'idempotency-key': 'key-1' } };
    const first = await auth.request('POST', '/users', request);
    const second = await auth.request('POST', '/users', request);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    await expect(logIn(auth, request.body.email)).resolves.toBeDefined();
  });
});

describe('the directory', () => {
  it('shows every role the users of their own tenant, page by page', async () => {
    const boss = await signUp(auth);
    const viewer = await addMember(auth, boss, 'viewer');
    const sales = await addUser(auth, boss, 'sales');
    const list = (query: string) => auth.request('GET', `/users${query}`, { token: viewer.accessToken });

    const first = await list('?limit=2');
    expect(idsOf(first)).toEqual([sales.id, viewer.user.id]);
    const second = await list(`?limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body).toEqual({ items: [boss.user], nextCursor: null });
    expect(idsOf(await list('?role=sales'))).toEqual([sales.id]);
  });

  it('refuses the cursor of a list with other filters', async () => {
    await addUser(auth, admin, 'sales');
    const token = admin.accessToken;
    const first = await auth.request('GET', '/users?limit=1', { token });
    const foreign = await auth.request('GET', `/users?role=sales&cursor=${first.body.nextCursor}`, { token });
    expect(foreign).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
  });

  it('has no users of another tenant', async () => {
    const stranger = await signUp(auth);
    const request = { token: stranger.accessToken };
    const read = await auth.request('GET', `/users/${admin.user.id}`, request);
    expect(read).toMatchObject({ status: 404, body: { code: 'user_not_found' } });
    const change = await auth.request('PATCH', `/users/${admin.user.id}`, {
      ...request,
      body: { name: 'X' },
    });
    expect(change).toMatchObject({ status: 404, body: { code: 'user_not_found' } });
    const list = await auth.request('GET', '/users', request);
    expect(idsOf(list)).toEqual([stranger.user.id]);
  });
});

describe('changing users', () => {
  it('changes what is asked, counts the version up, and answers it as ETag', async () => {
    const user = await addUser(auth, admin, 'sales');
    const changed = await auth.request('PATCH', `/users/${user.id}`, {
      body: { role: 'manager' },
      token: admin.accessToken,
      headers: { 'if-match': '"1"' },
    });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).toBe('"2"');
    expect(changed.body).toEqual({ ...user, role: 'manager', version: 2, updatedAt: changed.body.updatedAt });
  });

  it('refuses a change based on an old version', async () => {
    const user = await addUser(auth, admin, 'sales');
    const change = (name: string) =>
      auth.request('PATCH', `/users/${user.id}`, {
        body: { name },
        token: admin.accessToken,
        headers: { 'if-match': '"1"' },
      });
    expect((await change('First')).status).toBe(200);
    expect(await change('Second')).toMatchObject({
      status: 412,
      body: { code: 'version_mismatch', expectedVersion: 1, currentVersion: 2 },
    });
  });

  it.each([{ role: 'sales' }, { status: 'disabled' }])('keeps the last admin from %j', async (patch) => {
    const boss = await signUp(auth);
    const refused = await auth.request('PATCH', `/users/${boss.user.id}`, {
      body: patch,
      token: boss.accessToken,
    });
    expect(refused).toMatchObject({ status: 409, body: { code: 'last_admin' } });
  });

  it('keeps an admin from demoting themselves while there is another', async () => {
    const boss = await signUp(auth);
    await addUser(auth, boss, 'admin');
    const refused = await auth.request('PATCH', `/users/${boss.user.id}`, {
      body: { role: 'viewer' },
      token: boss.accessToken,
    });
    expect(refused).toMatchObject({ status: 409, body: { code: 'own_access' } });
  });

  it('leaves an admin wherever two demote each other at the same moment, in two processes', async () => {
    const other = await auth.replica();
    const pairs = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const boss = await signUp(auth);
        return { boss, rival: await addMember(auth, boss, 'admin') };
      }),
    );
    const demote = (door: Pick<Auth, 'request'>, by: TokenAnswer, whom: TokenAnswer) =>
      door.request('PATCH', `/users/${whom.user.id}`, { body: { role: 'viewer' }, token: by.accessToken });
    await Promise.all(
      pairs.flatMap(({ boss, rival }) => [demote(auth, boss, rival), demote(other, rival, boss)]),
    );
    for (const { boss } of pairs) {
      const admins = await auth.request('GET', '/users?role=admin', { token: boss.accessToken });
      expect(admins.body.items).toHaveLength(1);
    }
  });

  it('lets a demotion bite at once, though the token still says admin', async () => {
    const boss = await signUp(auth);
    const demoted = await addMember(auth, boss, 'admin');
    await auth.request('PATCH', `/users/${demoted.user.id}`, {
      body: { role: 'viewer' },
      token: boss.accessToken,
    });
    const refused = await auth.request('POST', '/users', { body: buildUser(), token: demoted.accessToken });
    expect(refused).toMatchObject({ status: 403, body: { code: 'permission_denied' } });
  });

  it('ends the sessions of a disabled user for good', async () => {
    const member = await addMember(auth, admin, 'sales');
    const setStatus = (status: string) =>
      auth.request('PATCH', `/users/${member.user.id}`, { body: { status }, token: admin.accessToken });
    await setStatus('disabled');
    expect((await auth.request('GET', '/auth/me', { token: member.accessToken })).status).toBe(401);
    await setStatus('active');
    expect((await auth.request('GET', '/auth/me', { token: member.accessToken })).status).toBe(401);
    await expect(logIn(auth, member.user.email)).resolves.toBeDefined();
  });
});

function idsOf({ body }: Answer): string[] {
  return (body as { items: { id: string }[] }).items.map(({ id }) => id);
}

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { addUser, password, signUp } from './accounts.ts';
import { takeEvents } from './bus.ts';
import { type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth.stop());

it('tells the bus of every tenant, user and session, and never a secret', async () => {
  const admin = await signUp(auth);
  const user = await addUser(auth, admin, 'sales');
  await auth.request('PATCH', `/users/${user.id}`, { body: { role: 'manager' }, token: admin.accessToken });
  await auth.request('POST', '/auth/logout', { token: admin.accessToken });

  const { raw, events } = await takeEvents(auth.vhost, 6);
  const byType = new Map(events.map((event) => [`${event.type} ${event.subject}`, event]));
  expect([...byType.keys()].map((key) => key.split(' ')[0]).sort()).toEqual([
    'auth.session.created',
    'auth.session.deleted',
    'auth.tenant.created',
    'auth.user.created',
    'auth.user.created',
    'auth.user.updated',
  ]);
  const created = byType.get(`auth.user.created user/${user.id}`);
  expect(created).toMatchObject({
    tenantid: admin.tenant.id,
    data: { version: 1, before: null, actor: { type: 'user', id: admin.user.id, role: 'admin' }, links: [] },
  });
  expect(byType.get(`auth.user.updated user/${user.id}`)?.data.changes).toEqual([
    { field: 'role', before: 'sales', after: 'manager' },
  ]);
  // Nobody was logged in before the signup: the first admin is the actor of their own creation.
  expect(byType.get(`auth.user.created user/${admin.user.id}`)?.data.actor.id).toBe(admin.user.id);
  expect(raw).not.toMatch(/argon2|"password"|accessToken/);
  expect(raw).not.toContain(password);
  expect(raw).not.toContain(admin.refreshToken);
  expect(raw).not.toContain(admin.accessToken.split('.')[2]);
});

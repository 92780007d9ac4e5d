import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { addUser, buildEmail, signUp } from './accounts.ts';
import { takeEvents } from './bus.ts';
import { type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth.stop());

const guess = (email: string) =>
  auth.request('POST', '/auth/login', { body: { email, password: 'a guess of somebody' } });

it('tells audit of logins that failed, on whose account and from where, and nothing of the guess', async () => {
  const admin = await signUp(auth);
  const user = await addUser(auth, admin, 'sales');
  await guess(user.email);
  await guess(buildEmail());
  const { raw, events } = await takeEvents(auth.vhost, 5);
  const attempts = events.filter(({ type }) => type === 'auth.login_attempt.created');
  expect(attempts).toHaveLength(1);
  expect(attempts[0]).toMatchObject({
    tenantid: admin.tenant.id,
    data: {
      after: { ownerId: user.id, reason: 'wrong_password' },
      actor: { type: 'system', id: 'auth' },
      context: { ip: '127.0.0.1' },
    },
  });
  expect(raw).not.toContain('a guess of somebody');
});

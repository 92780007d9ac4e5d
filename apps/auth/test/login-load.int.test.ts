import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { TokenAnswer } from '@pipedesk/contracts';
import { password, signUp } from './accounts.ts';
import { type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
let admin: TokenAnswer;
beforeAll(async () => {
  auth = await startAuth();
  admin = await signUp(auth);
});
afterAll(() => auth.stop());

it('answers others while many passwords wait to be checked', async () => {
  const body = { email: admin.user.email, password };
  let finished = 0;
  const logins = Array.from({ length: 50 }, (_, n) =>
    auth
      .request('POST', '/auth/login', { body, headers: { 'x-forwarded-for': `203.0.113.${n}` } })
      .finally(() => finished++),
  );
  let answered = 0;
  while (finished < 50) {
    const me = await auth.request('GET', '/auth/me', { token: admin.accessToken });
    expect(me.status).toBe(200);
    answered++;
  }
  // Others came between the logins, not after them.
  expect(answered).toBeGreaterThan(5);
  const statuses = (await Promise.all(logins)).map(({ status }) => status);
  expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TokenAnswer } from '@pipedesk/contracts';
import { Secret, TOTP } from 'otpauth';
import { addMember, password, signUp } from './accounts.ts';
import { type Answer, type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
/** The clock stands still, so that no code is a step older than the test thinks; moved back it makes old proofs. */
const start = Date.now();
let shift = 0;
const time = () => start + shift;
beforeAll(async () => {
  auth = await startAuth({ clock: () => new Date(time()) });
});
afterAll(() => auth.stop());

interface Device {
  user: TokenAnswer;
  secret: string;
  recoveryCodes: string[];
}

/** The code an app shows, so many steps from now. */
function codeOf(secret: string, steps = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: time() + steps * 30_000 });
}

const post = (path: string, body: object, { accessToken: token }: TokenAnswer) =>
  auth.request('POST', path, { body, token });
const logIn = ({ user }: TokenAnswer) =>
  auth.request('POST', '/auth/login', { body: { email: user.email, password } });
const finish = (challenge: string, code: string): Promise<Answer> =>
  auth.request('POST', '/auth/login/mfa', { body: { challenge, code } });

/** A user with a second factor, set up with the code of the step before this one. */
async function setUp(user?: TokenAnswer): Promise<Device> {
  const owner = user ?? (await signUp(auth));
  const { secret } = (await post('/auth/mfa', { password }, owner)).body as { secret: string };
  const confirmed = await post('/auth/mfa/confirm', { code: codeOf(secret, -1) }, owner);
  expect(confirmed.status).toBe(200);
  return { user: owner, secret, recoveryCodes: confirmed.body.recoveryCodes as string[] };
}

describe('a second factor', () => {
  it('is set up with the password and a code, and told as an address apps can read', async () => {
    const user = await signUp(auth);
    const wrong = await post('/auth/mfa', { password: 'wrong' }, user);
    expect(wrong).toMatchObject({ status: 403, body: { code: 'wrong_password' } });
    const begun = await post('/auth/mfa', { password }, user);
    expect(begun.body.uri).toMatch(/^otpauth:\/\/totp\/PipeDesk:.*secret=[A-Z2-7]{32}/);
    const refused = await post('/auth/mfa/confirm', { code: '000000' }, user);
    expect(refused).toMatchObject({ status: 403, body: { code: 'wrong_code' } });
    expect((await logIn(user)).body.accessToken).toBeDefined();
    await post('/auth/mfa/confirm', { code: codeOf(begun.body.secret) }, user);
    expect((await logIn(user)).body.accessToken).toBeUndefined();
    expect(await post('/auth/mfa', { password }, user)).toMatchObject({ status: 409 });
  });

  it('makes a login take two steps', async () => {
    const { user, secret } = await setUp();
    const first = await logIn(user);
    expect(first).toMatchObject({ status: 200, body: { secondFactorRequired: true, expiresIn: 300 } });
    const second = await finish(first.body.challenge, codeOf(secret));
    expect(second).toMatchObject({ status: 200, body: { user: { id: user.user.id } } });
    expect((await auth.request('GET', '/auth/me', { token: second.body.accessToken })).status).toBe(200);
  });

  it('refuses a code that was used, whoever comes with it', async () => {
    const { user, secret } = await setUp();
    const code = codeOf(secret);
    const [one, other] = [(await logIn(user)).body.challenge, (await logIn(user)).body.challenge];
    const statuses = (await Promise.all([finish(one, code), finish(other, code)])).map(
      ({ status }) => status,
    );
    expect(statuses.sort()).toEqual([200, 401]);
    expect((await finish((await logIn(user)).body.challenge, code)).status).toBe(401);
  });

  it('takes each recovery code once, in place of a code', async () => {
    const { user, recoveryCodes } = await setUp();
    expect(new Set(recoveryCodes).size).toBe(10);
    const [code = ''] = recoveryCodes;
    expect((await finish((await logIn(user)).body.challenge, code.toLowerCase())).status).toBe(200);
    const again = await finish((await logIn(user)).body.challenge, code);
    expect(again).toMatchObject({ status: 401, body: { code: 'wrong_code' } });
  });

  it('allows few guesses a login, and few in all', async () => {
    const { user, secret } = await setUp();
    const guess = async (times: number) => {
      const { challenge } = (await logIn(user)).body;
      for (let n = 0; n < times; n++) await finish(challenge, '000000');
      return finish(challenge, codeOf(secret));
    };
    expect(await guess(5)).toMatchObject({ status: 401, body: { code: 'login_expired' } });
    const { challenge } = (await logIn(user)).body;
    for (let n = 0; n < 5; n++) await finish(challenge, '000000');
    expect(await guess(0)).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
  });

  it('leaves no secret in the database as it is', async () => {
    const { user, secret, recoveryCodes } = await setUp();
    const stored = await auth.connection.collection<{ _id: string }>('second_factors').findOne({
      _id: user.user.id,
    });
    expect(JSON.stringify(stored)).not.toContain(secret);
    expect(JSON.stringify(stored)).not.toContain(recoveryCodes[0]?.replaceAll('-', ''));
  });

  it('refuses an invented challenge, and what is no code', async () => {
    expect(await finish('invented', '123456')).toMatchObject({
      status: 401,
      body: { code: 'login_expired' },
    });
    expect((await finish('invented', '12345')).status).toBe(400);
  });
});

describe('dangerous acts', () => {
  const remove = (token: string, path = '/auth/mfa') => auth.request('DELETE', path, { token });

  it('want a fresh proof: password and second factor', async () => {
    shift = -400_000;
    const { user, secret } = await setUp();
    const refused = await remove(user.accessToken);
    expect(refused).toMatchObject({ status: 403, body: { code: 'step_up_required', maxAge: 300 } });
    shift = 0;
    expect(await post('/auth/step-up', { password: 'wrong' }, user)).toMatchObject({
      status: 403,
      body: { code: 'wrong_password' },
    });
    expect(await post('/auth/step-up', { password }, user)).toMatchObject({
      status: 403,
      body: { code: 'wrong_code' },
    });
    const proved = await post('/auth/step-up', { password, code: codeOf(secret) }, user);
    expect(proved.status).toBe(200);
    expect(proved.body).not.toHaveProperty('refreshToken');
    expect((await remove(proved.body.accessToken)).status).toBe(204);
    expect((await logIn(user)).body.accessToken).toBeDefined();
  });

  it('are not opened by refreshing an old session', async () => {
    shift = -400_000;
    const { user } = await setUp();
    shift = 0;
    const body = { refreshToken: user.refreshToken };
    const fresh = await auth.request('POST', '/auth/refresh', { body });
    expect(await remove(fresh.body.accessToken)).toMatchObject({ body: { code: 'step_up_required' } });
  });

  it('renew recovery codes, and the old ones are void', async () => {
    const { user, recoveryCodes } = await setUp();
    const renewed = await auth.request('POST', '/auth/mfa/recovery-codes', { token: user.accessToken });
    expect(renewed.body.recoveryCodes).toHaveLength(10);
    const { challenge } = (await logIn(user)).body;
    expect((await finish(challenge, recoveryCodes[0] ?? '')).status).toBe(401);
    expect((await finish(challenge, renewed.body.recoveryCodes[0])).status).toBe(200);
  });

  it('let an admin take a lost second factor away, and nobody else', async () => {
    const admin = await signUp(auth);
    const { user } = await setUp(await addMember(auth, admin, 'sales'));
    const path = `/users/${user.user.id}/mfa`;
    const manager = await addMember(auth, admin, 'manager');
    expect(await remove(manager.accessToken, path)).toMatchObject({ status: 403 });
    expect((await remove((await signUp(auth)).accessToken, path)).status).toBe(404);
    expect((await remove(admin.accessToken, path)).status).toBe(204);
    expect((await logIn(user)).body.accessToken).toBeDefined();
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TokenAnswer } from '@pipedesk/contracts';
import { addMember, buildEmail, logIn, password, signUp } from './accounts.ts';
import { mailedToken } from './mails.ts';
import { type Answer, type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
let now = new Date();
beforeAll(async () => {
  auth = await startAuth({ clock: () => now });
});
afterAll(() => auth.stop());

const newPassword = 'a new and longer pass phrase';

const change = ({ accessToken: token }: TokenAnswer, currentPassword = password): Promise<Answer> =>
  auth.request('POST', '/auth/password', { body: { currentPassword, newPassword }, token });
const ask = (email: string) => auth.request('POST', '/auth/password/reset-request', { body: { email } });
const reset = (token: string) =>
  auth.request('POST', '/auth/password/reset', { body: { token, newPassword } });
const logInWith = (email: string, secret: string) =>
  auth.request('POST', '/auth/login', { body: { email, password: secret } });
const statusOf = async ({ accessToken: token }: TokenAnswer) =>
  (await auth.request('GET', '/auth/me', { token })).status;

describe('changing the password', () => {
  it('ends all other sessions, and the old password is worth nothing', async () => {
    const here = await signUp(auth);
    const elsewhere = await logIn(auth, here.user.email);
    expect((await change(here)).status).toBe(204);
    expect([await statusOf(here), await statusOf(elsewhere)]).toEqual([200, 401]);
    expect((await logInWith(here.user.email, password)).status).toBe(401);
    expect((await logInWith(here.user.email, newPassword)).status).toBe(200);
  });

  it('wants the current one, and not too many guesses', async () => {
    const user = await signUp(auth);
    const answers = [];
    for (let guess = 0; guess < 11; guess++) answers.push(await change(user, `guess ${guess}`));
    expect(answers[0]).toMatchObject({ status: 403, body: { code: 'wrong_password' } });
    expect(answers.at(-1)).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
    expect((await logInWith(user.user.email, password)).status).toBe(200);
  });

  it('is for every role, with a password long enough', async () => {
    const viewer = await addMember(auth, await signUp(auth), 'viewer');
    const body = { currentPassword: password, newPassword: 'short' };
    const refused = await auth.request('POST', '/auth/password', { body, token: viewer.accessToken });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'newPassword' }] } });
    expect((await change(viewer)).status).toBe(204);
  });
});

describe('a forgotten password', () => {
  it('is asked for with the same answer, whether the address is known or not', async () => {
    const { user } = await signUp(auth);
    const [known, unknown] = [await ask(user.email), await ask(buildEmail())];
    expect([known.status, known.body]).toEqual([202, {}]);
    expect([unknown.status, unknown.body]).toEqual([known.status, known.body]);
  });

  it('is set anew by the link, once, and every session ends', async () => {
    const before = await signUp(auth);
    const { email } = before.user;
    await ask(email);
    const token = await mailedToken(auth, email);
    expect((await reset(token)).status).toBe(204);
    expect(await statusOf(before)).toBe(401);
    expect((await logInWith(email, newPassword)).status).toBe(200);
    expect(await reset(token)).toMatchObject({ status: 410, body: { code: 'link_expired' } });
  });

  it('is set by one of two who use the link at the same moment', async () => {
    const { user } = await signUp(auth);
    await ask(user.email);
    const token = await mailedToken(auth, user.email);
    const statuses = (await Promise.all([reset(token), reset(token)])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([204, 410]);
  });

  it('has links that are dead after half an hour, or once the password was changed', async () => {
    const user = await signUp(auth);
    await ask(user.user.email);
    const first = await mailedToken(auth, user.user.email);
    await change(user);
    expect((await reset(first)).status).toBe(410);
    const other = await signUp(auth);
    await ask(other.user.email);
    const second = await mailedToken(auth, other.user.email);
    now = new Date(now.getTime() + 30 * 60_000 + 1);
    expect((await reset(second)).status).toBe(410);
    expect((await reset('invented')).status).toBe(410);
  });

  it('is not mailed about without end', async () => {
    const email = buildEmail();
    const statuses = [];
    for (let times = 0; times < 6; times++) statuses.push((await ask(email)).status);
    expect(statuses).toEqual([202, 202, 202, 202, 202, 429]);
  });
});

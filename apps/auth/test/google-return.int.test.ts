import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GoogleAccount, GoogleEmulator } from '@pipedesk/google-emulator';
import { createHash, randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import { addUser, logIn, password, signUp } from './accounts.ts';
import { client, createGoogleBrowser, redirectUri, startGoogle } from './google-browser.ts';
import { type Answer, type Auth, startAuth } from './start-auth.ts';

const page = 'https://app.example.com/signed-in?from=google';
const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');

let now = 0;
let google: GoogleEmulator;
let auth: Auth;
let browser: ReturnType<typeof createGoogleBrowser>;
beforeAll(async () => {
  google = await startGoogle();
  auth = await startAuth({
    google: { ...client, redirectUri, returnUrl: page, emulatorUrl: google.url },
    clock: () => new Date(Date.now() + now),
  });
  browser = createGoogleBrowser(auth, google, `?challenge=${challenge}`);
});
afterAll(async () => {
  await auth.stop();
  await google.close();
});

/** Where the browser arrives: the page, and what its fragment says. */
async function arrive(account: GoogleAccount, forged = ''): Promise<Record<string, string>> {
  const begun = await browser.begin();
  const query = await browser.consent(begun, account);
  return landingOf(`/auth/google/callback${query}${forged}`, begun.cookie);
}

async function landingOf(path: string, cookie: string): Promise<Record<string, string>> {
  const answer = await fetch(auth.url + path, { redirect: 'manual', headers: { cookie } });
  expect(answer.status).toBe(303);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const [where, fragment] = (answer.headers.get('location') ?? '').split('#');
  expect(where).toBe(page);
  return Object.fromEntries(new URLSearchParams(fragment));
}

const redeem = (body: object): Promise<Answer> => auth.request('POST', '/auth/google/session', { body });
const invalid = { status: 401, body: { code: 'google_code_invalid' } };

describe('a sign-in with Google that was begun by a page', () => {
  it('ends on the page that is configured, with a code for the session and no token', async () => {
    const { user, account } = await browser.buildMember();
    const { code, ...others } = await arrive(account);
    expect(others).toEqual({});
    expect(await redeem({ code, verifier })).toMatchObject({
      status: 200,
      body: { tokenType: 'Bearer', user: { id: user.id } },
    });
  });

  it('leads to no other page, whatever a request asks for', async () => {
    const { account } = await browser.buildMember();
    const evil = encodeURIComponent('https://evil.example.com');
    for (const name of ['returnUrl', 'redirect_uri', 'next', 'returnTo'])
      expect(Object.keys(await arrive(account, `&${name}=${evil}`))).toEqual(['code']);
  });

  it('that fails ends there as well, and says why', async () => {
    expect(await arrive(browser.addAccount())).toEqual({ error: 'google_sign_in_refused' });
    const { cookie } = await browser.begin();
    expect(await landingOf('/auth/google/callback?error=access_denied', cookie)).toEqual({
      error: 'google_sign_in_refused',
    });
  });

  it('asks for the second factor of whoever has one, when the code is used', async () => {
    const { user, account } = await browser.buildMember();
    const { accessToken: token } = await logIn(auth, user.email);
    const begun = await auth.request('POST', '/auth/mfa', { body: { password }, token });
    const secret = Secret.fromBase32((begun.body as { secret: string }).secret);
    const code = new TOTP({ secret }).generate();
    expect((await auth.request('POST', '/auth/mfa/confirm', { body: { code }, token })).status).toBe(200);
    const landed = await arrive(account);
    expect(await redeem({ code: landed.code, verifier })).toMatchObject({
      status: 200,
      body: { secondFactorRequired: true },
    });
  });
});

describe('the code on the page', () => {
  it('is good once', async () => {
    const { account } = await browser.buildMember();
    const { code } = await arrive(account);
    expect((await redeem({ code, verifier })).status).toBe(200);
    expect(await redeem({ code, verifier })).toMatchObject(invalid);
  });

  it('opens nothing without the secret of the page that began', async () => {
    const { account } = await browser.buildMember();
    const { code } = await arrive(account);
    const other = randomBytes(32).toString('base64url');
    expect(await redeem({ code, verifier: other })).toMatchObject(invalid);
    expect((await redeem({ code, verifier })).status).toBe(200);
  });

  it('is good for a minute', async () => {
    const { account } = await browser.buildMember();
    const { code } = await arrive(account);
    now = 61_000;
    const late = await redeem({ code, verifier });
    now = 0;
    expect(late).toMatchObject(invalid);
  });

  it('is made by nobody else', async () => {
    for (const code of ['a', 'A'.repeat(300)])
      expect(await redeem({ code, verifier })).toMatchObject(invalid);
    expect(await redeem({ code: 'a', verifier: 'short' })).toMatchObject({ status: 400 });
  });

  it('opens nothing for whoever was disabled meanwhile', async () => {
    const admin = await signUp(auth);
    const user = await addUser(auth, admin, 'sales');
    const { code } = await arrive(browser.addAccount({ email: user.email }));
    await auth.request('PATCH', `/users/${user.id}`, {
      body: { status: 'disabled' },
      token: admin.accessToken,
    });
    expect(await redeem({ code, verifier })).toMatchObject(invalid);
  });
});

describe('a page that begins', () => {
  it.each(['', '?challenge=short', `?challenge=${'!'.repeat(43)}`])(
    'without a challenge is refused: %j',
    async (query) => {
      const answer = await fetch(`${auth.url}/auth/google${query}`, { redirect: 'manual' });
      expect(answer.status).toBe(400);
      expect(answer.headers.has('location')).toBe(false);
    },
  );

  it('has no use for codes where there is no front end', async () => {
    const replica = await auth.replica({ google: { ...client, redirectUri, emulatorUrl: google.url } });
    const answer = await replica.request('POST', '/auth/google/session', { body: { code: 'a', verifier } });
    expect(answer).toMatchObject({ status: 404, body: { code: 'google_sign_in_off' } });
  });
});

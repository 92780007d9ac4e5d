import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type GoogleAccount,
  type GoogleEmulator,
  type IdTokenFault,
  startGoogleEmulator,
} from '@pipedesk/google-emulator';
import { eventually } from '@pipedesk/testing';
import { Secret, TOTP } from 'otpauth';
import { addUser, buildEmail, logIn, password, signUp } from './accounts.ts';
import { takeEvents } from './bus.ts';
import { type Browser, client, createGoogleBrowser, redirectUri, startGoogle } from './google-browser.ts';
import { type Auth, startAuth } from './start-auth.ts';

let google: GoogleEmulator;
let auth: Auth;
let browser: ReturnType<typeof createGoogleBrowser>;
beforeAll(async () => {
  google = await startGoogle();
  auth = await startAuth({ google: { ...client, redirectUri, emulatorUrl: google.url } });
  browser = createGoogleBrowser(auth, google);
});
afterAll(async () => {
  await auth.stop();
  await google.close();
});

const begin = () => browser.begin();
const consent = (at: Pick<Browser, 'url'>, account: GoogleAccount) => browser.consent(at, account);
const comeBack = (query: string, cookie?: string) => browser.comeBack(query, cookie);
const signIn = (account: GoogleAccount) => browser.signIn(account);
const addAccount = (overrides?: Partial<GoogleAccount>) => browser.addAccount(overrides);
const buildMember = () => browser.buildMember();

const stored = (id: string) =>
  auth.connection.collection<{ _id: string; googleSub: string | null }>('users').findOne({ _id: id });

const neutral = { status: 401, body: { code: 'google_sign_in_refused' } };

describe('sign-in with Google', () => {
  it('sends the browser to Google with state, nonce and PKCE, and keeps their proof in a sealed cookie', async () => {
    const answer = await fetch(`${auth.url}/auth/google`, { redirect: 'manual' });
    const { searchParams } = new URL(answer.headers.get('location') ?? '');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      client_id: client.clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid email',
      code_challenge_method: 'S256',
    });
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; Path=\/auth\/google; .*HttpOnly; SameSite=Lax/);
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(searchParams.get(name)?.length).toBeGreaterThanOrEqual(43);
      expect(cookie).not.toContain(searchParams.get(name));
    }
    expect((await begin()).url.searchParams.get('state')).not.toBe(searchParams.get('state'));
  });

  it('gives the session that a login gives, and links the account on record', async () => {
    const { user, account } = await buildMember();
    const answer = await signIn(account);
    expect(answer).toMatchObject({ status: 200, body: { tokenType: 'Bearer', user: { id: user.id } } });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('set-cookie')).toContain('Expires=Thu, 01 Jan 1970');
    const { accessToken: token, refreshToken } = answer.body as Record<string, string>;
    expect(await auth.request('GET', '/auth/me', { token: String(token) })).toMatchObject({ status: 200 });
    expect(await auth.request('POST', '/auth/refresh', { body: { refreshToken } })).toMatchObject({
      status: 200,
    });
    expect(await stored(user.id)).toMatchObject({ googleSub: account.sub });
  });

  it('knows a linked account by its sub, whatever becomes of either address', async () => {
    const { user, account } = await buildMember();
    await signIn(account);
    account.email = buildEmail();
    account.emailVerified = false;
    expect(await signIn(account)).toMatchObject({ status: 200, body: { user: { id: user.id } } });
  });

  it('gives a linked user to no other account that comes by the address', async () => {
    const { user, account } = await buildMember();
    await signIn(account);
    account.email = buildEmail();
    expect(await signIn(addAccount({ email: user.email }))).toMatchObject(neutral);
    expect(await stored(user.id)).toMatchObject({ googleSub: account.sub });
  });

  it('asks for the second factor of whoever has one', async () => {
    const { user, account } = await buildMember();
    const session = await logIn(auth, user.email);
    const post = (path: string, body: object) =>
      auth.request('POST', path, { body, token: session.accessToken });
    const { secret } = (await post('/auth/mfa', { password })).body as { secret: string };
    const codeAt = (timestamp: number) =>
      new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });
    const confirmed = await post('/auth/mfa/confirm', { code: codeAt(Date.now() - 30_000) });
    expect(confirmed.status).toBe(200);

    const first = await signIn(account);
    expect(first).toMatchObject({ status: 200, body: { secondFactorRequired: true } });
    expect(first.body.accessToken).toBeUndefined();
    const [code] = confirmed.body.recoveryCodes as string[];
    const body = { challenge: first.body.challenge as string, code };
    expect(await auth.request('POST', '/auth/login/mfa', { body })).toMatchObject({
      status: 200,
      body: { user: { id: user.id } },
    });
  });

  it('is on record: the link and the session, by the user', async () => {
    const own = await startAuth({ google: { ...client, redirectUri, emulatorUrl: google.url } });
    try {
      const { user, tenant } = await signUp(own);
      const account = addAccount({ email: user.email });
      const answer = await fetch(`${own.url}/auth/google`, { redirect: 'manual' });
      const query = await consent({ url: new URL(answer.headers.get('location') ?? '') }, account);
      const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
      await own.request('GET', `/auth/google/callback${query}`, { headers: { cookie } });
      const { events } = await takeEvents(own.vhost, 5);
      expect(events.find(({ type }) => type === 'auth.user.updated')).toMatchObject({
        tenantid: tenant.id,
        data: { after: { googleSub: account.sub }, actor: { type: 'user', id: user.id } },
      });
      const sessions = events.filter(({ type }) => type === 'auth.session.created');
      expect(sessions).toHaveLength(2);
      for (const { data } of sessions)
        expect(data).toMatchObject({ after: { userId: user.id }, actor: { id: user.id } });
    } finally {
      await own.stop();
    }
  });
});

describe('a sign-in with Google that is not genuine', () => {
  it('is refused with a forged or missing state, and without the cookie of the browser that began it', async () => {
    const { user, account } = await buildMember();
    const browser = await begin();
    const query = await consent(browser, account);
    const forged = new URLSearchParams(query);
    forged.set('state', 'A'.repeat(43));
    expect(await comeBack(`?${forged.toString()}`, browser.cookie)).toMatchObject(neutral);
    forged.delete('state');
    expect(await comeBack(`?${forged.toString()}`, browser.cookie)).toMatchObject(neutral);
    expect(await comeBack(query)).toMatchObject(neutral);
    expect(await comeBack(query, `${browser.cookie.slice(0, -4)}AAAA`)).toMatchObject(neutral);
    expect(await comeBack(query, (await begin()).cookie)).toMatchObject(neutral);
    expect(await comeBack('', browser.cookie)).toMatchObject(neutral);
    expect(await comeBack(`${query}&state=twice`, browser.cookie)).toMatchObject({ status: 400 });
    expect(await stored(user.id)).toMatchObject({ googleSub: null });
  });

  it('is refused with a code that was used, or that another sign-in was given', async () => {
    const { account } = await buildMember();
    const [browser, other] = [await begin(), await begin()];
    const query = await consent(browser, account);
    expect((await comeBack(query, browser.cookie)).status).toBe(200);
    expect(await comeBack(query, browser.cookie)).toMatchObject(neutral);

    const injected = new URLSearchParams(await consent(other, account));
    injected.set('state', browser.url.searchParams.get('state') ?? '');
    expect(await comeBack(`?${injected.toString()}`, browser.cookie)).toMatchObject(neutral);
  });

  const faults: [string, IdTokenFault][] = [
    ['without a signature (alg none)', 'unsigned'],
    ['under a key that is not of Google', 'foreign key'],
    ['that has expired', 'expired'],
    ['for another client', { claims: { aud: 'another client', azp: 'another client' } }],
    ['of another issuer', { claims: { iss: 'https://accounts.example.com' } }],
    ['with a wrong nonce', { claims: { nonce: 'of another sign-in' } }],
    ['without a nonce', { claims: { nonce: undefined } }],
    ['without a sub', { claims: { sub: undefined } }],
    ['that calls the address verified in words only', { claims: { email_verified: 'yes' } }],
  ];
  it.each(faults)('refuses an ID token %s', async (_what, fault) => {
    const { user, account } = await buildMember();
    google.spoilNextIdToken(fault);
    expect(await signIn(account)).toMatchObject(neutral);
    expect(await stored(user.id)).toMatchObject({ googleSub: null });
    expect(await signIn(account)).toMatchObject({ status: 200 });
  });

  it('answers alike to unknown, unverified and disabled, and to who declines', async () => {
    const admin = await signUp(auth);
    const disabled = await addUser(auth, admin, 'sales');
    const body = { status: 'disabled' };
    await auth.request('PATCH', `/users/${disabled.id}`, { body, token: admin.accessToken });
    const unverified = await addUser(auth, admin, 'sales');
    const browser = await begin();
    const declined = `?error=access_denied&state=${browser.url.searchParams.get('state')}`;
    const answers = [
      await signIn(addAccount()),
      await signIn(addAccount({ email: unverified.email, emailVerified: false })),
      await signIn(addAccount({ email: disabled.email })),
      await comeBack(declined, browser.cookie),
    ];
    const documents = answers.map((answer) => ({ ...answer.body, requestId: '' }) as object);
    expect(documents[0]).toMatchObject(neutral.body);
    for (const document of documents) expect(document).toEqual(documents[0]);
    expect(await stored(unverified.id)).toMatchObject({ googleSub: null });
    const attempts = auth.connection.collection('login_attempts');
    // It is recorded behind the back of who tries.
    await eventually(async () => {
      expect(await attempts.countDocuments({ ownerId: disabled.id, reason: 'user_disabled' })).toBe(1);
    });
  });

  it('lets nobody in who was disabled after the link', async () => {
    const admin = await signUp(auth);
    const user = await addUser(auth, admin, 'sales');
    const account = addAccount({ email: user.email });
    expect((await signIn(account)).status).toBe(200);
    const body = { status: 'disabled' };
    await auth.request('PATCH', `/users/${user.id}`, { body, token: admin.accessToken });
    expect(await signIn(account)).toMatchObject(neutral);
  });
});

describe('Google', () => {
  it('that does not answer is a 503, and no refusal', async () => {
    const gone = await startGoogleEmulator({ accounts: [], clients: [] });
    await gone.close();
    const replica = await auth.replica({ google: { ...client, redirectUri, emulatorUrl: gone.url } });
    const answer = await fetch(`${replica.url}/auth/google`, { redirect: 'manual' });
    const state = new URL(answer.headers.get('location') ?? '').searchParams.get('state');
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    const path = `/auth/google/callback?code=any&state=${state}`;
    expect(await replica.request('GET', path, { headers: { cookie } })).toMatchObject({
      status: 503,
      body: { code: 'google_unavailable' },
    });
  });

  it('is off where it is not configured', async () => {
    const replica = await auth.replica({ google: undefined });
    for (const path of ['/auth/google', '/auth/google/callback?code=any'])
      expect(await replica.request('GET', path)).toMatchObject({
        status: 404,
        body: { code: 'google_sign_in_off' },
      });
  });
});

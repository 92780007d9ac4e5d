import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GoogleEmulator } from '@pipedesk/google-emulator';
import { addUser, logIn, password, signUp } from './accounts.ts';
import { takeEvents } from './bus.ts';
import { client, createGoogleBrowser, redirectUri, startGoogle } from './google-browser.ts';
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

const unlink = (token: string) => auth.request('DELETE', '/auth/google', { token });
const stored = (id: string) =>
  auth.connection.collection<{ _id: string; googleSub: string | null }>('users').findOne({ _id: id });

/** A user who has signed in with Google, and a session of their own by password. */
async function buildLinked() {
  const { user, account } = await browser.buildMember();
  const { accessToken: googles } = (await browser.signIn(account)).body as { accessToken: string };
  const { accessToken: own } = await logIn(auth, user.email);
  return { user, account, googles, own };
}

describe('a link to a Google account', () => {
  it('is undone by its user: nobody is let in by it, and its sessions end, but not the one that asks', async () => {
    const { user, account, googles, own } = await buildLinked();
    expect((await unlink(own)).status).toBe(204);
    expect(await stored(user.id)).toMatchObject({ googleSub: null });
    expect((await auth.request('GET', '/auth/me', { token: googles })).status).toBe(401);
    expect((await auth.request('GET', '/auth/me', { token: own })).status).toBe(200);
    account.emailVerified = false;
    expect(await browser.signIn(account)).toMatchObject({
      status: 401,
      body: { code: 'google_sign_in_refused' },
    });
  });

  it('that is undone makes room for another account of the same address', async () => {
    const { user, account, own } = await buildLinked();
    await unlink(own);
    google.accounts.splice(google.accounts.indexOf(account), 1);
    const anew = browser.addAccount({ email: user.email });
    expect(await browser.signIn(anew)).toMatchObject({ status: 200, body: { user: { id: user.id } } });
    expect(await stored(user.id)).toMatchObject({ googleSub: anew.sub });
  });

  it('is not undone while there is no other way in', async () => {
    const { user, own } = await buildLinked();
    await auth.connection.collection<{ _id: string }>('credentials').deleteOne({ _id: user.id });
    expect(await unlink(own)).toMatchObject({ status: 409, body: { code: 'no_other_sign_in' } });
    expect((await stored(user.id))?.googleSub).toEqual(expect.any(String));
  });

  it('that is not there is 404', async () => {
    const user = await addUser(auth, await signUp(auth), 'viewer');
    const { accessToken } = await logIn(auth, user.email);
    expect(await unlink(accessToken)).toMatchObject({ status: 404, body: { code: 'google_not_linked' } });
  });

  it('asks for a fresh proof of identity', async () => {
    let now = Date.now();
    const replica = await auth.replica({ clock: () => new Date(now) });
    const { user } = await browser.buildMember();
    now -= 400_000;
    const answer = await replica.request('POST', '/auth/login', { body: { email: user.email, password } });
    const { accessToken: token } = answer.body as { accessToken: string };
    const refused = await auth.request('DELETE', '/auth/google', { token });
    expect(refused).toMatchObject({ status: 403, body: { code: 'step_up_required' } });
  });

  it('is on record with its end', async () => {
    const own = await startAuth({ google: { ...client, redirectUri, emulatorUrl: google.url } });
    try {
      const there = createGoogleBrowser(own, google);
      const { user, tenant } = await signUp(own);
      const account = there.addAccount({ email: user.email });
      const { accessToken: token } = (await there.signIn(account)).body as { accessToken: string };
      expect((await own.request('DELETE', '/auth/google', { token })).status).toBe(204);
      const { events } = await takeEvents(own.vhost, 7);
      const undone = events.find(
        ({ data }) => data.before?.googleSub === account.sub && data.after?.googleSub === null,
      );
      expect(undone).toMatchObject({
        type: 'auth.user.updated',
        tenantid: tenant.id,
        data: { actor: { type: 'user', id: user.id } },
      });
    } finally {
      await own.stop();
    }
  });
});

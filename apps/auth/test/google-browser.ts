import { expect } from '@jest/globals';
import type { User } from '@pipedesk/contracts';
import { type GoogleAccount, type GoogleEmulator, startGoogleEmulator } from '@pipedesk/google-emulator';
import { randomUUID } from 'node:crypto';
import { addUser, buildEmail, signUp } from './accounts.ts';
import type { Answer, Auth } from './start-auth.ts';

export const client = { clientId: 'pipedesk-tests', clientSecret: 'known to Google and to us' };
/** Where the pages are; the tests go there by themselves. */
export const redirectUri = 'http://127.0.0.1:8080/auth/google/callback';

/** An emulator in Google's place that knows our client. */
export function startGoogle(): Promise<GoogleEmulator> {
  const registered = { id: client.clientId, secret: client.clientSecret, redirectUris: [redirectUri] };
  return startGoogleEmulator({ accounts: [], clients: [registered] });
}

/** What a browser holds between the two requests. */
export interface Browser {
  cookie: string;
  /** At Google. */
  url: URL;
}

/** What people do with a browser at auth and at Google. @param query of the request that begins, with `?` */
export function createGoogleBrowser(auth: Auth, google: GoogleEmulator, query = '') {
  async function begin(): Promise<Browser> {
    const answer = await fetch(`${auth.url}/auth/google${query}`, { redirect: 'manual' });
    expect(answer.status).toBe(302);
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    return { cookie, url: new URL(answer.headers.get('location') ?? '') };
  }

  /** Chooses the account at Google. @returns the query Google sends the browser back with */
  async function consent({ url }: Pick<Browser, 'url'>, { email }: GoogleAccount): Promise<string> {
    const chosen = new URL(url);
    chosen.searchParams.set('login_hint', email);
    const answer = await fetch(chosen, { redirect: 'manual' });
    const back = new URL(answer.headers.get('location') ?? '');
    expect(back.href.startsWith(redirectUri)).toBe(true);
    return back.search;
  }

  const comeBack = (query: string, cookie?: string): Promise<Answer> =>
    auth.request('GET', `/auth/google/callback${query}`, cookie === undefined ? {} : { headers: { cookie } });

  async function signIn(account: GoogleAccount): Promise<Answer> {
    const browser = await begin();
    return comeBack(await consent(browser, account), browser.cookie);
  }

  function addAccount(overrides: Partial<GoogleAccount> = {}): GoogleAccount {
    const account = {
      sub: randomUUID(),
      email: buildEmail(),
      emailVerified: true,
      name: 'Gus',
      ...overrides,
    };
    google.accounts.push(account);
    return account;
  }

  /** A user with an account at Google of the same address. */
  async function buildMember(): Promise<{ user: User; account: GoogleAccount }> {
    const user = await addUser(auth, await signUp(auth), 'sales');
    return { user, account: addAccount({ email: user.email }) };
  }

  return { begin, consent, comeBack, signIn, addAccount, buildMember };
}

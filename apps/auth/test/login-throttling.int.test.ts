import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { password, signUp } from './accounts.ts';
import { type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth.stop());

/** Loopback is a trusted proxy here, so the address it forwards counts. */
const attempt = (email: string, guess: string, ip: string) =>
  auth.request('POST', '/auth/login', {
    body: { email, password: guess },
    headers: { 'x-forwarded-for': ip },
  });

describe('login throttling', () => {
  it('stops guessing at an account, and never locks its owner out elsewhere', async () => {
    const { user } = await signUp(auth);
    const guesses = await Promise.all(
      Array.from({ length: 12 }, (_, index) => attempt(user.email, `guess ${index}`, '198.51.100.7')),
    );
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(10);

    const stopped = await attempt(user.email, password, '198.51.100.7');
    expect(stopped).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
    expect(stopped.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0);

    const owner = await attempt(user.email, password, '203.0.113.9');
    expect(owner.status).toBe(200);
  });

  it('answers an unknown address with 429 after as many attempts as a known one', async () => {
    const statuses: number[] = [];
    for (let tries = 0; tries < 11; tries++)
      statuses.push((await attempt('nobody@example.com', 'guess', '198.51.100.8')).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
  });

  it('forgets failures after a success', async () => {
    const { user } = await signUp(auth);
    for (let round = 0; round < 2; round++) {
      for (let tries = 0; tries < 9; tries++)
        expect((await attempt(user.email, 'guess', '198.51.100.9')).status).toBe(401);
      expect((await attempt(user.email, password, '198.51.100.9')).status).toBe(200);
    }
  });
});

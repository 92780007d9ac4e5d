import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSignup, buildUser, password, signUp } from './accounts.ts';
import { type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth.stop());

const errorsOf = (body: { errors: { path: string }[] }) => body.errors.map(({ path }) => path);

describe('bad input', () => {
  it('names malformed JSON as such, without a stack', async () => {
    const answer = await auth.request('POST', '/auth/login', { body: '{"email":' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(JSON.stringify(answer.body)).not.toMatch(/\.ts|node_modules/);
  });

  it('refuses an operator where a password belongs', async () => {
    const { user } = await signUp(auth);
    for (const body of [
      { email: user.email, password: { $gt: '' } },
      { email: { $ne: null }, password },
    ]) {
      const answer = await auth.request('POST', '/auth/login', { body });
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
  });

  it('names every unknown and every wrong field', async () => {
    const body = { ...buildSignup(), name: 7, password: 'short', role: 'admin', tenantId: 'x' };
    const answer = await auth.request('POST', '/auth/signup', { body });
    expect(answer.status).toBe(400);
    expect(errorsOf(answer.body).sort()).toEqual(['name', 'password', 'role', 'tenantId']);
  });

  it.each([
    ['NUL in a name', { name: 'a\0b' }],
    ['a lone surrogate', { name: '\ud800' }],
    ['a mail address without a host', { email: 'ada@' }],
    ['a password beyond 200 characters', { password: 'x'.repeat(201) }],
  ])('refuses %s', async (_what, fields) => {
    const answer = await auth.request('POST', '/auth/signup', { body: { ...buildSignup(), ...fields } });
    expect(answer.status).toBe(400);
    expect(errorsOf(answer.body)).toEqual(Object.keys(fields));
  });

  it('refuses a body beyond the limit', async () => {
    const body = { ...buildSignup(), password: 'x'.repeat(1_000_000) };
    const answer = await auth.request('POST', '/auth/signup', { body });
    expect(answer).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
  });

  it('refuses a body that is not JSON', async () => {
    const answer = await auth.request('POST', '/auth/login', {
      body: 'email=a',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  it('refuses ids, roles and changes that are none', async () => {
    const { accessToken: token, user } = await signUp(auth);
    const wrongId = await auth.request('GET', '/users/1', { token });
    expect(wrongId).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const wrongRole = await auth.request('POST', '/users', {
      body: { ...buildUser(), role: 'owner' },
      token,
    });
    expect(errorsOf(wrongRole.body)).toEqual(['role']);
    const nothing = await auth.request('PATCH', `/users/${user.id}`, { body: {}, token });
    expect(nothing).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const locked = await auth.request('PATCH', `/users/${user.id}`, {
      body: { name: 'Ada', email: 'a@b.example' },
      token,
    });
    expect(errorsOf(locked.body)).toEqual(['email']);
  });

  it('answers other methods of a known path with those it has', async () => {
    const answer = await auth.request('DELETE', '/auth/login');
    expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
    expect(answer.headers.get('allow')).toBe('POST');
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addMember, buildEmail, buildSignup, password, signUp } from './accounts.ts';
import { type Auth, startAuth } from './start-auth.ts';

let auth: Auth;
beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth.stop());

describe('signup', () => {
  it('creates a tenant with its first admin and logs them in', async () => {
    const body = buildSignup({ tenantName: 'Globex' });
    const signup = await auth.request('POST', '/auth/signup', { body });
    expect(signup.status).toBe(201);
    expect(signup.headers.get('cache-control')).toBe('no-store');
    expect(signup.body).toMatchObject({ tokenType: 'Bearer', expiresIn: 600, tenant: { name: 'Globex' } });

    const me = await auth.request('GET', '/auth/me', { token: signup.body.accessToken });
    expect(me.status).toBe(200);
    expect(me.body).toEqual({ user: signup.body.user, tenant: signup.body.tenant });
    expect(me.body.user).toMatchObject({ email: body.email, role: 'admin', status: 'active', version: 1 });
  });

  it('refuses a mail address that a user of any tenant has, in any case', async () => {
    const { user } = await signUp(auth);
    const again = await auth.request('POST', '/auth/signup', {
      body: buildSignup({ email: user.email.toUpperCase() }),
    });
    expect(again).toMatchObject({ status: 409, body: { code: 'email_in_use' } });
  });

  it('gives an address to one of those who ask for it at once, and leaves no tenant of the others', async () => {
    const tenantName = `Race ${buildEmail()}`;
    const body = buildSignup({ tenantName });
    const attempt = () => auth.request('POST', '/auth/signup', { body });
    const answers = await Promise.all([attempt(), attempt(), attempt()]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const alive = { name: tenantName, deletedAt: null };
    expect(await auth.connection.collection('tenants').countDocuments(alive)).toBe(1);
    expect(await auth.connection.collection('credentials').countDocuments()).toBe(
      await auth.connection.collection('users').countDocuments(),
    );
  });

  it('never mistakes a taken address for a repeated insert, whatever the address contains', async () => {
    const email = `x_id_y.idempotency.${buildEmail()}`;
    await signUp(auth, { email });
    const admin = await signUp(auth);
    const taken = await auth.request('POST', '/users', {
      body: { name: 'Copy', email, password, role: 'sales' },
      token: admin.accessToken,
      headers: { 'idempotency-key': buildEmail() },
    });
    expect(taken).toMatchObject({ status: 409, body: { code: 'email_in_use' } });
  });
});

describe('login', () => {
  it('answers a token for the right password, whatever the case of the address', async () => {
    const { user, tenant } = await signUp(auth);
    const login = await auth.request('POST', '/auth/login', {
      body: { email: user.email.toUpperCase(), password },
    });
    expect(login.status).toBe(200);
    expect(login.headers.get('cache-control')).toBe('no-store');
    expect(login.body).toMatchObject({ user, tenant });
  });

  it('answers alike for a wrong password, an unknown address and a disabled user', async () => {
    const admin = await signUp(auth);
    const disabled = await addMember(auth, admin, 'sales');
    await auth.request('PATCH', `/users/${disabled.user.id}`, {
      body: { status: 'disabled' },
      token: admin.accessToken,
    });
    const attempts = [
      { email: admin.user.email, password: 'not the password' },
      { email: buildEmail(), password },
      { email: disabled.user.email, password },
    ];
    for (const body of attempts) {
      const answer = await auth.request('POST', '/auth/login', { body });
      expect(answer.status).toBe(401);
      expect({ ...answer.body, requestId: '' }).toEqual({
        type: 'urn:pipedesk:problem:invalid_credentials',
        title: 'Unauthorized',
        status: 401,
        code: 'invalid_credentials',
        detail: 'The mail address or the password is wrong.',
        requestId: '',
      });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });
});

describe('a session', () => {
  it('ends with a logout; its token is refused from then on, those of other sessions are not', async () => {
    const first = await signUp(auth);
    const second = await auth.request('POST', '/auth/login', { body: { email: first.user.email, password } });
    const logout = await auth.request('POST', '/auth/logout', { token: first.accessToken });
    expect(logout).toMatchObject({ status: 204, body: undefined });

    const ended = await auth.request('GET', '/auth/me', { token: first.accessToken });
    expect(ended).toMatchObject({ status: 401, body: { code: 'session_ended' } });
    const again = await auth.request('POST', '/auth/logout', { token: first.accessToken });
    expect(again.status).toBe(401);
    const other = await auth.request('GET', '/auth/me', { token: second.body.accessToken });
    expect(other.status).toBe(200);
  });

  it('is refused without a token and with a tampered one', async () => {
    const { accessToken } = await signUp(auth);
    const [header, , signature] = accessToken.split('.');
    const claims = Buffer.from(JSON.stringify({ role: 'admin' })).toString('base64url');
    const none = await auth.request('GET', '/auth/me');
    expect(none).toMatchObject({ status: 401, body: { code: 'token_missing' } });
    expect(none.headers.get('www-authenticate')).toBe('Bearer');
    const tampered = await auth.request('GET', '/auth/me', { token: `${header}.${claims}.${signature}` });
    expect(tampered).toMatchObject({ status: 401, body: { code: 'token_invalid' } });
  });

  it('tells a viewer what a viewer may do', async () => {
    const viewer = await addMember(auth, await signUp(auth), 'viewer');
    const { body } = await auth.request('GET', '/auth/permissions', { token: viewer.accessToken });
    expect(body.role).toBe('viewer');
    expect(body.permissions).toContainEqual({
      permission: 'deals:read',
      scope: 'all',
      source: 'role',
      rule: 'deals:read/all',
    });
    expect(body.permissions).not.toContainEqual(expect.objectContaining({ permission: 'users:manage' }));
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { randomBytes } from 'node:crypto';
import { signUp } from './accounts.ts';
import { type Auth, audience, issuer, startAuth } from './start-auth.ts';

let auth: Auth;
beforeAll(async () => {
  auth = await startAuth();
});
afterAll(() => auth.stop());

const jwksOf = async (door: Pick<Auth, 'request'>) =>
  (await door.request('GET', '/.well-known/jwks.json')).body.keys as Record<string, string>[];

describe('signing keys', () => {
  it('are made once by replicas that boot at the same moment', async () => {
    const fresh = await startAuth();
    try {
      const replicas = await Promise.all([fresh.replica(), fresh.replica(), fresh.replica()]);
      const sets = await Promise.all([fresh, ...replicas].map(jwksOf));
      expect(new Set(sets.map((keys) => JSON.stringify(keys))).size).toBe(1);
      expect(sets[0]).toHaveLength(1);
      expect(await fresh.connection.collection('signing_keys').countDocuments()).toBe(1);
    } finally {
      await fresh.stop();
    }
  });

  it('show only public members', async () => {
    for (const key of await jwksOf(auth))
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it('are kept encrypted', async () => {
    await jwksOf(auth);
    const [stored] = await auth.connection.collection('signing_keys').find().toArray();
    expect(Object.keys(stored?.publicJwk as object)).not.toContain('d');
    const sealed = Buffer.from(String(stored?.sealedJwk), 'base64url').toString('latin1');
    expect(sealed).not.toContain('"d"');
  });

  it('verify tokens for whoever has the JWKS', async () => {
    const { accessToken, user, tenant } = await signUp(auth);
    const keys = await jwksOf(auth);
    const server = `data:application/json,${encodeURIComponent(JSON.stringify({ keys }))}`;
    const { payload, protectedHeader } = await jwtVerify(accessToken, createRemoteJWKSet(new URL(server)), {
      issuer,
      audience,
      typ: 'at+jwt',
      algorithms: ['ES256'],
    });
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: keys[0]?.kid });
    expect(payload).toMatchObject({
      sub: user.id,
      tid: tenant.id,
      role: 'admin',
      name: user.name,
      team: null,
      pv: user.version,
    });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(600);
  });

  it('of another secret keep verifying while a new one signs', async () => {
    const before = await signUp(auth);
    const changed = await auth.replica({ keySecret: randomBytes(32).toString('base64') });
    const after = await signUp(changed);
    expect(decodeProtectedHeader(after.accessToken).kid).not.toBe(
      decodeProtectedHeader(before.accessToken).kid,
    );
    const old = await changed.request('GET', '/auth/me', { token: before.accessToken });
    expect(old.status).toBe(200);
    expect(await jwksOf(changed)).toHaveLength(2);
  });
});

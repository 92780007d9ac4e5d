import { expect, it } from '@jest/globals';
import type { Caller } from '@pipedesk/service-kit';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { createTokenIssuer } from './token-issuer.ts';

const now = new Date('2026-03-01T09:30:00.900Z');
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const tokens = createTokenIssuer({
  keys: { signingKey: () => Promise.resolve({ kid: 'kid-1', key: privateKey }) },
  issuer: 'us',
  audience: 'our services',
  lifetime: 600,
  clock: () => now,
});

const caller: Caller = {
  userId: uuidv7(),
  tenantId: uuidv7(),
  sessionId: uuidv7(),
  name: 'Ada Admin',
  role: 'manager',
  teamId: uuidv7(),
  permissionVersion: 7,
  authenticatedAt: 1_772_357_000,
  apiKey: null,
};

it('tokens carry exactly the claims decisions rest on, whole seconds, and their key id', async () => {
  const { accessToken, expiresIn } = await tokens.issue(caller);
  expect(expiresIn).toBe(600);
  expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: 'kid-1' });
  const iat = Date.parse('2026-03-01T09:30:00Z') / 1000;
  expect(decodeJwt(accessToken)).toEqual({
    iss: 'us',
    aud: 'our services',
    sub: caller.userId,
    tid: caller.tenantId,
    sid: caller.sessionId,
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
    iat,
    exp: iat + 600,
    role: 'manager',
    name: 'Ada Admin',
    team: caller.teamId,
    pv: 7,
    auth_time: 1_772_357_000,
  });
});

it('no two tokens have the same id', async () => {
  const [first, second] = await Promise.all([tokens.issue(caller), tokens.issue(caller)]);
  expect(decodeJwt(first.accessToken).jti).not.toBe(decodeJwt(second.accessToken).jti);
});

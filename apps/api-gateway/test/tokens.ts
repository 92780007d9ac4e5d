import type { Role } from '@pipedesk/contracts';
import type { AccessCheck, KeySource } from '@pipedesk/service-kit';
import { generateKeyPairSync, sign } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

export const issuer = 'pipedesk-test';
export const audience = 'pipedesk-test-api';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** Knows the one key that `buildPerson` signs with. */
export const testKeys: KeySource = {
  find: (kid) => Promise.resolve(kid === 'test' ? publicKey : undefined),
};

/** No session has ended in these tests. */
export const revocations: AccessCheck = { admit: (caller) => Promise.resolve(caller) };

export interface Person {
  userId: string;
  tenantId: string;
  teamId: string | null;
  token: string;
}

/** Somebody with a valid access token, in a tenant of their own unless told. */
export function buildPerson(
  overrides: { role?: Role; tenantId?: string; teamId?: string | null; name?: string } = {},
): Person {
  const { role = 'admin', tenantId = uuidv7(), teamId = null, name = 'Olga Organizer' } = overrides;
  const userId = uuidv7();
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: audience, sub: userId, tid: tenantId, sid: uuidv7(), jti: uuidv7() };
  return {
    userId,
    tenantId,
    teamId,
    token: signed({ ...claims, iat, exp: iat + 600, role, name, team: teamId, pv: 1 }),
  };
}

function signed(claims: object): string {
  const parts = [{ alg: 'ES256', typ: 'at+jwt', kid: 'test' }, claims];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** PEM of the key that tokens are verified with, for verifiers in other processes. */
export const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

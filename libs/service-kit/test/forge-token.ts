import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

export const issuer = 'us';
export const audience = 'our services';
export const kid = 'known-key';
export const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export const now = () => Math.floor(Date.now() / 1000);

export function buildClaims(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  const ids = { sub: uuidv7(), tid: uuidv7(), sid: uuidv7(), jti: uuidv7() };
  const times = { iat: now(), exp: now() + 600 };
  return {
    iss: issuer,
    aud: audience,
    ...ids,
    ...times,
    role: 'sales',
    name: 'Sam',
    team: null,
    pv: 1,
    ...overrides,
  };
}

const header = { alg: 'ES256', typ: 'at+jwt', kid };

export type Signer = (input: string) => Buffer;
export const es256: Signer = (input) =>
  sign('sha256', Buffer.from(input), { key: ours.privateKey, dsaEncoding: 'ieee-p1363' });
export const hs256 =
  (secret: string): Signer =>
  (input) =>
    createHmac('sha256', secret).update(input).digest();

/** A compact JWS of anything, signed by whatever; undefined members are left out. */
export function forge(
  head: Record<string, unknown> = {},
  claims: unknown = buildClaims(),
  signer = es256,
): string {
  const parts = [{ ...header, ...head }, claims].map((part) => encode(JSON.stringify(part)));
  const input = parts.join('.');
  return `${input}.${signer(input).toString('base64url')}`;
}

export function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

import type { SealKey } from '@pipedesk/contracts';
import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { canonical } from './canonical.ts';
import { isTextSigned } from './seal.ts';

/** Why a seal's key is not to be believed. */
export type KeyDoubt = 'key_unknown' | 'key_changed' | 'key_untrusted';

export type KeyLookup = (keyId: string) => KeyObject | KeyDoubt;

/** RFC 7638: a key's id is the hash of the key, so no other key can stand under it. */
export function thumbprint({ kty, crv, x }: Pick<SealKey, 'kty' | 'crv' | 'x'>): string {
  return hash('sha256', canonical({ crv, kty, x }), 'base64url');
}

/** What the key before signs when it hands over to the next. */
export function endorsementText(keyId: string): string {
  return `seal-key:1:${keyId}`;
}

/**
 * Looks keys up by id. A key counts when it is trusted by itself or endorsed by one that counts.
 * @param isTrusted decides about a key by itself, e.g. that the auditor was given it another way
 */
export function keyLookup(keys: SealKey[], isTrusted: (key: SealKey) => boolean): KeyLookup {
  const known = new Map<string, KeyObject | KeyDoubt>();
  const byId = new Map(keys.map((key) => [key.kid, key]));
  const judge = (key: SealKey, below: Set<string>): KeyObject | KeyDoubt => {
    if (thumbprint(key) !== key.kid) return 'key_changed';
    const object = publicKeyOf(key);
    if (!object) return 'key_changed';
    return isTrusted(key) || isEndorsed(key, below) ? object : 'key_untrusted';
  };
  const isEndorsed = ({ kid, endorsement }: SealKey, below: Set<string>): boolean => {
    const by = endorsement ? byId.get(endorsement.by) : undefined;
    if (!by || !endorsement || below.has(kid)) return false;
    const key = judge(by, new Set([...below, kid]));
    return typeof key !== 'string' && isTextSigned(endorsementText(kid), endorsement.signature, key);
  };
  return (keyId) => {
    const key = byId.get(keyId);
    const found = known.get(keyId) ?? (key ? judge(key, new Set()) : 'key_unknown');
    known.set(keyId, found);
    return found;
  };
}

/** undefined for what is no key. */
function publicKeyOf({ kty, crv, x }: SealKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
  } catch {
    return undefined;
  }
}

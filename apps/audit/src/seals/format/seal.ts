import { type KeyObject, sign, verify } from 'node:crypto';
import { canonical, sha256 } from './canonical.ts';

/** What a seal signs: where the segment stands and what it holds. Hashes are hex. */
export interface SealHeader {
  v: 1;
  tenantId: string;
  /** From 1, without gaps. */
  segment: number;
  firstSeq: number;
  lastSeq: number;
  count: number;
  /** Merkle root over the leaves of the segment's records. */
  root: string;
  /** Hash of the seal before; zeros for the first. */
  previous: string;
  sealedAt: string;
  keyId: string;
}

export interface Seal extends SealHeader {
  /** Ed25519 (RFC 8032) over the header's text, base64url. */
  signature: string;
}

export const noSeal = '0'.repeat(64);

/** What is signed and hashed. */
function textOf(header: SealHeader): string {
  const { v, tenantId, segment, firstSeq, lastSeq, count, root, previous, sealedAt, keyId } = header;
  return `seal:1:${canonical({ v, tenantId, segment, firstSeq, lastSeq, count, root, previous, sealedAt, keyId })}`;
}

/** What the next seal refers to this one by. */
export function hashOfSeal(header: SealHeader): string {
  return sha256(textOf(header));
}

export function signSeal(header: SealHeader, key: KeyObject): Seal {
  return { ...header, signature: signText(textOf(header), key) };
}

export function isSignedBy(seal: Seal, key: KeyObject): boolean {
  return isTextSigned(textOf(seal), seal.signature, key);
}

export function signText(text: string, key: KeyObject): string {
  return sign(null, Buffer.from(text), key).toString('base64url');
}

/** False as well for what is no signature at all. */
export function isTextSigned(text: string, signature: unknown, key: KeyObject): boolean {
  return (
    typeof signature === 'string' && verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'))
  );
}

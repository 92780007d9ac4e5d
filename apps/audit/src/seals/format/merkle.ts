import { hash } from 'node:crypto';

/** Keeps nodes and leaves apart, so that no node passes for a leaf (RFC 6962 section 2.1). */
const leafPrefix = '\x00';
const nodePrefix = Buffer.from([1]);

/** The hash of a leaf of this text. */
export function leafHash(text: string): Buffer {
  return hash('sha256', leafPrefix + text, 'buffer');
}

const hashLength = 32;

/** Hashes that were written one behind the other. */
export function splitHashes(bytes: Uint8Array): Buffer[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.ceil(all.length / hashLength) }, (_, index) =>
    all.subarray(index * hashLength, (index + 1) * hashLength),
  );
}

/** The root over leaf hashes, RFC 6962 section 2.1; that of no leaves is the hash of nothing. */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return hash('sha256', '', 'buffer');
  const [only] = leaves;
  if (leaves.length === 1 && only) return only;
  const middle = splitPoint(leaves.length);
  return nodeHash(merkleRoot(leaves.slice(0, middle)), merkleRoot(leaves.slice(middle)));
}

/**
 * The hashes that lead from one leaf to the root, lowest first (RFC 6962 section 2.1.1).
 * @throws RangeError when there is no leaf at the index
 */
export function merklePath(leaves: readonly Buffer[], index: number): Buffer[] {
  if (index < 0 || index >= leaves.length)
    throw new RangeError(`there is no leaf ${index} of ${leaves.length}`);
  if (leaves.length === 1) return [];
  const middle = splitPoint(leaves.length);
  const [left, right] = [leaves.slice(0, middle), leaves.slice(middle)];
  return index < middle
    ? [...merklePath(left, index), merkleRoot(right)]
    : [...merklePath(right, index - middle), merkleRoot(left)];
}

/** The root a leaf and its path lead to, or null for a path that cannot belong there (RFC 9162 section 2.1.3.2). */
export function rootOfPath(
  leaf: Buffer,
  index: number,
  size: number,
  path: readonly Buffer[],
): Buffer | null {
  if (index < 0 || index >= size) return null;
  let [place, last, root] = [index, size - 1, leaf];
  for (const step of path) {
    if (last === 0) return null;
    if (place % 2 === 1 || place === last) {
      root = nodeHash(step, root);
      while (place % 2 === 0 && place !== 0) [place, last] = [half(place), half(last)];
    } else root = nodeHash(root, step);
    [place, last] = [half(place), half(last)];
  }
  return last === 0 ? root : null;
}

function nodeHash(left: Buffer, right: Buffer): Buffer {
  // By way of hex, which takes half as long as a buffer that the hash makes; there is a node to every leaf.
  return Buffer.from(hash('sha256', Buffer.concat([nodePrefix, left, right]), 'hex'), 'hex');
}

/** The largest power of two below the size. */
function splitPoint(size: number): number {
  return 2 ** (31 - Math.clz32(size - 1));
}

function half(place: number): number {
  return Math.floor(place / 2);
}

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash, randomBytes } from 'node:crypto';
import { leafHash, merklePath, merkleRoot, rootOfPath } from './merkle.ts';

const leavesOf = (size: number) => Array.from({ length: size }, (_, index) => leafHash(`leaf ${index}`));
const sizes = fc.integer({ min: 1, max: 300 });
const places = sizes.chain((size) =>
  fc.record({ size: fc.constant(size), index: fc.integer({ min: 0, max: size - 1 }) }),
);

describe('the Merkle tree', () => {
  it('has the roots of RFC 6962 for its known leaves', () => {
    // The test vectors of Certificate Transparency's reference implementation.
    const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'].map((hex) =>
      leafHash(Buffer.from(hex, 'hex').toString('latin1')),
    );
    expect(merkleRoot([]).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(merkleRoot(leaves.slice(0, 1)).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
    expect(merkleRoot(leaves).toString('hex')).toBe(
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    );
  });

  it('proves every leaf of a tree of any size', () => {
    fc.assert(
      fc.property(places, ({ size, index }) => {
        const leaves = leavesOf(size);
        const leaf = leaves[index] ?? Buffer.alloc(0);
        const root = rootOfPath(leaf, index, size, merklePath(leaves, index));
        expect(root).toEqual(merkleRoot(leaves));
      }),
    );
  });

  it('never proves another leaf, another place, or a path with a changed, missing or added hash', () => {
    fc.assert(
      fc.property(places, fc.nat(), ({ size, index }, chance) => {
        const leaves = leavesOf(size);
        const [leaf = Buffer.alloc(0), root, path] = [
          leaves[index],
          merkleRoot(leaves),
          merklePath(leaves, index),
        ];
        const elsewhere = (index + 1 + (chance % Math.max(1, size - 1))) % size;
        const changed = path.map((hash, place) => (place === chance % path.length ? randomBytes(32) : hash));
        expect(rootOfPath(leafHash('another'), index, size, path)).not.toEqual(root);
        if (size > 1) expect(rootOfPath(leaf, elsewhere, size, path)).not.toEqual(root);
        if (size > 1) expect(rootOfPath(leaf, index, size, changed)).not.toEqual(root);
        expect(rootOfPath(leaf, index, size, path.slice(1))).not.toEqual(path.length > 0 ? root : null);
        expect(rootOfPath(leaf, index, size, [...path, randomBytes(32)])).not.toEqual(root);
      }),
    );
  });

  it('gives another root for any two leaves in the other order', () => {
    fc.assert(
      fc.property(places, ({ size, index }) => {
        const leaves = leavesOf(size + 1);
        const swapped = leaves
          .with(index, leaves[index + 1] ?? leafHash(''))
          .with(index + 1, leaves[index] ?? leafHash(''));
        expect(merkleRoot(swapped)).not.toEqual(merkleRoot(leaves));
      }),
    );
  });

  it('takes no node for a leaf', () => {
    const [left = Buffer.alloc(0), right = Buffer.alloc(0)] = leavesOf(2);
    const node = merkleRoot([left, right]);
    const asLeaf = createHash('sha256')
      .update(Buffer.concat([Buffer.from([0]), left, right]))
      .digest();
    expect(asLeaf).not.toEqual(node);
  });
});

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { content, contentVectors, EMPTY_HASH, partVectors } from '../../test/support/content.ts';
import { wholeRange } from './byte-range.ts';
import {
  buildTree,
  countLeaves,
  findAlignedNode,
  foldNodes,
  hashBytes,
  leafBytes,
  levelCounts,
  nodeOffsetBytes,
  treeHash,
} from './tree-hash.ts';

const sha256 = (...pieces: Buffer[]) => createHash('sha256').update(Buffer.concat(pieces)).digest();

/** The definition, read aloud: level by level, an odd last node moves up. */
function naiveRoot(nodes: Buffer[]): Buffer {
  if (nodes.length === 1) return nodes[0] as Buffer;
  const parents: Buffer[] = [];
  for (let left = 0; left < nodes.length; left += 2) {
    const pair = nodes.slice(left, left + 2);
    parents.push(pair.length === 2 ? sha256(...pair) : (pair[0] as Buffer));
  }
  return naiveRoot(parents);
}

const leavesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => sha256(Buffer.from(`leaf ${index}`)));

describe('treeHash', () => {
  it.each(contentVectors)('of $sizeBytes bytes is the published one', (vector) => {
    expect(treeHash(content(vector.sizeBytes)).toString('hex')).toBe(vector.treeHash);
  });

  it('of nothing is the hash of nothing', () => {
    expect(treeHash(Buffer.alloc(0)).toString('hex')).toBe(EMPTY_HASH);
  });

  // Found in other people's programs and documentation.
  it.each([
    [
      '5.5 MiB of the character 0',
      Buffer.alloc(5.5 * leafBytes, '0'),
      '154e26c78fd74d0c2c9b3cc4644191619dc4f2cd539ae2a74d5fd07957a3ee6a',
    ],
    [
      'abc 1,234,567 times',
      Buffer.alloc(3 * 1_234_567, 'abc'),
      '5a245eddef1227623912286af0a6dd6f1a3cd67ad3d768c1490c2f8a0fafeca9',
    ],
    [
      '6.5 MiB of zero bytes',
      Buffer.alloc(6.5 * leafBytes),
      '7fce0b2525bccf5bd8ed75ec7b7eb52de9b5c0aac4cf60f485aed45a934e9cf5',
    ],
    [
      '11 MiB of zero bytes',
      Buffer.alloc(11 * leafBytes),
      '8cd1d234599d76cc43a356605394718366989ac1c7af684ccce8b615bda394b4',
    ],
  ])('of %s is the one given elsewhere', (_, bytes, hash) => {
    expect(treeHash(bytes).toString('hex')).toBe(hash);
  });

  it.each([...partVectors])('folds from parts of %i bytes', (_, parts) => {
    const nodes = Buffer.concat(parts.map((part) => Buffer.from(part.treeHash, 'hex')));
    expect(foldNodes(nodes).toString('hex')).toBe(
      '3a7bad7d0522d12f5d1269b0177e7064b3dfb9a085868eefe457b88e21af3acb',
    );
  });
});

describe('the tree', () => {
  it('has the root that the definition gives', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (count) => {
        const leaves = leavesOf(count);
        expect(foldNodes(Buffer.concat(leaves))).toEqual(naiveRoot(leaves));
      }),
    );
  });

  it('folds to the same from parts of any power of two', () => {
    const counts = fc.integer({ min: 1, max: 200 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 7 }), (count, exponent) => {
        const leaves = leavesOf(count);
        const width = 2 ** exponent;
        const parts: Buffer[] = [];
        for (let first = 0; first < count; first += width) {
          parts.push(foldNodes(Buffer.concat(leaves.slice(first, first + width))));
        }
        expect(foldNodes(Buffer.concat(parts))).toEqual(naiveRoot(leaves));
      }),
    );
  });

  it('holds each node where the arithmetic says', () => {
    for (const count of [1, 2, 3, 7, 8, 13]) {
      const leaves = leavesOf(count);
      const tree = buildTree(Buffer.concat(leaves));
      levelCounts(count).forEach((nodes, level) => {
        for (let index = 0; index < nodes; index++) {
          const offset = nodeOffsetBytes({ level, index }, count);
          const covered = leaves.slice(index * 2 ** level, (index + 1) * 2 ** level);
          expect(tree.subarray(offset, offset + hashBytes)).toEqual(naiveRoot(covered));
        }
      });
    }
  });
});

describe('findAlignedNode', () => {
  const aligned = (count: number) => {
    const ranges: string[] = [];
    for (let firstLeaf = 0; firstLeaf < count; firstLeaf++) {
      for (let endLeaf = firstLeaf + 1; endLeaf <= count; endLeaf++) {
        if (findAlignedNode({ firstLeaf, endLeaf }, count)) ranges.push(`${firstLeaf}-${endLeaf}`);
      }
    }
    return ranges.join(' ');
  };

  it('knows all ranges of 7 and 8 leaves', () => {
    expect(aligned(7)).toBe('0-1 0-2 0-4 0-7 1-2 2-3 2-4 3-4 4-5 4-6 4-7 5-6 6-7');
    expect(aligned(8)).toBe('0-1 0-2 0-4 0-8 1-2 2-3 2-4 3-4 4-5 4-6 4-8 5-6 6-7 6-8 7-8');
  });

  it('agrees with looking for the root of the range among all nodes, up to 69 leaves', () => {
    for (let count = 1; count <= 69; count++) {
      const leaves = leavesOf(count);
      const tree = buildTree(Buffer.concat(leaves));
      const nodes = new Set<string>();
      for (let at = 0; at < tree.length; at += hashBytes) {
        nodes.add(tree.toString('hex', at, at + hashBytes));
      }
      for (let firstLeaf = 0; firstLeaf < count; firstLeaf++) {
        for (let endLeaf = firstLeaf + 1; endLeaf <= count; endLeaf++) {
          const root = naiveRoot(leaves.slice(firstLeaf, endLeaf)).toString('hex');
          const node = findAlignedNode({ firstLeaf, endLeaf }, count);
          expect(node !== undefined).toBe(nodes.has(root));
        }
      }
    }
  });

  it('always finds the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 42 }), (sizeBytes) => {
        const count = countLeaves(sizeBytes);
        expect(wholeRange(sizeBytes).endByte).toBe(sizeBytes - 1);
        expect(findAlignedNode({ firstLeaf: 0, endLeaf: count }, count)).toBeDefined();
      }),
    );
  });
});

/**
 * The SHA-256 tree hash of the Glacier API.
 *
 * Data is cut into leaves of exactly 1 MiB (the last may be shorter). The tree is built level by
 * level: two neighbours become SHA-256(left ‖ right), a last node without a neighbour moves up
 * unchanged, until one node is left (documented: Glacier developer guide, "Computing Checksums").
 * All levels of a tree are kept one behind the other in one buffer, leaves first, 32 bytes a node,
 * so that the node which covers any tree-hash-aligned range is found by arithmetic alone.
 */
import { createHash } from 'node:crypto';

export const leafBytes = 1_048_576;
export const hashBytes = 32;

/** How many leaves `sizeBytes` of data have. No data has none. */
export function countLeaves(sizeBytes: number): number {
  return Math.ceil(sizeBytes / leafBytes);
}

/** The node counts of each level, leaves first, root last. */
export function levelCounts(leafCount: number): number[] {
  const counts = [leafCount];
  for (let count = leafCount; count > 1; ) {
    count = Math.ceil(count / 2);
    counts.push(count);
  }
  return counts;
}

/** SHA-256 of all the given pieces, one after the other. */
export function sha256(...pieces: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

/** SHA-256 of no bytes: the tree hash of empty data, which the API itself never stores. */
export const emptyHash: Buffer = sha256();

/**
 * The whole tree above `leaves`.
 *
 * @param leaves one 32-byte hash per MiB, one behind the other; at least one
 * @returns all levels one behind the other, leaves first; the last 32 bytes are the root
 */
export function buildTree(leaves: Uint8Array): Buffer {
  const counts = levelCounts(leaves.length / hashBytes);
  const tree = Buffer.alloc(counts.reduce((sum, count) => sum + count, 0) * hashBytes);
  tree.set(leaves);
  let from = 0;
  for (const count of counts.slice(0, -1)) {
    const to = from + count * hashBytes;
    buildLevel(tree, from, to);
    from = to;
  }
  return tree;
}

/** Writes the parents of the nodes in [from, to) behind them. */
function buildLevel(tree: Buffer, from: number, to: number): void {
  let target = to;
  for (let left = from; left < to; left += 2 * hashBytes) {
    const pair = tree.subarray(left, Math.min(left + 2 * hashBytes, to));
    tree.set(pair.length === hashBytes ? pair : sha256(pair), target);
    target += hashBytes;
  }
}

/** The root over `nodes` (32 bytes each, at least one), which are the leaves or whole subtrees. */
export function foldNodes(nodes: Uint8Array): Buffer {
  return Buffer.from(buildTree(nodes).subarray(-hashBytes));
}

/** The tree hash of data in memory. */
export function treeHash(data: Uint8Array): Buffer {
  if (data.length === 0) return emptyHash;
  const leaves = Buffer.alloc(countLeaves(data.length) * hashBytes);
  for (let leaf = 0; leaf * leafBytes < data.length; leaf++) {
    leaves.set(sha256(data.subarray(leaf * leafBytes, (leaf + 1) * leafBytes)), leaf * hashBytes);
  }
  return foldNodes(leaves);
}

/** Leaves `firstLeaf` up to but not including `endLeaf`. */
export interface LeafRange {
  readonly firstLeaf: number;
  readonly endLeaf: number;
}

/** Where a node stands in its tree: level 0 holds the leaves. */
export interface NodePosition {
  readonly level: number;
  readonly index: number;
}

/**
 * The one node that covers exactly the given leaves, or undefined when there is none: the rule for
 * which ranges have a checksum ("tree-hash aligned"; the guide's formula is misprinted, this one was
 * checked by brute force).
 */
export function findAlignedNode(range: LeafRange, leafCount: number): NodePosition | undefined {
  const { firstLeaf, endLeaf } = range;
  for (let level = 0, width = 1; firstLeaf % width === 0; level++, width *= 2) {
    if (endLeaf === Math.min(firstLeaf + width, leafCount)) {
      return { level, index: firstLeaf / width };
    }
    if (firstLeaf + width >= leafCount) return undefined;
  }
  return undefined;
}

/** Where in the buffer of `buildTree` a node begins, in bytes. */
export function nodeOffsetBytes(position: NodePosition, leafCount: number): number {
  const below = levelCounts(leafCount).slice(0, position.level);
  return (below.reduce((sum, count) => sum + count, 0) + position.index) * hashBytes;
}

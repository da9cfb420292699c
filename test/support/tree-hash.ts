/**
 * The SHA-256 tree hash, level by level as the wire page defines it (section 4.1): short, slow and
 * independent of `src/`.
 */
import { createHash } from 'node:crypto';

export const MIB = 1_048_576;

function digest(...pieces: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

/** Joins the nodes of one level until one is left. Also folds the tree hashes of full parts. */
export function foldTreeHash(nodes: readonly Buffer[]): Buffer {
  let level = [...nodes];
  while (level.length > 1) {
    const next: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const pair = level.slice(i, i + 2);
      next.push(pair.length === 2 ? digest(...pair) : (pair[0] as Buffer));
    }
    level = next;
  }
  return level[0] ?? digest();
}

/** Lower-case hex tree hash of the bytes. */
export function treeHash(bytes: Uint8Array): string {
  const leaves: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += MIB) {
    leaves.push(digest(bytes.subarray(start, start + MIB)));
  }
  return foldTreeHash(leaves).toString('hex');
}

/** Lower-case hex tree hash of content that comes in chunks of any size. */
export function treeHashOf(chunks: Iterable<Uint8Array>): string {
  const leaves: Buffer[] = [];
  let leaf = createHash('sha256');
  let room = MIB;
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.length; ) {
      const piece = chunk.subarray(start, start + room);
      leaf.update(piece);
      room -= piece.length;
      start += piece.length;
      if (room === 0) {
        leaves.push(leaf.digest());
        leaf = createHash('sha256');
        room = MIB;
      }
    }
  }
  if (room < MIB) leaves.push(leaf.digest());
  return foldTreeHash(leaves).toString('hex');
}

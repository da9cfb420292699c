/**
 * The tree beside a blob of more than 1 MiB: `NAME.tree`, all levels of its tree hash, leaves first,
 * 32 bytes a node.
 *
 * The tree is believed only when its leaves fold to the root that the rows remember. Trees that were
 * read lately are kept, up to a bound, so that many small ranges of one blob read it once.
 */
import {
  buildTree,
  countLeaves,
  hashBytes,
  type NodePosition,
  nodeOffsetBytes,
} from '../../lib/tree-hash.ts';
import { BlobDamagedError } from '../store-errors.ts';
import type { Blob } from './blob-store.ts';
import { readStored, withStored } from './read-stored.ts';

/** Trees kept in memory, all together. The tree of 4 GiB takes 256 KiB. */
const cacheBytes = 8 * 1024 * 1024;

/** A whole tree that was checked against its root. */
export class VerifiedTree {
  readonly #levels: Buffer;
  readonly #leafCount: number;

  constructor(levels: Buffer, leafCount: number) {
    this.#levels = levels;
    this.#leafCount = leafCount;
  }

  get sizeBytes(): number {
    return this.#levels.length;
  }

  leaf(index: number): Buffer {
    return this.node({ level: 0, index });
  }

  node(position: NodePosition): Buffer {
    const offset = nodeOffsetBytes(position, this.#leafCount);
    return this.#levels.subarray(offset, offset + hashBytes);
  }
}

export class StoredTrees {
  readonly #cached = new Map<string, VerifiedTree>();
  #cachedBytes = 0;

  /** @throws BlobDamagedError when the file is missing or its leaves are not those of the blob */
  async load(blob: Blob, path: string): Promise<VerifiedTree> {
    const cached = this.#cached.get(blob.blobId);
    if (cached) return cached;
    const leafCount = countLeaves(blob.sizeBytes);
    const leaves = leafCount === 1 ? blob.treeHash : await readLeaves(path, leafCount);
    const levels = buildTree(leaves);
    if (!levels.subarray(-hashBytes).equals(blob.treeHash)) {
      throw new BlobDamagedError(`${path} is damaged: its leaves do not fold to the tree hash`);
    }
    const tree = new VerifiedTree(levels, leafCount);
    if (leafCount > 1 && !this.#cached.has(blob.blobId)) this.#keep(blob.blobId, tree);
    return tree;
  }

  /** The blob is gone. */
  forget(blobId: string): void {
    this.#cachedBytes -= this.#cached.get(blobId)?.sizeBytes ?? 0;
    this.#cached.delete(blobId);
  }

  #keep(blobId: string, tree: VerifiedTree): void {
    this.#cached.set(blobId, tree);
    this.#cachedBytes += tree.sizeBytes;
    for (const [oldest, { sizeBytes }] of this.#cached) {
      if (this.#cachedBytes <= cacheBytes) break;
      this.#cached.delete(oldest);
      this.#cachedBytes -= sizeBytes;
    }
  }
}

async function readLeaves(path: string, leafCount: number): Promise<Buffer> {
  const leaves = Buffer.alloc(leafCount * hashBytes);
  await withStored(path, (file) => readStored(file, path, leaves, 0));
  return leaves;
}

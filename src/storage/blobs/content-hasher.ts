/**
 * Takes bytes as they come and gives them out in leaves of 1 MiB, hashed.
 *
 * Both hashes are made in the same pass. Leaves are hashed on the thread pool, several at a time; the
 * linear hash is a chain that cannot be split and runs here.
 */
import { createHash, webcrypto } from 'node:crypto';
import { buildTree, hashBytes, leafBytes, sha256 } from '../../lib/tree-hash.ts';

/** Leaves between arrival and disk: bounds the memory of one upload to as many MiB, plus one. */
const leavesInFlight = 2;

/** SHA-256 on the thread pool. */
export async function hashLeaf(leaf: Uint8Array): Promise<Buffer> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', leaf as Uint8Array<ArrayBuffer>));
}

export interface ContentHashes {
  readonly sizeBytes: number;
  readonly linearHash: Buffer;
  /** All levels of the tree, leaves first; the last 32 bytes are the root. */
  readonly tree: Buffer;
}

/** Writes a leaf's bytes to where they stay. The bytes are valid until it resolves. */
export type WriteLeaf = (bytes: Uint8Array, offsetBytes: number) => Promise<void>;

export class ContentHasher {
  readonly #write: WriteLeaf;
  readonly #linear = createHash('sha256');
  readonly #free: Buffer<ArrayBuffer>[] = [];
  readonly #pending = new Set<Promise<void>>();
  #leaves = Buffer.alloc(64 * hashBytes);
  #leaf = Buffer.allocUnsafeSlow(leafBytes);
  #filled = 0;
  #leafIndex = 0;
  #failure: { error: unknown } | undefined;

  constructor(write: WriteLeaf) {
    this.#write = write;
  }

  /** Takes the next bytes; waits while too much is on its way to the disk. */
  async add(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const taken = Math.min(bytes.length - at, leafBytes - this.#filled);
      this.#leaf.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === leafBytes) await this.#finishLeaf();
    }
  }

  /** Waits for what is still being written. At least one byte must have come. */
  async finish(): Promise<ContentHashes> {
    const sizeBytes = this.#leafIndex * leafBytes + this.#filled;
    if (this.#filled > 0) await this.#finishLeaf();
    await this.settle();
    if (this.#failure) throw this.#failure.error;
    return {
      sizeBytes,
      linearHash: this.#linear.digest(),
      tree: buildTree(this.#leaves.subarray(0, this.#leafIndex * hashBytes)),
    };
  }

  /** Waits until nothing is being written any more, well or not. */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #finishLeaf(): Promise<void> {
    const buffer = this.#leaf;
    const bytes = buffer.subarray(0, this.#filled);
    const index = this.#leafIndex++;
    const pending: Promise<void> = this.#store(bytes, index)
      .catch((error) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#pending.delete(pending);
        this.#free.push(buffer);
      });
    this.#pending.add(pending);
    this.#linear.update(bytes);
    this.#filled = 0;
    if (this.#pending.size >= leavesInFlight) await Promise.race(this.#pending);
    if (this.#failure) throw this.#failure.error;
    this.#leaf = this.#free.pop() ?? Buffer.allocUnsafeSlow(leafBytes);
  }

  async #store(bytes: Uint8Array, index: number): Promise<void> {
    const [hash] = await Promise.all([hashLeaf(bytes), this.#write(bytes, index * leafBytes)]);
    if ((index + 1) * hashBytes > this.#leaves.length) {
      const larger = Buffer.alloc(Math.max(2 * this.#leaves.length, (index + 1) * hashBytes));
      larger.set(this.#leaves);
      this.#leaves = larger;
    }
    this.#leaves.set(hash, index * hashBytes);
  }
}

/** The hashes of content that is in memory whole and has at most one leaf: both are the same. */
export function hashSmall(bytes: Uint8Array): ContentHashes {
  const hash = sha256(bytes);
  return { sizeBytes: bytes.length, linearHash: hash, tree: hash };
}

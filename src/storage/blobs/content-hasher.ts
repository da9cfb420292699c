/**
 * Takes bytes as they come and gives them out in leaves of 1 MiB, hashed.
 *
 * Both hashes are made in the same pass. Leaves are hashed on the thread pool, several at a time; the
 * linear hash is a chain that cannot be split and runs here.
 */
import { createHash, webcrypto } from 'node:crypto';
import { giveLeafBuffer, takeLeafBuffer } from '../../lib/leaf-buffers.ts';
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
  readonly #pending = new Set<Promise<void>>();
  #leaves = Buffer.alloc(64 * hashBytes);
  /** The leaf that is being filled, if there is one. */
  #leaf: Buffer<ArrayBuffer> | undefined;
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
      this.#leaf ??= takeLeafBuffer();
      this.#leaf.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === leafBytes) await this.#finishLeaf(this.#leaf);
    }
  }

  /** Waits for what is still being written. At least one byte must have come. */
  async finish(): Promise<ContentHashes> {
    const sizeBytes = this.#leafIndex * leafBytes + this.#filled;
    if (this.#leaf) await this.#finishLeaf(this.#leaf);
    await this.settle();
    if (this.#failure) throw this.#failure.error;
    return {
      sizeBytes,
      linearHash: this.#linear.digest(),
      tree: buildTree(this.#leaves.subarray(0, this.#leafIndex * hashBytes)),
    };
  }

  /** Waits until nothing is being written any more, well or not. Nothing may be added after it. */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    if (this.#leaf) giveLeafBuffer(this.#leaf);
    this.#leaf = undefined;
  }

  async #finishLeaf(buffer: Buffer<ArrayBuffer>): Promise<void> {
    this.#leaf = undefined;
    const bytes = buffer.subarray(0, this.#filled);
    const index = this.#leafIndex++;
    const pending: Promise<void> = this.#store(bytes, index)
      .catch((error) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#pending.delete(pending);
        giveLeafBuffer(buffer);
      });
    this.#pending.add(pending);
    this.#linear.update(bytes);
    this.#filled = 0;
    if (this.#pending.size >= leavesInFlight) await Promise.race(this.#pending);
    if (this.#failure) throw this.#failure.error;
  }

  async #store(bytes: Uint8Array, index: number): Promise<void> {
    const written = this.#write(bytes, index * leafBytes);
    // Both must have ended before the buffer is used again, whatever becomes of them.
    const [hash, end] = await Promise.allSettled([hashLeaf(bytes), written]);
    if (end.status === 'rejected') throw end.reason;
    if (hash.status === 'rejected') throw hash.reason;
    if ((index + 1) * hashBytes > this.#leaves.length) {
      const larger = Buffer.alloc(Math.max(2 * this.#leaves.length, (index + 1) * hashBytes));
      larger.set(this.#leaves);
      this.#leaves = larger;
    }
    this.#leaves.set(hash.value, index * hashBytes);
  }
}

/** The hashes of content that is in memory whole and has at most one leaf: both are the same. */
export function hashSmall(bytes: Uint8Array): ContentHashes {
  const hash = sha256(bytes);
  return { sizeBytes: bytes.length, linearHash: hash, tree: hash };
}

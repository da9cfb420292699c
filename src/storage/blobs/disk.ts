/**
 * Blobs on local disk.
 *
 * A blob is one plain file, `blobs/ab/NAME`, exactly the bytes that the client sent; beside it, for
 * more than 1 MiB, stands `NAME.tree` with the hashes of its tree. Blobs up to `largestSmallBlob`
 * lie together in segments instead, where a whole group of them costs one flush.
 */
import { type FileHandle, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ByteRange, isMebibyteAligned, leavesOf } from '../../lib/byte-range.ts';
import type { Clock } from '../../lib/clock.ts';
import { randomName } from '../../lib/ids.ts';
import { giveLeafBuffer, takeLeafBuffer } from '../../lib/leaf-buffers.ts';
import { countLeaves, findAlignedNode, hashBytes, leafBytes, sha256 } from '../../lib/tree-hash.ts';
import {
  ensureDirectories,
  FlushError,
  flushDirectory,
  TemporaryFile,
  writeAt,
} from '../durable-file.ts';
import { BlobDamagedError, ContentMismatchError, StoreUnavailableError } from '../store-errors.ts';
import type { StoreHealth } from '../store-health.ts';
import type { Blob, BlobStore, ExpectedContent, StoredBlob } from './blob-store.ts';
import { ContentHasher, type ContentHashes, hashLeaf, hashSmall } from './content-hasher.ts';
import { openStored, readStored } from './read-stored.ts';
import { parseSegmentBlobId, Segments } from './segments.ts';
import { StoredTrees } from './stored-tree.ts';

/** Blobs up to this size go into segments. They are held in memory until they are whole. */
export const largestSmallBlob = 256 * 1024;
/** Blobs are spread over 256 directories by the first two digits of their names. */
const spreadNames = Array.from({ length: 256 }, (_, number) =>
  number.toString(16).padStart(2, '0'),
);

export interface DiskBlobStoreOptions {
  /** The store's root. */
  readonly directory: string;
  readonly clock: Clock;
  readonly health: StoreHealth;
}

export class DiskBlobStore implements BlobStore {
  readonly #directory: string;
  readonly #health: StoreHealth;
  readonly #segments: Segments;
  readonly #trees = new StoredTrees();

  private constructor(directory: string, health: StoreHealth, segments: Segments) {
    this.#directory = directory;
    this.#health = health;
    this.#segments = segments;
  }

  /** Makes the directories that are missing and opens the store. */
  static async open({ directory, clock, health }: DiskBlobStoreOptions): Promise<DiskBlobStore> {
    const blobDirectory = join(directory, 'blobs');
    const segmentDirectory = join(directory, 'segments');
    await ensureDirectories(directory, ['blobs', 'segments']);
    await ensureDirectories(blobDirectory, spreadNames);
    return new DiskBlobStore(blobDirectory, health, await Segments.open(segmentDirectory, clock));
  }

  async put(content: AsyncIterable<Uint8Array>, expected?: ExpectedContent): Promise<StoredBlob> {
    this.#health.assertWritable();
    const pieces = new Pieces(content);
    try {
      return await this.#put(pieces, expected);
    } catch (error) {
      await pieces.giveUp();
      if (error instanceof ContentFailure) throw error.cause;
      throw this.#translate(error);
    }
  }

  async *read(blob: Blob, range: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    assertWithin(range, blob.sizeBytes);
    const place = parseSegmentBlobId(blob.blobId);
    if (place) {
      const bytes = await this.#segments.read(place, blob.sizeBytes);
      assertIntact(sha256(bytes), blob.treeHash, blob.blobId, 0);
      yield bytes.subarray(range.startByte, range.endByte + 1);
      return;
    }
    const file = await openStored(this.#path(blob.blobId));
    try {
      yield* this.#readLeaves(file, blob, range);
    } finally {
      await file.close();
    }
  }

  async hashRange(blob: Blob, range: ByteRange): Promise<Buffer> {
    const position = isMebibyteAligned(range, blob.sizeBytes)
      ? findAlignedNode(leavesOf(range), countLeaves(blob.sizeBytes))
      : undefined;
    if (!position) throw new RangeError('The range is not tree-hash aligned');
    const tree = await this.#trees.load(blob, this.#treePath(blob.blobId));
    return tree.node(position);
  }

  async delete(blobId: string): Promise<void> {
    try {
      await this.#delete(blobId);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  async close(): Promise<void> {
    await this.#segments.close();
  }

  async #delete(blobId: string): Promise<void> {
    const place = parseSegmentBlobId(blobId);
    if (place) return this.#segments.delete(place);
    this.#trees.forget(blobId);
    for (const path of [this.#path(blobId), this.#treePath(blobId)]) {
      await unlink(path).catch((error) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }

  /** Decides by the size whether the bytes become a file: only then are they not all in memory. */
  async #put(content: Pieces, expected: ExpectedContent | undefined): Promise<StoredBlob> {
    const begun: Uint8Array[] = [];
    let sizeBytes = 0;
    while (sizeBytes <= largestSmallBlob) {
      const next = await content.next();
      if (!next) return this.#putSmall(Buffer.concat(begun), expected);
      begun.push(next);
      sizeBytes += next.length;
    }
    return this.#putFile(begun, content, expected);
  }

  async #putSmall(bytes: Buffer, expected: ExpectedContent | undefined): Promise<StoredBlob> {
    const hashes = hashSmall(bytes);
    assertExpected(hashes, expected);
    return storedBlob(await this.#segments.append(bytes), hashes);
  }

  async #putFile(
    begun: readonly Uint8Array[],
    content: Pieces,
    expected: ExpectedContent | undefined,
  ): Promise<StoredBlob> {
    const blobId = randomName();
    const blob = await TemporaryFile.create(this.#path(blobId));
    const hasher = new ContentHasher((bytes, offset) => writeAt(blob.file, bytes, offset));
    try {
      for (const bytes of begun) await hasher.add(bytes);
      for (let next = await content.next(); next; next = await content.next()) {
        await hasher.add(next);
      }
      const hashes = await hasher.finish();
      assertExpected(hashes, expected);
      await allSettled([blob.commit(), this.#putTree(blobId, hashes)]);
      await flushDirectory(dirname(this.#path(blobId)));
      return storedBlob(blobId, hashes);
    } catch (error) {
      await hasher.settle();
      await blob.discard();
      await this.delete(blobId).catch(() => {});
      throw error;
    }
  }

  async #putTree(blobId: string, hashes: ContentHashes): Promise<void> {
    if (hashes.sizeBytes <= leafBytes) return;
    const tree = await TemporaryFile.create(this.#treePath(blobId));
    try {
      await writeAt(tree.file, hashes.tree, 0);
      await tree.commit();
    } catch (error) {
      await tree.discard();
      throw error;
    }
  }

  /** One leaf is read and checked while the one before it is on its way out: two buffers, reused. */
  async *#readLeaves(
    file: FileHandle,
    blob: Blob,
    range: ByteRange,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const tree = await this.#trees.load(blob, this.#treePath(blob.blobId));
    const lastLeaf = Math.floor(range.endByte / leafBytes);
    let leaf = Math.floor(range.startByte / leafBytes);
    const buffers: Buffer<ArrayBuffer>[] = [];
    const load = (index: number): Promise<Uint8Array> => {
      const loading = loadLeaf(index);
      // It may fail while the leaf before it is still on its way out: that is seen when it is awaited.
      loading.catch(() => {});
      return loading;
    };
    const loadLeaf = async (index: number): Promise<Uint8Array> => {
      const buffer = buffers[index % 2] ?? takeLeafBuffer();
      buffers[index % 2] = buffer;
      const startByte = index * leafBytes;
      const bytes = buffer.subarray(0, Math.min(leafBytes, blob.sizeBytes - startByte));
      await readStored(file, blob.blobId, bytes, startByte);
      assertIntact(await hashLeaf(bytes), tree.leaf(index), blob.blobId, startByte);
      return bytes;
    };
    let next = load(leaf);
    try {
      for (; leaf <= lastLeaf; leaf++) {
        const bytes = await next;
        if (leaf < lastLeaf) next = load(leaf + 1);
        const startByte = leaf * leafBytes;
        yield bytes.subarray(
          Math.max(0, range.startByte - startByte),
          Math.min(bytes.length, range.endByte - startByte + 1),
        );
      }
    } finally {
      // A reader that goes away early leaves a leaf behind that is still being read.
      await next.catch(() => {});
      for (const buffer of buffers) if (buffer) giveLeafBuffer(buffer);
    }
  }

  /** What failed on the disk, in the store's words. */
  #translate(error: unknown): unknown {
    if (error instanceof FlushError) this.#health.turnReadOnly(error.message);
    const isFromDisk = error instanceof FlushError || (error as NodeJS.ErrnoException)?.syscall;
    if (!isFromDisk) return error;
    const { message } = error as Error;
    return new StoreUnavailableError(`The disk refuses: ${message}`, {
      cause: error,
    });
  }

  #path(blobId: string): string {
    return join(this.#directory, blobId.slice(0, 2), blobId);
  }

  #treePath(blobId: string): string {
    return `${this.#path(blobId)}.tree`;
  }
}

/** The content failed, not the store. */
class ContentFailure extends Error {}

/** Content piece by piece, whose errors are told from the disk's. */
class Pieces {
  readonly #iterator: AsyncIterator<Uint8Array>;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#iterator = content[Symbol.asyncIterator]();
  }

  /** Undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#iterator.next();
      return done ? undefined : value;
    } catch (cause) {
      throw new ContentFailure('The content failed', { cause });
    }
  }

  /** No more is wanted: whoever makes the content may let go of what it holds. */
  async giveUp(): Promise<void> {
    await this.#iterator.return?.();
  }
}

/** Waits for all, whatever becomes of them; then throws the first error, if there was one. */
async function allSettled(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === 'rejected') throw result.reason;
  }
}

function storedBlob(blobId: string, hashes: ContentHashes): StoredBlob {
  const treeHash = Buffer.from(hashes.tree.subarray(-hashBytes));
  return { blobId, sizeBytes: hashes.sizeBytes, treeHash, linearHash: hashes.linearHash };
}

/** @throws ContentMismatchError */
function assertExpected(hashes: ContentHashes, expected: ExpectedContent | undefined): void {
  if (!expected) return;
  const linearHash = hashes.linearHash.toString('hex');
  const treeHash = hashes.tree.subarray(-hashBytes).toString('hex');
  const isExpected =
    hashes.sizeBytes === expected.sizeBytes &&
    linearHash === expected.linearHash &&
    treeHash === expected.treeHash;
  if (!isExpected) throw new ContentMismatchError({ linearHash, treeHash });
}

function assertWithin({ startByte, endByte }: ByteRange, sizeBytes: number): void {
  if (startByte >= 0 && startByte <= endByte && endByte < sizeBytes) return;
  throw new RangeError(`There are no bytes ${startByte} to ${endByte} in ${sizeBytes}`);
}

/** @throws BlobDamagedError */
function assertIntact(computed: Buffer, stored: Buffer, blobId: string, startByte: number): void {
  if (computed.equals(stored)) return;
  throw new BlobDamagedError(`Blob ${blobId} is damaged in the MiB at byte ${startByte}`);
}

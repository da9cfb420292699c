/**
 * Where bytes are kept: immutable blobs, one for each archive or part of one.
 *
 * A blob's id is chosen by the store and means something to it alone. Nobody sees a blob until an
 * entry in the journal names it; one that no entry names is an upload that was never acknowledged.
 */
import { type ByteRange, wholeRange } from '../../lib/byte-range.ts';

/** A blob as rows remember it: enough to read it and to know that it is what it was. */
export interface Blob {
  readonly blobId: string;
  readonly sizeBytes: number;
  /** Root of its tree, 32 raw bytes. */
  readonly treeHash: Buffer;
}

export interface StoredBlob extends Blob {
  /** SHA-256 of the bytes in a row, 32 raw bytes. */
  readonly linearHash: Buffer;
}

/** What the bytes must turn out to be, in lower-case hex. */
export interface ExpectedContent {
  readonly sizeBytes: number;
  readonly linearHash: string;
  readonly treeHash: string;
}

export interface BlobStore {
  /**
   * Keeps the bytes of `content`, at least one. Durable on return. When `content` throws, the error
   * is passed on and nothing is kept. A piece that was given stays as it is until then.
   *
   * @param expected when given, what the bytes must be
   * @throws ContentMismatchError when the bytes are others than expected; nothing is kept
   * @throws StoreUnavailableError when they could not be written; nothing is kept
   */
  put(content: AsyncIterable<Uint8Array>, expected?: ExpectedContent): Promise<StoredBlob>;

  /**
   * The bytes of a range, each MiB compared with its hash before any of it is given out. A piece is
   * valid only until the next is asked for.
   *
   * @throws BlobDamagedError when stored bytes are not those that were put
   */
  read(blob: Blob, range: ByteRange): AsyncIterable<Uint8Array>;

  /**
   * The tree hash of a tree-hash-aligned range of the blob, from stored hashes; no content is read.
   *
   * @throws BlobDamagedError when the stored hashes are not those of the blob
   */
  hashRange(blob: Blob, range: ByteRange): Promise<Buffer>;

  /** Removes a blob. May be repeated. Its space is free now or when its neighbours are gone too. */
  delete(blobId: string): Promise<void>;

  close(): Promise<void>;
}

/** A range within one blob. */
export interface BlobRange {
  readonly blob: Blob;
  readonly range: ByteRange;
}

/** Reads ranges of several blobs one after the other. */
export async function* readInOrder(
  blobs: BlobStore,
  ranges: Iterable<BlobRange> | AsyncIterable<BlobRange>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { blob, range } of ranges) yield* blobs.read(blob, range);
}

/** Reads a blob whole and gives nothing out: it throws or all is well. */
export async function verifyBlob(blobs: BlobStore, blob: Blob): Promise<void> {
  for await (const piece of blobs.read(blob, wholeRange(blob.sizeBytes))) void piece;
}

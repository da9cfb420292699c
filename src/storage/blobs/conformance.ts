/** What every blob store must do, whatever it keeps the bytes on. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { content } from '../../../test/support/content.ts';
import { MIB, treeHash } from '../../../test/support/tree-hash.ts';
import { type ByteRange, wholeRange } from '../../lib/byte-range.ts';
import { ContentMismatchError } from '../store-errors.ts';
import type { Blob, BlobStore, ExpectedContent } from './blob-store.ts';
import { readInOrder, verifyBlob } from './blob-store.ts';

export interface OpenedBlobStore {
  readonly store: BlobStore;
  close(): Promise<void>;
}

const sizes = [1, 255 * 1024, 256 * 1024, 256 * 1024 + 1, MIB - 1, MIB, MIB + 1, 3.5 * MIB];

/** The bytes as they come from a socket: pieces of a size that fits nothing else. */
export async function* inPieces(bytes: Buffer, pieceBytes = 65_521): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}

export async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of pieces) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}

/** Content that breaks off after `sizeBytes`. */
async function* thatThrows(sizeBytes: number, error: unknown): AsyncGenerator<Buffer> {
  yield* inPieces(content(sizeBytes));
  throw error;
}

function expectedOf(bytes: Buffer): ExpectedContent {
  const linearHash = createHash('sha256').update(bytes).digest('hex');
  return { sizeBytes: bytes.length, linearHash, treeHash: treeHash(bytes) };
}

/** Ranges at the seams: both ends, around every MiB, and the whole. */
function rangesOf(sizeBytes: number): ByteRange[] {
  const seams = [0, 1, Math.floor(sizeBytes / 2), sizeBytes - 2, sizeBytes - 1];
  for (let at = MIB; at < sizeBytes; at += MIB) seams.push(at - 1, at);
  const inside = [...new Set(seams)].filter((at) => at >= 0 && at < sizeBytes);
  return inside.flatMap((startByte) =>
    inside.filter((endByte) => endByte >= startByte).map((endByte) => ({ startByte, endByte })),
  );
}

/** Every range of whole leaves that is one node of the tree over `leafCount` leaves. */
function alignedRanges(sizeBytes: number): ByteRange[] {
  const ranges: ByteRange[] = [];
  for (let width = 1; ; width *= 2) {
    for (let start = 0; start < sizeBytes; start += width * MIB) {
      ranges.push({ startByte: start, endByte: Math.min(start + width * MIB, sizeBytes) - 1 });
    }
    if (width * MIB >= sizeBytes) return ranges;
  }
}

/** Runs the suite. Every test opens a store of its own, empty one. */
export function describeBlobStore(name: string, open: () => Promise<OpenedBlobStore>): void {
  async function withStore(work: (store: BlobStore) => Promise<void>): Promise<void> {
    const opened = await open();
    try {
      await work(opened.store);
    } finally {
      await opened.close();
    }
  }

  function test(title: string, work: (store: BlobStore) => Promise<void>): void {
    it(title, () => withStore(work));
  }

  describe(`${name} keeps blobs`, () => {
    for (const sizeBytes of sizes) {
      test(`of ${sizeBytes} bytes, read whole and by ranges`, async (store) => {
        const bytes = content(sizeBytes);
        const blob = await store.put(inPieces(bytes), expectedOf(bytes));
        expect(blob.sizeBytes).toBe(sizeBytes);
        expect(blob.linearHash.toString('hex')).toBe(expectedOf(bytes).linearHash);
        expect(blob.treeHash.toString('hex')).toBe(treeHash(bytes));
        for (const range of rangesOf(sizeBytes)) {
          const found = await readAll(store.read(blob, range));
          const isEqual = found.equals(bytes.subarray(range.startByte, range.endByte + 1));
          expect(isEqual, `bytes ${range.startByte} to ${range.endByte}`).toBe(true);
        }
        await verifyBlob(store, blob);
      });

      test(`of ${sizeBytes} bytes that come in one piece`, async (store) => {
        const bytes = content(sizeBytes);
        const blob = await store.put(inPieces(bytes, sizeBytes));
        const found = await readAll(store.read(blob, wholeRange(sizeBytes)));
        expect(found.equals(bytes)).toBe(true);
      });

      test(`not when hashes of ${sizeBytes} bytes are others than expected`, async (store) => {
        const bytes = content(sizeBytes);
        const right = expectedOf(bytes);
        const wrongs: Partial<ExpectedContent>[] = [
          { linearHash: '0'.repeat(64) },
          { treeHash: '0'.repeat(64) },
          { sizeBytes: sizeBytes + 1 },
        ];
        for (const wrong of wrongs) {
          const put = store.put(inPieces(bytes), { ...right, ...wrong });
          const error = await put.then(
            () => undefined,
            (reason: unknown) => reason,
          );
          expect(error).toBeInstanceOf(ContentMismatchError);
          const { linearHash, treeHash: found } = (error as ContentMismatchError).computed;
          expect({ linearHash, treeHash: found }).toEqual({
            linearHash: right.linearHash,
            treeHash: right.treeHash,
          });
        }
      });

      test(`not when content throws after ${sizeBytes} bytes`, async (store) => {
        const error = new Error('The client went away');
        await expect(store.put(thatThrows(sizeBytes, error))).rejects.toBe(error);
        const blob = await store.put(inPieces(content(3)));
        expect(await readAll(store.read(blob, wholeRange(3)))).toEqual(content(3));
      });
    }

    test('that are empty pieces here and there', async (store) => {
      async function* pieces(): AsyncGenerator<Buffer> {
        yield Buffer.alloc(0);
        yield* inPieces(content(MIB + 5));
        yield Buffer.alloc(0);
      }
      const blob = await store.put(pieces(), expectedOf(content(MIB + 5)));
      expect((await readAll(store.read(blob, wholeRange(MIB + 5)))).equals(content(MIB + 5))).toBe(
        true,
      );
    });

    test('that are put at the same time', async (store) => {
      const many = Array.from({ length: 40 }, (_, index) => {
        const sizeBytes = sizes[index % sizes.length] as number;
        return content(sizeBytes, index * 7);
      });
      const blobs = await Promise.all(many.map((bytes) => store.put(inPieces(bytes))));
      expect(new Set(blobs.map((blob) => blob.blobId)).size).toBe(many.length);
      await Promise.all(
        blobs.map(async (blob, index) => {
          const found = await readAll(store.read(blob, wholeRange(blob.sizeBytes)));
          expect(found.equals(many[index] as Buffer), `blob ${index}`).toBe(true);
        }),
      );
    });

    test('while others fail', async (store) => {
      const error = new Error('The client went away');
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) =>
          index % 2 === 0
            ? store.put(inPieces(content(1000 + index)))
            : store.put(thatThrows(1000 * index, error)),
        ),
      );
      for (const [index, result] of results.entries()) {
        if (index % 2 === 1) {
          expect(result).toEqual({ status: 'rejected', reason: error });
          continue;
        }
        const { value: blob } = result as PromiseFulfilledResult<Blob>;
        const found = await readAll(store.read(blob, wholeRange(blob.sizeBytes)));
        expect(found.equals(content(1000 + index))).toBe(true);
      }
    });
  });

  describe(`${name} reads`, () => {
    test('the tree hash of every aligned range, without its content', async (store) => {
      const bytes = content(3.5 * MIB);
      const blob = await store.put(inPieces(bytes));
      const ranges = alignedRanges(bytes.length);
      expect(ranges).toHaveLength(7);
      for (const range of ranges) {
        const hash = await store.hashRange(blob, range);
        const expected = treeHash(bytes.subarray(range.startByte, range.endByte + 1));
        expect(hash.toString('hex'), JSON.stringify(range)).toBe(expected);
      }
    });

    test('no tree hash of a range that is not aligned', async (store) => {
      const blob = await store.put(inPieces(content(3.5 * MIB)));
      const unaligned = [
        { startByte: MIB, endByte: 3 * MIB - 1 },
        { startByte: 1, endByte: MIB - 1 },
        { startByte: 0, endByte: 3 * MIB - 1 },
        { startByte: 0, endByte: 8 * MIB - 1 },
      ];
      for (const range of unaligned) {
        await expect(store.hashRange(blob, range)).rejects.toBeInstanceOf(RangeError);
      }
    });

    test('the tree hash of small blobs', async (store) => {
      for (const sizeBytes of [1, 256 * 1024, MIB]) {
        const blob = await store.put(inPieces(content(sizeBytes)));
        const hash = await store.hashRange(blob, wholeRange(sizeBytes));
        expect(hash.toString('hex')).toBe(treeHash(content(sizeBytes)));
      }
    });

    test('for one that stops early, and for others after it', async (store) => {
      const bytes = content(3.5 * MIB);
      const blob = await store.put(inPieces(bytes));
      for (let round = 0; round < 20; round++) {
        for await (const piece of store.read(blob, wholeRange(bytes.length))) {
          expect(piece[0]).toBe(0);
          break;
        }
      }
      const found = await readAll(store.read(blob, wholeRange(bytes.length)));
      expect(found.equals(bytes)).toBe(true);
    });

    test('nothing outside of a blob', async (store) => {
      for (const sizeBytes of [100, 300 * 1024, 2 * MIB]) {
        const blob = await store.put(inPieces(content(sizeBytes)));
        const outside = [
          { startByte: 0, endByte: sizeBytes },
          { startByte: sizeBytes, endByte: sizeBytes },
          { startByte: -1, endByte: 5 },
          { startByte: 6, endByte: 5 },
        ];
        for (const range of outside) {
          await expect(readAll(store.read(blob, range))).rejects.toBeInstanceOf(RangeError);
        }
      }
    });

    test('several blobs in a row', async (store) => {
      const first = await store.put(inPieces(content(2 * MIB + 3)));
      const second = await store.put(inPieces(content(1000)));
      const found = await readAll(
        readInOrder(store, [
          { blob: first, range: { startByte: 10, endByte: first.sizeBytes - 1 } },
          { blob: second, range: { startByte: 0, endByte: 499 } },
        ]),
      );
      const expected = [content(2 * MIB + 3).subarray(10), content(1000).subarray(0, 500)];
      expect(found.equals(Buffer.concat(expected))).toBe(true);
    });
  });

  describe(`${name} deletes`, () => {
    test('a blob, twice, and no other', async (store) => {
      for (const sizeBytes of [100, 300 * 1024, 2 * MIB]) {
        const gone = await store.put(inPieces(content(sizeBytes)));
        const kept = await store.put(inPieces(content(sizeBytes)));
        await store.delete(gone.blobId);
        await store.delete(gone.blobId);
        const found = await readAll(store.read(kept, wholeRange(sizeBytes)));
        expect(found.equals(content(sizeBytes))).toBe(true);
      }
    });
  });
}

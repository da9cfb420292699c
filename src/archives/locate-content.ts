/**
 * Where an archive's bytes lie: in one blob, or in the parts of the upload that it was made of.
 * Ranges are of the archive; parts are looked up page by page, since there may be 10,000.
 */
import { type ByteRange, isTreeHashAligned, rangeLength } from '../lib/byte-range.ts';
import { foldNodes } from '../lib/tree-hash.ts';
import type { BlobRange, BlobStore } from '../storage/blobs/blob-store.ts';
import type { MetadataStore } from '../storage/metadata/metadata-store.ts';
import { listPartsInRange } from '../storage/metadata/queries/uploads.ts';
import type { ArchiveRow } from '../storage/metadata/schema.ts';
import { BlobDamagedError } from '../storage/store-errors.ts';

const partsPerPage = 500;

export interface Stores {
  readonly metadata: MetadataStore;
  readonly blobs: BlobStore;
}

/** The blob ranges that together are the given range of the archive, in order. */
export async function* locateContent(
  metadata: MetadataStore,
  archive: ArchiveRow,
  range: ByteRange,
): AsyncGenerator<BlobRange, void, undefined> {
  if (archive.blob_id !== null) {
    yield { blob: wholeBlob(archive, archive.blob_id), range };
    return;
  }
  const uploadSequence = archive.upload_sequence as number;
  const { endByte } = range;
  for (let { startByte } = range; startByte <= endByte; ) {
    const parts = await metadata.read((tx) =>
      tx.all(listPartsInRange, { uploadSequence, startByte, endByte, limit: partsPerPage }),
    );
    if (parts.length === 0) throw missingBytes(archive, startByte);
    for (const part of parts) {
      const blob = {
        blobId: part.blob_id,
        sizeBytes: part.size_bytes,
        treeHash: part.tree_hash,
      };
      const within = {
        startByte: startByte - part.start_byte,
        endByte: Math.min(endByte - part.start_byte, part.size_bytes - 1),
      };
      yield { blob, range: within };
      startByte += rangeLength(within);
    }
  }
}

/**
 * The tree hash of a range of the archive, from stored hashes: no content is read. Parts are whole
 * subtrees, because their size is a power of two (documented).
 *
 * @returns undefined when the range is not tree-hash aligned and so has none
 */
export async function hashContent(
  { metadata, blobs }: Stores,
  archive: ArchiveRow,
  range: ByteRange,
): Promise<Buffer | undefined> {
  if (rangeLength(range) === archive.size_bytes) return archive.tree_hash;
  if (!isTreeHashAligned(range, archive.size_bytes)) return undefined;
  const located: BlobRange[] = [];
  for await (const blobRange of locateContent(metadata, archive, range)) located.push(blobRange);
  const [only] = located;
  if (located.length === 1 && only) {
    const isWhole = rangeLength(only.range) === only.blob.sizeBytes;
    return isWhole ? only.blob.treeHash : blobs.hashRange(only.blob, only.range);
  }
  return foldNodes(Buffer.concat(located.map(({ blob }) => blob.treeHash)));
}

function missingBytes(archive: ArchiveRow, startByte: number): BlobDamagedError {
  return new BlobDamagedError(`Archive ${archive.archive_id} has no part at byte ${startByte}`);
}

function wholeBlob(archive: ArchiveRow, blobId: string) {
  return { blobId, sizeBytes: archive.size_bytes, treeHash: archive.tree_hash };
}

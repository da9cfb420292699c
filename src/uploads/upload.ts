/** A multipart upload: its part sizes, its ranges, how long it lives, and what it shows of itself. */
import { type GlacierError, invalidParameter, notFound } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import type { UploadDescription } from '../api/shapes.ts';
import { type ByteRange, parseWholeNumber, rangeLength } from '../lib/byte-range.ts';
import { type Milliseconds, toIsoDate } from '../lib/clock.ts';
import type { MarkerKind } from '../lib/marker.ts';
import type { UploadRow } from '../storage/metadata/schema.ts';

/** Position of an upload: its sequence number. */
export const uploadMarker: MarkerKind = { kind: 1, numbers: 1, lengthBytes: 37 };
/** Position of a part: its first byte. 50 characters, as in Amazon's examples. */
export const partMarker: MarkerKind = { kind: 2, numbers: 1, lengthBytes: 37 };

/** A completed upload answers Complete again, and an aborted one Abort, for 7 days (chosen; a day is asked for). */
const rememberedMs = 7 * 24 * 60 * 60 * 1000;

/** By analogy with the text for jobs (chosen: Amazon's was never seen). */
export function uploadNotFound(uploadId: string): GlacierError {
  return notFound(`The upload ID was not found: ${uploadId}`);
}

/** 2^n MiB from 1 MiB to 4 GiB. A missing one is invalid, not missing (observed). */
export function parsePartSize(text: string | undefined): number {
  const sizeBytes = parseWholeNumber(text ?? '');
  const isPartSize =
    sizeBytes !== undefined &&
    sizeBytes >= limits.smallestPartBytes &&
    sizeBytes <= limits.largestPartBytes &&
    Number.isInteger(Math.log2(sizeBytes));
  if (isPartSize) return sizeBytes;
  throw invalidParameter(
    `Invalid part size: ${text ?? null}. Part size must not be null, must be a power of two and be between 1048576 and 4294967296 bytes.`,
  );
}

/**
 * Reads `bytes {first}-{last}/*`; a total instead of `*` is accepted and ignored (real clients send
 * both), and the range must be as long as the body.
 */
export function parseContentRange(text: string, contentLength: number): ByteRange {
  const match = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/(?:\*|[0-9]{1,15})$/.exec(text);
  const range = { startByte: Number(match?.[1]), endByte: Number(match?.[2]) };
  if (!match || range.endByte < range.startByte) {
    throw invalidParameter(`Invalid Content-Range: ${text}`);
  }
  if (rangeLength(range) !== contentLength) {
    throw invalidParameter(
      `Content-Range: ${text} is incompatible with Content-Length: ${contentLength}`,
    );
  }
  return range;
}

/** A part begins at a multiple of the part size and is no longer than that. */
export function checkPartRange(range: ByteRange, text: string, partSizeBytes: number): void {
  if (range.startByte % partSizeBytes !== 0 || rangeLength(range) > partSizeBytes) {
    throw invalidParameter(
      `Content-Range: ${text} is incompatible with part size: ${partSizeBytes}`,
    );
  }
  const partNumber = range.startByte / partSizeBytes + 1;
  if (partNumber > limits.parts) {
    throw invalidParameter(
      `This is part number ${partNumber} for the current multipart upload. It exceeds the limit of ${limits.parts} parts.`,
    );
  }
}

/** Whether parts may be added: it has not ended, nor been idle for too long. */
export function isInProgress(
  upload: UploadRow,
  now: Milliseconds,
  uploadIdleSeconds: number,
): boolean {
  return upload.state === 'InProgress' && upload.active_at + uploadIdleSeconds * 1000 > now;
}

/** Whether it ended this way, lately enough for the request that ended it to be repeated. */
export function endedLately(
  upload: UploadRow,
  state: 'Completed' | 'Aborted',
  now: Milliseconds,
): boolean {
  return upload.state === state && (upload.ended_at ?? 0) + rememberedMs > now;
}

export function describeUpload(upload: UploadRow, vaultArn: string): UploadDescription {
  return {
    ArchiveDescription: upload.description === '' ? null : upload.description,
    CreationDate: toIsoDate(upload.created_at),
    MultipartUploadId: upload.upload_id,
    PartSizeInBytes: upload.part_size_bytes,
    VaultARN: vaultArn,
  };
}

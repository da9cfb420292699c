/**
 * Markers of paginated lists: an opaque text that holds a position, not a row, so that it still works
 * when the row it was made from is gone.
 *
 * A marker is base64url of: kind (1 byte), numbers (8 bytes each), and a filler that brings it to
 * its length and is derived from the rest, so that a mistyped or foreign marker is recognised.
 */
import { createHash } from 'node:crypto';

export interface MarkerKind {
  /** Distinguishes the lists: a marker of one is malformed for another. */
  readonly kind: number;
  /** How many numbers it holds. */
  readonly numbers: number;
  /** Length in bytes before encoding; at least 8 more than the numbers need. */
  readonly lengthBytes: number;
}

/** Writes whole numbers (0 to 2^53 - 1) as a marker of this kind. */
export function encodeMarker(kind: MarkerKind, numbers: readonly number[]): string {
  const position = Buffer.alloc(1 + 8 * kind.numbers);
  position.writeUInt8(kind.kind);
  numbers.forEach((number, index) => {
    position.writeBigUInt64BE(BigInt(number), 1 + 8 * index);
  });
  return Buffer.concat([position, filler(position, kind)]).toString('base64url');
}

/** The numbers in a marker of this kind, or undefined when it is not one. */
export function decodeMarker(kind: MarkerKind, marker: string): number[] | undefined {
  const bytes = Buffer.from(marker, 'base64url');
  if (bytes.length !== kind.lengthBytes || bytes.toString('base64url') !== marker) return undefined;
  const position = bytes.subarray(0, 1 + 8 * kind.numbers);
  const isIntact = bytes.subarray(position.length).equals(filler(position, kind));
  if (!isIntact || position.readUInt8() !== kind.kind) return undefined;
  return Array.from({ length: kind.numbers }, (_, index) =>
    Number(position.readBigUInt64BE(1 + 8 * index)),
  );
}

function filler(position: Buffer, kind: MarkerKind): Buffer {
  const outputLength = kind.lengthBytes - position.length;
  return createHash('shake256', { outputLength }).update(position).digest();
}

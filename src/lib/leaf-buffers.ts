/**
 * Buffers of one MiB that are used again: making and dropping them costs more than hashing what they
 * hold.
 *
 * Whoever takes one gives it back when nothing reads or writes it any more. A buffer holds what its
 * last user left in it.
 */
import { leafBytes } from './tree-hash.ts';

/** Buffers that are kept for the next user; more are dropped. */
const keptBuffers = 16;
const kept: Buffer<ArrayBuffer>[] = [];

export function takeLeafBuffer(): Buffer<ArrayBuffer> {
  return kept.pop() ?? Buffer.allocUnsafeSlow(leafBytes);
}

export function giveLeafBuffer(buffer: Buffer<ArrayBuffer>): void {
  if (kept.length < keptBuffers) kept.push(buffer);
}

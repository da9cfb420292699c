/** Bytes that come in pieces. */
import type { ByteRange } from './byte-range.ts';

/** The same pieces, until the signal is aborted: then it throws. */
export async function* untilAborted(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    yield piece;
  }
}

/** The bytes of a range of what the pieces are together. */
export async function* slicePieces(
  pieces: AsyncIterable<Uint8Array>,
  range: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  let startByte = 0;
  for await (const piece of pieces) {
    const from = Math.max(0, range.startByte - startByte);
    const to = Math.min(piece.length, range.endByte + 1 - startByte);
    if (from < to) yield piece.subarray(from, to);
    startByte += piece.length;
    if (startByte > range.endByte) return;
  }
}

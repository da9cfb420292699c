/** Ranges of bytes, inclusive at both ends as on the wire, and the two kinds of alignment. */
import { countLeaves, findAlignedNode, type LeafRange, leafBytes } from './tree-hash.ts';

export interface ByteRange {
  readonly startByte: number;
  readonly endByte: number;
}

/** A whole number as the wire writes it: no sign, no leading zero, no more digits than are safe. */
export const wholeNumberPattern = /^(?:0|[1-9][0-9]{0,14})$/;

/** The number that `text` writes, or undefined when it is not a plain whole number. */
export function parseWholeNumber(text: string): number | undefined {
  return wholeNumberPattern.test(text) ? Number(text) : undefined;
}

/** The whole of something: 0 to the last byte. `sizeBytes` is at least 1. */
export function wholeRange(sizeBytes: number): ByteRange {
  return { startByte: 0, endByte: sizeBytes - 1 };
}

export function rangeLength(range: ByteRange): number {
  return range.endByte - range.startByte + 1;
}

/** `first-last`, as RetrievalByteRange and RangeInBytes write it. */
export function formatByteRange(range: ByteRange): string {
  return `${range.startByte}-${range.endByte}`;
}

/** Reads `first-last` with first ≤ last; undefined for anything else. */
export function parseByteRange(text: string): ByteRange | undefined {
  const [first, last, ...rest] = text.split('-');
  const startByte = parseWholeNumber(first ?? '');
  const endByte = parseWholeNumber(last ?? '');
  if (rest.length > 0 || startByte === undefined || endByte === undefined) return undefined;
  return startByte <= endByte ? { startByte, endByte } : undefined;
}

/**
 * Begins on a whole MiB and ends on one or with the data: what RetrievalByteRange must do
 * (documented).
 */
export function isMebibyteAligned(range: ByteRange, sizeBytes: number): boolean {
  const endsWell = (range.endByte + 1) % leafBytes === 0 || range.endByte === sizeBytes - 1;
  return range.startByte % leafBytes === 0 && endsWell && range.endByte < sizeBytes;
}

/** The leaves that a MiB-aligned range covers. */
export function leavesOf(range: ByteRange): LeafRange {
  return { firstLeaf: range.startByte / leafBytes, endLeaf: countLeaves(range.endByte + 1) };
}

/** Whether the tree hash of exactly these bytes is a node of the whole's tree (documented). */
export function isTreeHashAligned(range: ByteRange, sizeBytes: number): boolean {
  return (
    isMebibyteAligned(range, sizeBytes) &&
    findAlignedNode(leavesOf(range), countLeaves(sizeBytes)) !== undefined
  );
}

/**
 * What a `Range` header asks for, in Glacier's stricter reading of it: one range of bytes, the end
 * clamped to the data (boto 2 always asks for whole chunks, also past the end), and anything else
 * refused instead of ignored (chosen: the guide is silent, its error table has no 416).
 *
 * @returns undefined when the range cannot be served
 */
export function resolveRangeHeader(header: string, sizeBytes: number): ByteRange | undefined {
  const match = /^bytes=([0-9]*)-([0-9]*)$/.exec(header.trim());
  if (!match || sizeBytes === 0) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '') {
    const suffixBytes = Number(last);
    if (last === '' || suffixBytes === 0) return undefined;
    return { startByte: Math.max(0, sizeBytes - suffixBytes), endByte: sizeBytes - 1 };
  }
  const startByte = Number(first);
  const endByte = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  const isBackwards = last !== '' && Number(last) < startByte;
  return startByte < sizeBytes && !isBackwards ? { startByte, endByte } : undefined;
}

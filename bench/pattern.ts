/**
 * The bytes that are sent around: a pattern that repeats after a little more than 1 MiB, so that no
 * two leaves of an archive are equal, yet a client needs no more than 2 MiB of memory (which stay in
 * the processor's cache) to send, or to check, an archive of any size. Hashes are computed once,
 * before anything is measured.
 */
import { createHash } from 'node:crypto';
import { foldNodes } from '../src/lib/tree-hash.ts';

export const MIB = 1_048_576;

/** The next prime after 1 MiB. */
const periodBytes = 1_048_583;
/** Bytes of one piece: a leaf of the tree hash, and what is handed to the kernel at once. */
const pieceBytes = MIB;

/** Two periods, so that a piece never has to be put together. */
const twice = makePattern();

function makePattern(): Buffer {
  const period = Buffer.alloc(periodBytes);
  for (let at = 0, state = 1; at < periodBytes; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    period[at] = state >>> 24;
  }
  return Buffer.concat([period, period]);
}

/** `sizeBytes` of the pattern from `startByte` on; at most 1 MiB. */
export function patternAt(startByte: number, sizeBytes: number): Buffer {
  const from = startByte % periodBytes;
  return twice.subarray(from, from + sizeBytes);
}

/** A stretch of the pattern, piece by piece. */
export function* pieces(startByte: number, sizeBytes: number): Generator<Buffer> {
  for (let done = 0; done < sizeBytes; done += pieceBytes) {
    yield patternAt(startByte + done, Math.min(pieceBytes, sizeBytes - done));
  }
}

/** After so many pieces, a few milliseconds of work, somebody else (Ctrl-C) gets a turn. */
const piecesPerTurn = 4;

/** Does something with every piece; keeps the event loop for no longer than a turn. */
export async function forEachPiece(
  all: Iterable<Buffer>,
  take: (piece: Buffer) => unknown,
): Promise<void> {
  let count = 0;
  for (const piece of all) {
    take(piece);
    count += 1;
    if (count % piecesPerTurn === 0) await new Promise(setImmediate);
  }
}

/** @throws when `bytes` are not those that stand at `startByte` of the pattern */
export function assertPattern(bytes: Buffer, startByte: number): void {
  for (let done = 0; done < bytes.length; done += pieceBytes) {
    const piece = bytes.subarray(done, done + pieceBytes);
    if (piece.equals(patternAt(startByte + done, piece.length))) continue;
    throw new Error(`Other bytes than were sent, at or behind byte ${startByte + done}`);
  }
}

/** A stretch of the pattern with its hashes in hex: an archive, or a part of one. */
export interface Content {
  readonly startByte: number;
  readonly sizeBytes: number;
  readonly linearHash: string;
  readonly treeHash: string;
}

const known = new Map<string, Content>();

/** @param startByte a multiple of 1 MiB */
export async function contentOf(startByte: number, sizeBytes: number): Promise<Content> {
  const name = `${startByte}+${sizeBytes}`;
  const content = known.get(name) ?? (await hashContent(startByte, sizeBytes));
  known.set(name, content);
  return content;
}

async function hashContent(startByte: number, sizeBytes: number): Promise<Content> {
  const { linear, leaves } = await hashTwice(startByte, sizeBytes);
  const treeHash = foldNodes(Buffer.concat(leaves)).toString('hex');
  return { startByte, sizeBytes, linearHash: linear.toString('hex'), treeHash };
}

/** What an upload needs at least: the hash of all bytes in a row, and that of every MiB. */
export async function hashTwice(startByte: number, sizeBytes: number) {
  const linear = createHash('sha256');
  const leaves: Buffer[] = [];
  await forEachPiece(pieces(startByte, sizeBytes), (leaf) => {
    linear.update(leaf);
    leaves.push(createHash('sha256').update(leaf).digest());
  });
  return { linear: linear.digest(), leaves };
}

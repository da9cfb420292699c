/**
 * What the machine can do, with Node and no server: the yardsticks of the rows with large archives.
 * Each works on as many bytes as a large archive has.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Measure, timed } from './measure.ts';
import { forEachPiece, hashTwice, MIB, pieces } from './pattern.ts';
import type { Stage } from './stage.ts';

/** Something that Firn is compared with. */
export interface Peer {
  readonly title: string;
  /** Gets ready. Undefined when this machine cannot do it. */
  begin(stage: Stage): Promise<Measure | undefined>;
}

/** A limit that is one piece of work on the bytes of a large archive. */
function limit(title: string, work: (stage: Stage) => Promise<void>): Peer {
  const begin = async (stage: Stage) => () => timed(stage.sizes.largeBytes, () => work(stage));
  return { title, begin };
}

export const hashOnce = limit('SHA-256 on one core', async ({ sizes }) => {
  const hash = createHash('sha256');
  await forEachPiece(pieces(0, sizes.largeBytes), (piece) => hash.update(piece));
  hash.digest();
});

/** As an upload needs it: all bytes in a row, and every MiB. */
export const hashBoth = limit('SHA-256 twice on one core', async ({ sizes }) => {
  await hashTwice(0, sizes.largeBytes);
});

export const readCached = limit('read the file (page cache)', async (stage) => {
  await forEachPiece(filePieces(await sourceFile(stage)), () => {});
});

export const readAndHash = limit('read the file and hash, one core', async (stage) => {
  const hash = createHash('sha256');
  await forEachPiece(filePieces(await sourceFile(stage)), (bytes) => hash.update(bytes));
  hash.digest();
});

export const writeFlushed: Peer = {
  title: 'write to a file, fdatasync',
  begin: async (stage) => async () => {
    const path = join(stage.directory, 'written');
    const measured = await timed(stage.sizes.largeBytes, () => writePattern(stage, path));
    await rm(path);
    return measured;
  },
};

export const ddDirect: Peer = {
  title: 'dd oflag=direct conv=fdatasync',
  begin: async (stage) => {
    const to = join(stage.directory, 'dd');
    const from = await sourceFile(stage);
    const isPossible = await copyDirect(from, to, 'count=1').then(isTrue, isFalse);
    await rm(to, { force: true });
    if (!isPossible) return undefined;
    return async () => {
      const measured = await timed(stage.sizes.largeBytes, () => copyDirect(from, to));
      await rm(to);
      return measured;
    };
  },
};

const isTrue = () => true;
const isFalse = () => false;

async function copyDirect(from: string, to: string, ...more: string[]): Promise<void> {
  const how = ['bs=1M', 'oflag=direct', 'conv=fdatasync', ...more];
  const dd = spawn('dd', [`if=${from}`, `of=${to}`, ...how], { stdio: 'ignore' });
  const [code] = await once(dd, 'exit');
  if (code !== 0) throw new Error('dd has failed');
}

async function writePattern(stage: Stage, path: string): Promise<void> {
  const file = await open(path, 'wx');
  await forEachPiece(pieces(0, stage.sizes.largeBytes), (piece) => writeAll(file.fd, piece));
  await file.datasync();
  await file.close();
}

function writeAll(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
}

/** The bytes of a file, in one buffer that is used again and again. */
function* filePieces(path: string): Generator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(MIB);
  const file = openSync(path, 'r');
  for (let length = readSync(file, buffer); length > 0; length = readSync(file, buffer)) {
    yield buffer.subarray(0, length);
  }
  closeSync(file);
}

/** The bytes of a large archive as a file, made at first use; it is in the page cache then. */
async function sourceFile(stage: Stage): Promise<string> {
  const path = join(stage.directory, 'source');
  if (!existsSync(path)) await writePattern(stage, path);
  return path;
}

import { execFile } from 'node:child_process';
import {
  chmod,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { content } from '../../../test/support/content.ts';
import { MIB } from '../../../test/support/tree-hash.ts';
import { type ByteRange, wholeRange } from '../../lib/byte-range.ts';
import { systemClock } from '../../lib/clock.ts';
import { buildTree, sha256 } from '../../lib/tree-hash.ts';
import { BlobDamagedError, StoreUnavailableError } from '../store-errors.ts';
import { StoreHealth } from '../store-health.ts';
import type { Blob } from './blob-store.ts';
import { describeBlobStore, inPieces } from './conformance.ts';
import { DiskBlobStore } from './disk.ts';

const run = promisify(execFile);

let directory: string;
let health: StoreHealth;
let store: DiskBlobStore;

async function openStore(): Promise<void> {
  health = new StoreHealth();
  store = await DiskBlobStore.open({ directory, clock: systemClock, health });
}

async function reopen(): Promise<void> {
  await store.close();
  await openStore();
}

async function makeDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'firn-blobs-'));
}

function put(bytes: Buffer) {
  return store.put(inPieces(bytes));
}

function blobPath(blob: Blob): string {
  return join(directory, 'blobs', blob.blobId.slice(0, 2), blob.blobId);
}

function segmentPath(segmentNumber: number): string {
  return join(directory, 'segments', `${String(segmentNumber).padStart(8, '0')}.tar`);
}

function segmentNames(): Promise<string[]> {
  return readdir(join(directory, 'segments'));
}

/** Every file below the root. */
async function listFiles(): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

async function flipBit(path: string, offsetBytes: number): Promise<void> {
  await chmod(path, 0o600);
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offsetBytes);
  await file.write(Buffer.from([(byte[0] as number) ^ 0x10]), 0, 1, offsetBytes);
  await file.close();
}

/** What a read gives out, and how it ends. */
async function attempt(blob: Blob, range: ByteRange): Promise<{ given: Buffer; error: unknown }> {
  const given: Buffer[] = [];
  try {
    for await (const piece of store.read(blob, range)) given.push(Buffer.from(piece));
  } catch (error) {
    return { given: Buffer.concat(given), error };
  }
  return { given: Buffer.concat(given), error: undefined };
}

/** The read breaks off, and what it gave out before is right. */
async function expectDamaged(blob: Blob, bytes: Buffer, range = wholeRange(bytes.length)) {
  const { given, error } = await attempt(blob, range);
  expect(error).toBeInstanceOf(BlobDamagedError);
  const right = bytes.subarray(range.startByte, range.startByte + given.length);
  expect(given.equals(right)).toBe(true);
  return given.length;
}

async function expectRight(blob: Blob, bytes: Buffer, range = wholeRange(bytes.length)) {
  const { given, error } = await attempt(blob, range);
  expect(error).toBeUndefined();
  expect(given.equals(bytes.subarray(range.startByte, range.endByte + 1))).toBe(true);
}

describeBlobStore('DiskBlobStore', async () => {
  const root = await makeDirectory();
  const own = await DiskBlobStore.open({
    directory: root,
    clock: systemClock,
    health: new StoreHealth(),
  });
  return {
    store: own,
    close: async () => {
      await own.close();
      await rm(root, { recursive: true, force: true });
    },
  };
});

/** For the tests below only: those of the contract have stores of their own. */
function useFreshStore(): void {
  beforeEach(async () => {
    directory = await makeDirectory();
    await openStore();
  });

  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });
}

describe('A blob on disk', () => {
  useFreshStore();

  it('is a file of exactly its bytes, read-only, with all levels of its tree beside it', async () => {
    const bytes = content(5.25 * MIB);
    const blob = await put(bytes);
    expect((await readFile(blobPath(blob))).equals(bytes)).toBe(true);
    const leaves = Array.from({ length: 6 }, (_, leaf) =>
      sha256(bytes.subarray(leaf * MIB, (leaf + 1) * MIB)),
    );
    const tree = await readFile(`${blobPath(blob)}.tree`);
    expect(tree.equals(buildTree(Buffer.concat(leaves)))).toBe(true);
    for (const path of [blobPath(blob), `${blobPath(blob)}.tree`]) {
      expect((await stat(path)).mode & 0o777).toBe(0o440);
    }
  });

  it('has no tree up to 1 MiB, and is in a segment up to 256 KiB', async () => {
    await put(content(MIB));
    expect(await listFiles()).toHaveLength(1);
    await put(content(256 * 1024));
    expect(await segmentNames()).toEqual(['00000001.tar']);
    expect(await listFiles()).toHaveLength(2);
  });

  it('leaves nothing behind when it could not be put', async () => {
    const wrong = { sizeBytes: 1, linearHash: '', treeHash: '' };
    async function* broken(sizeBytes: number) {
      yield* inPieces(content(sizeBytes));
      throw new Error('The client went away');
    }
    for (const sizeBytes of [1000, 300 * 1024, MIB, 3.5 * MIB]) {
      await expect(store.put(inPieces(content(sizeBytes)), wrong)).rejects.toThrow();
      await expect(store.put(broken(sizeBytes))).rejects.toThrow('The client went away');
    }
    expect(await listFiles()).toEqual([]);
  });

  it('leaves nothing behind when it is deleted', async () => {
    const blob = await put(content(2 * MIB));
    expect(await listFiles()).toHaveLength(2);
    await store.delete(blob.blobId);
    expect(await listFiles()).toEqual([]);
    await expectDamaged(blob, content(2 * MIB));
  });

  it('cannot be put while the store is read-only, and is read all the same', async () => {
    const blob = await put(content(1000));
    health.turnReadOnly('a test');
    await expect(put(content(1000))).rejects.toBeInstanceOf(StoreUnavailableError);
    await expectRight(blob, content(1000));
  });

  it('is there after reopening', async () => {
    const blobs = [];
    for (const sizeBytes of [1, 300 * 1024, 3.5 * MIB]) blobs.push(await put(content(sizeBytes)));
    await reopen();
    for (const blob of blobs) await expectRight(blob, content(blob.sizeBytes));
  });
});

describe('A segment', () => {
  useFreshStore();

  const tarTitle = 'is a tar archive with a member for each blob';

  async function hasTar(): Promise<boolean> {
    return run('tar', ['--version']).then(
      () => true,
      () => false,
    );
  }

  it(tarTitle, async ({ skip }) => {
    if (!(await hasTar())) {
      console.warn(`Skipped "${tarTitle}": there is no tar on this machine`);
      skip();
    }
    const many = [1, 511, 512, 513, 100_000, 256 * 1024].map((size, seed) => content(size, seed));
    const together = await Promise.all(many.map(put));
    const alone = await put(content(777));
    const { stdout } = await run('tar', ['-tf', segmentPath(1)]);
    const ids = [...together, alone].map((blob) => blob.blobId);
    expect(stdout.trim().split('\n')).toEqual(ids);
    const target = await makeDirectory();
    try {
      await run('tar', ['-xf', segmentPath(1), '-C', target]);
      expect((await readdir(target)).sort()).toEqual([...ids].sort());
      for (const [index, bytes] of [...many, content(777)].entries()) {
        const found = await readFile(join(target, ids[index] as string));
        expect(found.equals(bytes)).toBe(true);
      }
    } finally {
      await rm(target, { recursive: true, force: true });
    }
  });

  it('is begun anew when one is full, which is then ended and read-only', async () => {
    const bytes = content(256 * 1024);
    const blobs: Blob[] = [];
    for (let group = 0; group < 10; group++) {
      blobs.push(...(await Promise.all(Array.from({ length: 31 }, () => put(bytes)))));
    }
    expect(await segmentNames()).toEqual(['00000001.tar', '00000002.tar']);
    expect((await stat(segmentPath(1))).mode & 0o777).toBe(0o440);
    const file = await readFile(segmentPath(1));
    expect(file.subarray(-1024).equals(Buffer.alloc(1024))).toBe(true);
    for (const blob of blobs) await expectRight(blob, bytes);
    if (await hasTar()) {
      const { stdout } = await run('tar', ['-tf', segmentPath(1)]);
      const ids = blobs.map((blob) => blob.blobId).filter((id) => id.startsWith('00000001-'));
      expect(stdout.trim().split('\n')).toEqual(ids);
    }
  });

  it('is begun anew after reopening, and what follows the old one does no harm', async () => {
    const first = await put(content(1000));
    for (const garbage of [content(300, 1), Buffer.alloc(5000), content(70_000, 2)]) {
      await reopen();
      const file = await open(segmentPath(1), 'a');
      await file.write(garbage);
      await file.close();
    }
    await openStore();
    const second = await put(content(2000));
    expect(await segmentNames()).toEqual(['00000001.tar', '00000002.tar']);
    await expectRight(first, content(1000));
    await expectRight(second, content(2000));
    await store.delete(first.blobId);
    expect(await segmentNames()).toEqual(['00000002.tar']);
  });

  it('goes when all of its members are deleted, not before', async () => {
    const blobs = await Promise.all([1, 2, 3].map((size) => put(content(size))));
    const [first, second, third] = blobs as Blob[] as [Blob, Blob, Blob];
    await store.delete(second.blobId);
    await reopen();
    await put(content(10));
    await store.delete(first.blobId);
    await store.delete(first.blobId);
    expect(await segmentNames()).toContain('00000001.tar');
    await expectRight(third, content(3));
    await store.delete(third.blobId);
    expect(await segmentNames()).toEqual(['00000002.tar']);
    await expectDamaged(third, content(3));
    for (const blob of blobs) await store.delete(blob.blobId);
    expect(await segmentNames()).toEqual(['00000002.tar']);
  });

  it('does not go while it is written to', async () => {
    const blob = await put(content(10));
    await store.delete(blob.blobId);
    expect(await segmentNames()).toContain('00000001.tar');
    const next = await put(content(20));
    expect(next.blobId).toMatch(/^00000001-/);
    await expectRight(next, content(20));
    await reopen();
    await store.delete(next.blobId);
    expect(await segmentNames()).toEqual([]);
  });

  it('goes once when its members are deleted at the same time', async () => {
    const blobs = await Promise.all(Array.from({ length: 50 }, (_, i) => put(content(i + 1))));
    await reopen();
    await Promise.all(blobs.map((blob) => store.delete(blob.blobId)));
    expect(await segmentNames()).toEqual([]);
  });

  it('never has the number of one that was there before, even if only its deletions are', async () => {
    await store.close();
    await writeFile(join(directory, 'segments', '00000007.deleted'), '00000007-0000000512\n');
    await openStore();
    const blob = await put(content(10));
    expect(blob.blobId).toBe('00000008-0000000512');
    await expectRight(blob, content(10));
  });
});

describe('Damage is found, and no wrong byte given out,', () => {
  useFreshStore();

  const sizeBytes = 5.25 * MIB;
  const bytes = content(sizeBytes);

  for (const leaf of [0, 2, 5]) {
    it(`when a bit of MiB ${leaf} of a file has flipped`, async () => {
      const blob = await put(bytes);
      await flipBit(blobPath(blob), leaf * MIB + 1234);
      await reopen();
      expect(await expectDamaged(blob, bytes)).toBe(leaf * MIB);
      const damaged = { startByte: leaf * MIB + 5, endByte: leaf * MIB + 5 };
      expect(await expectDamaged(blob, bytes, damaged)).toBe(0);
      for (const other of [0, 1, 2, 3, 4, 5].filter((number) => number !== leaf)) {
        const range = { startByte: other * MIB, endByte: other * MIB + 999 };
        await expectRight(blob, bytes, range);
      }
    });
  }

  for (const missing of [1, 1000, MIB, 5.25 * MIB]) {
    it(`when ${missing} bytes are missing at the end of a file`, async () => {
      const blob = await put(bytes);
      await chmod(blobPath(blob), 0o600);
      await truncate(blobPath(blob), sizeBytes - missing);
      await expectDamaged(blob, bytes);
    });
  }

  it('when a bit of a blob without a tree has flipped', async () => {
    const blob = await put(content(MIB));
    await flipBit(blobPath(blob), MIB - 1);
    expect(await expectDamaged(blob, content(MIB))).toBe(0);
  });

  it('when a file is missing', async () => {
    const blob = await put(bytes);
    await rm(blobPath(blob));
    expect(await expectDamaged(blob, bytes)).toBe(0);
  });

  it('when any of the hashes of a tree has a flipped bit', async () => {
    const blob = await put(bytes);
    const treePath = `${blobPath(blob)}.tree`;
    for (let node = 0; node < 6; node++) {
      await flipBit(treePath, node * 32 + 7);
      await reopen();
      expect(await expectDamaged(blob, bytes)).toBe(0);
      const hashed = store.hashRange(blob, { startByte: 0, endByte: MIB - 1 });
      await expect(hashed).rejects.toBeInstanceOf(BlobDamagedError);
      await flipBit(treePath, node * 32 + 7);
      await reopen();
      await expectRight(blob, bytes);
    }
  });

  it('when a node above the leaves has a flipped bit: it is made again from them', async () => {
    const blob = await put(bytes);
    const treePath = `${blobPath(blob)}.tree`;
    const { size } = await stat(treePath);
    const right = await store.hashRange(blob, { startByte: 0, endByte: 4 * MIB - 1 });
    for (let node = 6; node * 32 < size; node++) {
      await flipBit(treePath, node * 32 + 7);
      await reopen();
      await expectRight(blob, bytes);
      const found = await store.hashRange(blob, { startByte: 0, endByte: 4 * MIB - 1 });
      expect(found.equals(right)).toBe(true);
    }
  });

  it('when a tree is missing, cut off, or that of another blob', async () => {
    const blob = await put(bytes);
    const other = await put(content(sizeBytes, 1));
    const treePath = `${blobPath(blob)}.tree`;
    const tree = await readFile(treePath);
    const otherTree = await readFile(`${blobPath(other)}.tree`);
    for (const wrong of [otherTree, tree.subarray(0, 100), Buffer.alloc(0), undefined]) {
      await rm(treePath, { force: true });
      if (wrong) {
        const file = await open(treePath, 'wx');
        await file.write(wrong);
        await file.close();
      }
      await reopen();
      expect(await expectDamaged(blob, bytes)).toBe(0);
    }
  });

  it('when a bit of a segment has flipped, at its member only', async () => {
    const blobs: Blob[] = [];
    for (let seed = 0; seed < 3; seed++) blobs.push(await put(content(5000, seed)));
    const [first, second, third] = blobs as Blob[] as [Blob, Blob, Blob];
    for (const at of [0, 2500, 4999]) {
      const offsetBytes = Number(second.blobId.slice(9)) + at;
      await flipBit(segmentPath(1), offsetBytes);
      expect(await expectDamaged(second, content(5000, 1))).toBe(0);
      expect(await expectDamaged(second, content(5000, 1), { startByte: 9, endByte: 9 })).toBe(0);
      await expectRight(first, content(5000, 0));
      await expectRight(third, content(5000, 2));
      await flipBit(segmentPath(1), offsetBytes);
      await expectRight(second, content(5000, 1));
    }
  });

  it('when a segment is cut off or missing', async () => {
    const blob = await put(content(5000));
    await reopen();
    await truncate(segmentPath(1), 3000);
    expect(await expectDamaged(blob, content(5000))).toBe(0);
    await rm(segmentPath(1));
    expect(await expectDamaged(blob, content(5000))).toBe(0);
  });
});

describe('An error of the content', () => {
  useFreshStore();

  it('is passed on as it is, also when it is one of a socket', async () => {
    const error = Object.assign(new Error('read ECONNRESET'), { syscall: 'read' });
    async function* broken() {
      yield content(1000);
      throw error;
    }
    const reason = await store.put(broken()).catch((caught: unknown) => caught);
    expect(reason).toBe(error);
  });
});

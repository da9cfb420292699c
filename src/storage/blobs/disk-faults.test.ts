/** What goes wrong around the disk store: readers that leave, devices that cannot read, torn ends. */
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { content } from '../../../test/support/content.ts';
import { wholeRange } from '../../lib/byte-range.ts';
import { systemClock } from '../../lib/clock.ts';
import { BlobDamagedError, ContentMismatchError } from '../store-errors.ts';
import { StoreHealth } from '../store-health.ts';
import { type StoredBlob, verifyBlob } from './blob-store.ts';
import { DiskBlobStore } from './disk.ts';

const mebibyte = 1_048_576;

let directory: string;
let store: DiskBlobStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'firn-blobs-'));
  await openStore();
});

afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});

async function openStore(): Promise<void> {
  const health = new StoreHealth();
  store = await DiskBlobStore.open({ directory, clock: systemClock, health });
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

function put(bytes: Uint8Array): Promise<StoredBlob> {
  return store.put(once(bytes));
}

function blobPath({ blobId }: StoredBlob): string {
  return join(directory, 'blobs', blobId.slice(0, 2), blobId);
}

describe('no file is left open', () => {
  async function countOpenFiles(): Promise<number> {
    return (await readdir('/proc/self/fd')).length;
  }

  test('by content that is refused or throws', async () => {
    const bytes = content(2.5 * mebibyte);
    const expected = { sizeBytes: bytes.length, linearHash: 'x', treeHash: 'x' };
    async function* failing() {
      yield bytes;
      throw new Error('the client has gone');
    }
    const before = await countOpenFiles();
    for (let failed = 0; failed < 5; failed++) {
      const refused = store.put(once(bytes), expected);
      await expect(refused).rejects.toBeInstanceOf(ContentMismatchError);
      await expect(store.put(failing())).rejects.toThrow('the client has gone');
    }
    expect(await countOpenFiles()).toBeLessThanOrEqual(before);
  });

  test('by readers that stop early, or meet damage', async () => {
    const blob = await put(content(3.5 * mebibyte));
    const damaged = await put(content(3.5 * mebibyte));
    await rm(blobPath(damaged));
    await writeFile(blobPath(damaged), content(3.5 * mebibyte, 1));
    const before = await countOpenFiles();
    for (let stopped = 0; stopped < 10; stopped++) {
      for await (const piece of store.read(blob, wholeRange(blob.sizeBytes))) {
        expect(piece).toHaveLength(mebibyte);
        break;
      }
      await expect(verifyBlob(store, damaged)).rejects.toBeInstanceOf(BlobDamagedError);
    }
    expect(await countOpenFiles()).toBeLessThanOrEqual(before);
  });
});

/** Memory is used again: no reader and no upload may ever see what another has in it. */
test('readers and uploads that come and go side by side do not meet in memory', async () => {
  const sizeBytes = 2.5 * mebibyte;
  const contents = Array.from({ length: 6 }, (_, seed) => content(sizeBytes, 40 * seed));
  const blobs = await Promise.all(contents.map(put));
  const pause = () => new Promise(setImmediate);
  const goAway = new Error('gone');

  /** Reads, looks at each piece for as long as it is valid, and stops after `pieces` of them. */
  async function readSome(which: number, pieces: number): Promise<void> {
    const blob = blobs[which] as StoredBlob;
    let at = 0;
    let seen = 0;
    for await (const piece of store.read(blob, wholeRange(sizeBytes))) {
      await pause();
      const expected = contents[which]?.subarray(at, at + piece.length) as Buffer;
      if (Buffer.compare(piece, expected) !== 0) expect.fail(`wrong bytes at ${at}`);
      at += piece.length;
      seen += 1;
      if (seen === pieces) break;
    }
  }

  /** Uploads, and goes away after `pieces` pieces; a whole upload is compared. */
  async function putSome(which: number, pieces: number): Promise<void> {
    const bytes = contents[which] as Buffer;
    async function* slowly() {
      for (let at = 0; at < 40; at++) {
        if (at === pieces) throw goAway;
        await pause();
        yield bytes.subarray(at * 65_536, (at + 1) * 65_536);
      }
    }
    const stored = await store.put(slowly()).catch((error: unknown) => error);
    if (pieces < 40) expect(stored).toBe(goAway);
    else
      expect((stored as StoredBlob).treeHash.equals(blobs[which]?.treeHash as Buffer)).toBe(true);
  }

  for (let round = 0; round < 6; round++) {
    const acts = Array.from({ length: 18 }, (_, index) => {
      const which = (index + round) % 6;
      return index % 3 === 0
        ? putSome(which, [40, 3, 20][(index / 3 + round) % 3] as number)
        : readSome(which, 1 + ((index + round) % 3));
    });
    await Promise.all(acts);
  }
});

/** Jobs fail by damage; any other error they try again for ever. A directory cannot be read, either. */
test.each(['', '.tree'])('a device that cannot read NAME%s is damage', async (extension) => {
  const blob = await put(content(3.5 * mebibyte));
  const path = `${blobPath(blob)}${extension}`;
  await rm(path);
  await mkdir(path);
  await expect(verifyBlob(store, blob)).rejects.toBeInstanceOf(BlobDamagedError);
});

/** Bytes that never became a member were never acknowledged, so nobody will delete them. */
test('a segment goes with its members, also when one more was cut off at its end', async () => {
  const blobs = await Promise.all([1, 2, 3].map((seed) => put(content(900, seed))));
  const path = join(directory, 'segments', '00000001.tar');
  await store.close();
  const segment = await readFile(path);
  await appendFile(path, segment.subarray(0, 600));
  await openStore();
  for (const blob of blobs) {
    await verifyBlob(store, blob);
    expect((await stat(path)).size).toBe(segment.length + 600);
    await store.delete(blob.blobId);
  }
  expect(await readdir(join(directory, 'segments'))).toEqual([]);
});

test('damage behind a piece that is still on its way out is no crash', async () => {
  const blob = await put(content(3 * mebibyte));
  await chmod(blobPath(blob), 0o600);
  const stored = await readFile(blobPath(blob));
  stored.writeUInt8(stored.readUInt8(mebibyte + 7) ^ 1, mebibyte + 7);
  await writeFile(blobPath(blob), stored);
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  try {
    const pieces = store.read(blob, wholeRange(blob.sizeBytes));
    const first = await pieces.next();
    expect(Buffer.from(first.value as Uint8Array)).toEqual(content(mebibyte));
    // The client is slow: meanwhile the next MiB is read and found damaged.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await expect(pieces.next()).rejects.toBeInstanceOf(BlobDamagedError);
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
  }
});

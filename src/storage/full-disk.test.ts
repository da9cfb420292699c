/**
 * A full disk is not a broken disk: what does not fit is refused and leaves nothing, what was
 * acknowledged stays, and with room again all goes on without a restart. Each test has a small disk
 * of its own, which takes root to mount; elsewhere it is skipped with the reason.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, type TestContext, test } from 'vitest';
import { content } from '../../test/support/content.ts';
import { systemClock } from '../lib/clock.ts';
import { verifyBlob } from './blobs/blob-store.ts';
import { DiskBlobStore, largestSmallBlob } from './blobs/disk.ts';
import type { Entry } from './metadata/entries.ts';
import { JournaledStore } from './metadata/journaled-store.ts';
import { findArchive } from './metadata/queries/archives.ts';
import { listVaults } from './metadata/queries/vaults.ts';
import { RowSeal } from './metadata/row-seal.ts';
import { StoreUnavailableError } from './store-errors.ts';
import { StoreHealth } from './store-health.ts';

const run = promisify(execFile);
const mebibyte = 1_048_576;

async function makeDirectory({ onTestFinished }: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'firn-full-disk-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

/** Mounts a disk of so many MiB at `path`, which exists. */
async function mountDisk(path: string, mebibytes: number, context: TestContext): Promise<void> {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path]);
  } catch (error) {
    const reason = `no small disk could be mounted: ${(error as Error).message.trim()}`;
    console.warn(`Skipped "${context.task.name}": ${reason}`);
    context.skip(reason);
  }
  context.onTestFinished(async () => {
    await run('umount', ['-l', path]);
  });
}

/** Leaves so many bytes free on the disk. */
async function fill(disk: string, roomBytes: number): Promise<void> {
  const { stdout } = await run('df', ['--block-size=1', '--output=avail', disk]);
  const available = Number(stdout.trim().split('\n').at(-1));
  await writeFile(join(disk, 'filler'), Buffer.alloc(Math.max(0, available - roomBytes)));
}

function makeRoom(disk: string): Promise<void> {
  return rm(join(disk, 'filler'));
}

describe('blobs', () => {
  async function* once(bytes: Uint8Array) {
    yield bytes;
  }

  /** Every file of its own with its size; segments may keep what a failed write has left. */
  async function listBlobFiles(disk: string): Promise<string[]> {
    const entries = await readdir(join(disk, 'blobs'), { recursive: true, withFileTypes: true });
    const paths = entries.filter((it) => it.isFile()).map((it) => join(it.parentPath, it.name));
    const lines = paths.map(async (path) => `${relative(disk, path)} ${(await stat(path)).size}`);
    return (await Promise.all(lines)).sort();
  }

  test('that do not fit are refused, and later others are kept', async (context) => {
    const disk = await makeDirectory(context);
    await mountDisk(disk, 8, context);
    const health = new StoreHealth();
    const store = await DiskBlobStore.open({ directory: disk, clock: systemClock, health });
    const large = await store.put(once(content(3 * mebibyte)));
    const small = await store.put(once(content(9)));
    const before = await listBlobFiles(disk);
    for (const roomBytes of [0, 4_096, 100_000, 2 * mebibyte, 4 * mebibyte]) {
      await fill(disk, roomBytes);
      for (const sizeBytes of [largestSmallBlob, 5 * mebibyte]) {
        if (sizeBytes <= roomBytes) continue;
        const refused = store.put(once(content(sizeBytes)));
        await expect(refused, `${roomBytes} free`).rejects.toBeInstanceOf(StoreUnavailableError);
      }
      await makeRoom(disk);
    }
    expect(await listBlobFiles(disk)).toEqual(before);
    expect(health.readOnlyReason).toBeUndefined();
    const largeAgain = await store.put(once(content(mebibyte + 1)));
    const smallAgain = await store.put(once(content(9)));
    for (const blob of [large, small, largeAgain, smallAgain]) await verifyBlob(store, blob);
    // What a failed write has left in a segment is not written over.
    expect(smallAgain.blobId.slice(0, 8)).not.toBe(small.blobId.slice(0, 8));
    await store.close();
  });

  test('that fit, but not their trees, are not kept either', async (context) => {
    const disk = await makeDirectory(context);
    await mountDisk(disk, 8, context);
    const health = new StoreHealth();
    const store = await DiskBlobStore.open({ directory: disk, clock: systemClock, health });
    for (let round = 0; round < 20; round++) {
      await fill(disk, 2 * mebibyte);
      const refused = store.put(once(content(2 * mebibyte)));
      await expect(refused).rejects.toBeInstanceOf(StoreUnavailableError);
      expect(await listBlobFiles(disk)).toEqual([]);
      await makeRoom(disk);
    }
    await store.close();
  });
});

describe('entries', () => {
  const accountId = '111122223333';
  const actor = { accountId, principalArn: `arn:aws:iam::${accountId}:root`, requestId: 'r' };

  function openStore(directory: string, health = new StoreHealth()) {
    const asideDirectory = join(directory, 'aside');
    const seal = new RowSeal(Buffer.alloc(32));
    return JournaledStore.open({ directory, asideDirectory, clock: systemClock, health, seal });
  }

  function vaultCreated(vaultName: string): Entry {
    return { kind: 'VaultCreated', data: { vaultName } };
  }

  /** An entry too large for what is left of the disk. */
  function largeEntry(vaultName: string, archiveId: string): Entry {
    const linearHash = '0'.repeat(64);
    const blob = { blobId: archiveId, sizeBytes: 1, treeHash: linearHash, linearHash };
    const description = 'd'.repeat(100_000);
    return { kind: 'ArchiveStored', data: { vaultName, archiveId, description, blob } };
  }

  /** Makes all entries with one change. */
  function record(store: JournaledStore, ...entries: readonly Entry[]): Promise<void> {
    return store.write(actor, async (tx) => {
      for (const entry of entries) await tx.record(entry);
    });
  }

  function vaultNames(store: JournaledStore): Promise<string[]> {
    return store.read(async (tx) => {
      const vaults = await tx.all(listVaults, { accountId, afterName: '', limit: 1_000 });
      return vaults.map((vault) => vault.vault_name);
    });
  }

  test('that do not fit the journal are refused with all of their group, and later others are kept', async (context) => {
    const directory = await makeDirectory(context);
    const disk = join(directory, 'journal');
    await mkdir(disk);
    await mkdir(join(directory, 'aside'));
    await mountDisk(disk, 1, context);
    const health = new StoreHealth();
    const { store } = await openStore(directory, health);
    await record(store, vaultCreated('alpha'));
    await fill(disk, 8_192);
    const journalPath = join(disk, '00000001.jsonl');
    for (let round = 0; round < 3; round++) {
      const journal = await readFile(journalPath);
      const group = [
        record(store, vaultCreated('beta'), largeEntry('beta', 'ARCH')),
        record(store, vaultCreated('gamma')),
      ];
      for (const outcome of await Promise.allSettled(group)) {
        expect(outcome).toMatchObject({ reason: expect.any(StoreUnavailableError) });
      }
      expect(await vaultNames(store)).toEqual(['alpha']);
      expect((await readFile(journalPath)).equals(journal)).toBe(true);
    }
    expect(health.readOnlyReason).toBeUndefined();

    await makeRoom(disk);
    await record(store, vaultCreated('beta'), largeEntry('beta', 'ARCH'));
    expect(await vaultNames(store)).toEqual(['alpha', 'beta']);
    await store.close();

    for (const name of await readdir(directory)) {
      if (name.startsWith('view.')) await rm(join(directory, name));
    }
    const again = await openStore(directory);
    expect(again.replayedEntries).toBe(3);
    const found = await again.store.read((tx) => tx.first(findArchive, { archiveId: 'ARCH' }));
    expect(found?.description).toHaveLength(100_000);
    await again.store.close();
  });

  test('are kept again when there is room, also where the view was on the same disk', async (context) => {
    const disk = await makeDirectory(context);
    await mountDisk(disk, 1, context);
    await mkdir(join(disk, 'aside'));
    const health = new StoreHealth();
    const { store } = await openStore(disk, health);
    context.onTestFinished(() => store.close());
    await record(store, vaultCreated('alpha'));
    await fill(disk, 0);
    const acknowledged = ['alpha'];
    for (let change = 0; change < 40; change++) {
      const vaultName = `v${String(change).padStart(2, '0')}`;
      try {
        await record(store, vaultCreated(vaultName));
        acknowledged.push(vaultName);
      } catch (error) {
        expect(error).toBeInstanceOf(StoreUnavailableError);
      }
    }
    expect(acknowledged.length).toBeLessThan(41);
    expect(await vaultNames(store)).toEqual(expect.arrayContaining(acknowledged));
    await makeRoom(disk);
    expect(health.readOnlyReason).toBeUndefined();
    await record(store, vaultCreated('when there is room'));
    const names = await vaultNames(store);
    await store.close();
    const again = await openStore(disk);
    expect(await vaultNames(again.store)).toEqual(names);
    await again.store.close();
  });
});

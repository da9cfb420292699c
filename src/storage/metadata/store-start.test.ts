/** What a metadata store makes of the files that it finds at its start. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreDamagedError } from '../store-errors.ts';
import { StoreHealth } from '../store-health.ts';
import type { Entry } from './entries.ts';
import { writeLine } from './journal-line.ts';
import { JournaledStore } from './journaled-store.ts';
import { listVaults } from './queries/vaults.ts';
import { RowSeal } from './row-seal.ts';

const accountId = '111122223333';
const actor = { accountId, principalArn: `arn:aws:iam::${accountId}:root`, requestId: 'r' };
const day = 24 * 60 * 60 * 1000;

let root: string;
/** The wall clock, and the one that cannot be set. */
let wall: number;
let uptime: number;
const clock = { now: () => wall, monotonic: () => uptime, sleep: async () => {} };

function pass(milliseconds: number): void {
  wall += milliseconds;
  uptime += milliseconds;
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'firn-start-'));
  await mkdir(join(root, 'aside'));
  wall = Date.parse('2026-01-05T08:15:30.042Z');
  uptime = 1_000;
});

afterEach(() => rm(root, { recursive: true }));

/** Opens the store, does `work`, closes it. Returns how many entries were applied again. */
async function withStore(work: (store: JournaledStore) => Promise<void> = async () => {}) {
  const asideDirectory = join(root, 'aside');
  const health = new StoreHealth();
  const { store, replayedEntries } = await JournaledStore.open({
    directory: root,
    asideDirectory,
    clock,
    health,
    seal: new RowSeal(Buffer.alloc(32)),
  });
  try {
    await work(store);
  } finally {
    await store.close();
  }
  return replayedEntries;
}

async function makeVaults(store: JournaledStore, ...names: readonly string[]): Promise<void> {
  for (const vaultName of names) {
    const entry: Entry = { kind: 'VaultCreated', data: { vaultName } };
    await store.write(actor, (tx) => tx.record(entry));
  }
}

function vaultNames(store: JournaledStore): Promise<string[]> {
  return store.read(async (tx) => {
    const vaults = await tx.all(listVaults, { accountId, afterName: '', limit: 1_000 });
    return vaults.map((vault) => vault.vault_name);
  });
}

const journalPath = () => join(root, 'journal', '00000001.jsonl');
const viewPath = () => join(root, 'view.sqlite');

async function removeView(): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) await rm(`${viewPath()}${suffix}`, { force: true });
}

describe('the lock clock', () => {
  test('goes on from the last entry, wherever the wall clock is', async () => {
    const start = wall;
    const lockTimes: number[] = [];
    const look = (store: JournaledStore) =>
      store.write(actor, async (tx) => {
        lockTimes.push(tx.lockNow() - start);
        await tx.record({ kind: 'VaultCreated', data: { vaultName: `v${lockTimes.length}` } });
      });
    await withStore(look);
    wall += 3_650 * day;
    await withStore(look);
    pass(day);
    await withStore(look);
    await removeView();
    await withStore(async (store) => {
      await look(store);
      pass(day);
      await look(store);
    });
    // What passed while the store was closed is caught up later, at twice the speed of time.
    expect(lockTimes).toEqual([0, 0, 0, 0, 2 * day]);
  });
});

describe('the view', () => {
  test('of another version is thrown away and made again', async () => {
    await withStore((store) => makeVaults(store, 'alpha', 'beta'));
    const database = new Database(viewPath());
    database.exec('drop table archives; create table stranger (id); pragma user_version = 999');
    database.close();
    const replayed = await withStore(async (store) => {
      expect(await vaultNames(store)).toEqual(['alpha', 'beta']);
    });
    expect(replayed).toBe(2);
  });

  test('that had no time to commit gets what was acknowledged', async () => {
    await withStore((store) => makeVaults(store, 'alpha'));
    await copyFile(viewPath(), join(root, 'old.sqlite'));
    await withStore((store) => makeVaults(store, 'beta', 'gamma'));
    await removeView();
    await copyFile(join(root, 'old.sqlite'), viewPath());
    const replayed = await withStore(async (store) => {
      expect(await vaultNames(store)).toEqual(['alpha', 'beta', 'gamma']);
    });
    expect(replayed).toBe(2);
    expect(await withStore()).toBe(0);
  });
});

describe('a journal that cannot be believed', () => {
  beforeEach(async () => {
    await withStore((store) => makeVaults(store, 'alpha', 'beta', 'gamma'));
  });

  async function expectRefused(sentence: RegExp): Promise<void> {
    const before = await readFile(journalPath());
    const error = await withStore().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreDamagedError);
    expect((error as Error).message).toMatch(sentence);
    expect((await readFile(journalPath())).equals(before)).toBe(true);
    expect(await readdir(join(root, 'aside'))).toEqual([]);
  }

  /** Adds an entry to the journal as a fourth one would be. */
  async function appendLine(kind: string, data: object): Promise<void> {
    const lines = (await readFile(journalPath(), 'utf8')).split(/(?<=\n)/);
    const { hash } = JSON.parse(lines.at(-1) ?? '');
    const envelope = { ...actor, sequence: 4, time: wall, lockTime: wall };
    const line = writeLine({ ...envelope, kind, data } as never, hash);
    await writeFile(journalPath(), lines.join('') + line.text);
  }

  test('is that of another store', async () => {
    let previous = '0'.repeat(64);
    const lines = ['omega', 'psi_', 'gamma', 'delta'].map((vaultName, index) => {
      const envelope = { ...actor, sequence: index + 1, time: wall, lockTime: wall };
      const line = writeLine({ ...envelope, kind: 'VaultCreated', data: { vaultName } }, previous);
      previous = line.hash;
      return line.text;
    });
    await writeFile(journalPath(), lines.join(''));
    await expectRefused(/the journal was changed or is older than the view/);
  });

  test('has an entry of a kind that only a newer version knows', async () => {
    await appendLine('VaultPainted', { vaultName: 'alpha', colour: 'blue' });
    await expectRefused(/"VaultPainted", which this version does not know/);
  });

  test('has an entry that speaks of what was never made', async () => {
    await appendLine('VaultDeleted', { vaultName: 'nosuch' });
    await expectRefused(/entry 4 \(VaultDeleted\) speaks of something that does not exist/);
  });

  /** Whoever is told can look, put a good copy back, and try again in the same process. */
  test('leaves nothing open', async () => {
    const good = await readFile(journalPath());
    await appendLine('VaultDeleted', { vaultName: 'nosuch' });
    const countOpen = async () => (await readdir('/proc/self/fd')).length;
    const before = await countOpen();
    await expectRefused(/entry 4/);
    expect(await countOpen()).toBeLessThanOrEqual(before);
    await writeFile(journalPath(), good);
    await withStore((store) => makeVaults(store, 'delta'));
  });
});

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock, toIsoDate } from '../../lib/clock.ts';
import { StoreDamagedError, StoreUnavailableError } from '../store-errors.ts';
import { StoreHealth } from '../store-health.ts';
import {
  actor,
  archiveStored,
  describeMetadataStore,
  recordOne,
  vaultCreated,
} from './conformance.ts';
import type { BlobFields, Entry } from './entries.ts';
import { JournaledStore, type OpenedStore } from './journaled-store.ts';
import { RowSeal } from './row-seal.ts';

let directory: string;
let clock: Clock & { advance(milliseconds: number): void };
let health: StoreHealth;
let opened: OpenedStore | undefined;

/** A clock that stands still until it is told to move. */
function makeClock() {
  let time = Date.UTC(2026, 0, 5, 8, 15, 30, 123);
  return {
    now: () => time,
    monotonic: () => time,
    sleep: async () => {},
    advance: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

async function makeRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'firn-journal-'));
  await mkdir(join(root, 'aside'));
  return root;
}

function openIn(root: string, ofClock: Clock, ofHealth: StoreHealth): Promise<OpenedStore> {
  const asideDirectory = join(root, 'aside');
  const seal = new RowSeal(Buffer.alloc(32));
  const options = { directory: root, asideDirectory, clock: ofClock, health: ofHealth, seal };
  return JournaledStore.open(options);
}

async function openStore(): Promise<OpenedStore> {
  health = new StoreHealth();
  opened = await openIn(directory, clock, health);
  return opened;
}

async function closeStore(): Promise<void> {
  await opened?.store.close();
  opened = undefined;
}

function journalPath(): string {
  return join(directory, 'journal', '00000001.jsonl');
}

async function removeView(): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) {
    await rm(join(directory, `view.sqlite${suffix}`), { force: true });
  }
}

type Dump = Record<string, string[]>;

/** All rows of all tables, read by SQLite alone. */
function dumpView(): Dump {
  const database = new Database(join(directory, 'view.sqlite'), { readonly: true });
  try {
    const tables = database
      .prepare(`select name from sqlite_schema where type = 'table' order by name`)
      .pluck()
      .all() as string[];
    const dumpTable = (table: string) =>
      (database.prepare(`select * from "${table}"`).all() as object[])
        .map((row) => JSON.stringify(row))
        .sort();
    return Object.fromEntries(tables.map((table) => [table, dumpTable(table)]));
  } finally {
    database.close();
  }
}

/** Numbers that look random and are the same for the same seed. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A history that could have happened: it only speaks of what is there. */
class History {
  readonly #below: (below: number) => number;
  #made = 0;
  readonly #vaults: string[] = [];
  readonly #archives: { vaultName: string; archiveId: string }[] = [];
  readonly #uploads: { vaultName: string; uploadId: string }[] = [];
  readonly #jobs: string[] = [];
  readonly #done: string[] = [];

  constructor(seed: number) {
    this.#below = seeded(seed);
  }

  next(): Entry {
    for (;;) {
      const entry = this.#try(this.#below(24));
      if (entry) return entry;
    }
  }

  #name(kind: string): string {
    this.#made += 1;
    return `${kind}-${this.#made}`;
  }

  #blob(): BlobFields {
    const blobId = this.#name('blob');
    const hash = createHash('sha256').update(blobId).digest('hex');
    return { blobId, sizeBytes: 1 + this.#below(10_000_000), treeHash: hash, linearHash: hash };
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[this.#below(items.length)];
  }

  #take<T>(items: T[]): T | undefined {
    return items.splice(this.#below(items.length), 1)[0];
  }

  #try(choice: number): Entry | undefined {
    if (choice === 0) {
      const vaultName = this.#name('vault');
      this.#vaults.push(vaultName);
      return vaultCreated(vaultName);
    }
    if (choice < 12) return this.#tryOfVault(choice);
    return choice < 18 ? this.#tryOfUpload(choice) : this.#tryOfJob(choice);
  }

  #tryOfVault(choice: number): Entry | undefined {
    const vaultName = this.#pick(this.#vaults);
    if (!vaultName) return undefined;
    const key = `key-${this.#below(4)}`;
    switch (choice) {
      case 1: {
        if (this.#below(4) > 0 || this.#vaults.length < 2) return undefined;
        for (const list of [this.#archives, this.#uploads]) {
          for (let at = list.length - 1; at >= 0; at--) {
            if (list[at]?.vaultName === vaultName) list.splice(at, 1);
          }
        }
        this.#vaults.splice(this.#vaults.indexOf(vaultName), 1);
        return { kind: 'VaultDeleted', data: { vaultName } };
      }
      case 2:
      case 3: {
        const archiveId = this.#name('archive');
        this.#archives.push({ vaultName, archiveId });
        const description = `Ä "${archiveId}"`;
        const data = { vaultName, archiveId, description, blob: this.#blob() };
        return { kind: 'ArchiveStored', data };
      }
      case 4: {
        const archive = this.#take(this.#archives);
        return archive && { kind: 'ArchiveDeleted', data: archive };
      }
      case 5:
        return { kind: 'TagsAdded', data: { vaultName, tags: { [key]: this.#name('value') } } };
      case 6:
        return { kind: 'TagsRemoved', data: { vaultName, tagKeys: [key] } };
      case 7:
        return {
          kind: 'LockInitiated',
          data: { vaultName, lockId: this.#name('lock'), policy: '{}' },
        };
      case 8:
        return { kind: 'LockCompleted', data: { vaultName } };
      case 9:
        return { kind: 'LockAborted', data: { vaultName } };
      case 10:
        return { kind: 'AccessPolicySet', data: { vaultName, policy: this.#name('policy') } };
      default:
        return { kind: 'InventoryTaken', data: { vaultName, upToSequence: this.#made } };
    }
  }

  #tryOfUpload(choice: number): Entry | undefined {
    const vaultName = this.#pick(this.#vaults);
    if (choice === 12 && vaultName) {
      const uploadId = this.#name('upload');
      this.#uploads.push({ vaultName, uploadId });
      const data = { vaultName, uploadId, description: '', partSizeBytes: 2 ** 20 };
      return { kind: 'UploadInitiated', data };
    }
    if (choice >= 16) {
      const upload = this.#take(this.#uploads);
      if (!upload) return undefined;
      const { uploadId } = upload;
      const end = this.#below(3);
      if (end === 0) return { kind: 'UploadAborted', data: { uploadId } };
      if (end === 1) return { kind: 'UploadExpired', data: { uploadId } };
      const archive = { vaultName: upload.vaultName, archiveId: this.#name('archive') };
      this.#archives.push(archive);
      const { sizeBytes, treeHash } = this.#blob();
      return { kind: 'UploadCompleted', data: { ...archive, uploadId, sizeBytes, treeHash } };
    }
    const uploadId = this.#pick(this.#uploads)?.uploadId;
    if (!uploadId) return undefined;
    const startByte = this.#below(3) * 2 ** 20;
    return { kind: 'PartStored', data: { uploadId, startByte, blob: this.#blob() } };
  }

  #tryOfJob(choice: number): Entry | undefined {
    const expiresAt = '2026-02-01T00:00:00.000Z';
    if (choice === 18) {
      const archive = this.#pick(this.#archives);
      if (!archive) return undefined;
      const jobId = this.#name('job');
      this.#jobs.push(jobId);
      const { vaultName, archiveId } = archive;
      const range = { archiveId, startByte: 0, endByte: this.#below(1000), tier: 'Standard' };
      const common = { vaultName, jobId, notBefore: '2026-01-06T00:00:00.000Z' };
      const data = { ...common, action: 'ArchiveRetrieval' as const, archive: range };
      return { kind: 'JobInitiated', data };
    }
    if (choice === 19) {
      const vaultName = this.#pick(this.#vaults);
      if (!vaultName) return undefined;
      const jobId = this.#name('job');
      this.#jobs.push(jobId);
      const date = '2026-01-05T00:00:00.000Z';
      const made = { upToSequence: this.#made, inventoryDate: date, afterSequence: 0 };
      const inventory = { format: 'JSON', limit: '10', ...made };
      const common = { vaultName, jobId, notBefore: date, description: 'd' };
      return { kind: 'JobInitiated', data: { ...common, action: 'InventoryRetrieval', inventory } };
    }
    if (choice < 22) {
      const jobId = this.#take(this.#jobs);
      if (!jobId) return undefined;
      this.#done.push(jobId);
      if (choice === 20) return { kind: 'JobFailed', data: { jobId, expiresAt, reason: 'no' } };
      const data = { jobId, expiresAt, output: this.#blob(), nextMarker: '12' };
      return { kind: 'JobSucceeded', data };
    }
    const jobId = this.#take(this.#done);
    return jobId === undefined ? undefined : { kind: 'JobExpired', data: { jobId } };
  }
}

describeMetadataStore('JournaledStore', async () => {
  const root = await makeRoot();
  const { store } = await openIn(root, systemClock, new StoreHealth());
  let isClosed = false;
  const close = store.close.bind(store);
  store.close = async () => {
    if (!isClosed) await close();
    isClosed = true;
  };
  return {
    store,
    close: async () => {
      await store.close();
      await rm(root, { recursive: true, force: true });
    },
  };
});

beforeEach(async () => {
  directory = await makeRoot();
  clock = makeClock();
  await openStore();
});

afterEach(async () => {
  await closeStore();
  await rm(directory, { recursive: true, force: true });
});

/** Records vaults and archives, one line after the other, and closes the store. */
async function makeLines(count: number): Promise<string> {
  const store = (opened as OpenedStore).store;
  await recordOne(store, vaultCreated('one'));
  for (let line = 1; line < count; line++) {
    clock.advance(1000);
    await recordOne(store, archiveStored('one', `archive-${line}`));
  }
  await closeStore();
  return readFile(journalPath(), 'utf8');
}

describe('The view', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    it(`is the same when it is made again from the journal (history ${seed})`, async () => {
      const history = new History(seed);
      const kinds = new Set<string>();
      const { store } = opened as OpenedStore;
      for (let round = 0; round < 60; round++) {
        const entries = Array.from({ length: 10 }, () => history.next());
        for (const { kind } of entries) kinds.add(kind);
        await Promise.all(entries.map((entry) => recordOne(store, entry)));
        clock.advance(60_000);
      }
      expect(kinds.size).toBeGreaterThan(18);
      await closeStore();
      const before = dumpView();
      expect(before.archives?.length).toBeGreaterThan(10);
      expect(kinds).toContain('JobInitiated');
      await removeView();
      const reopened = await openStore();
      expect(reopened).toMatchObject({ replayedEntries: 600, tornBytes: 0, isViewReplaced: false });
      await closeStore();
      expect(dumpView()).toEqual(before);
      expect((await openStore()).replayedEntries).toBe(0);
    });
  }

  it('is made again from 2001 entries, and from 1000', async () => {
    for (const [from, to] of [
      [0, 1000],
      [1000, 2001],
    ] as const) {
      const { store } = opened as OpenedStore;
      const names = Array.from({ length: to - from }, (_, index) => `vault-${from + index}`);
      await Promise.all(names.map((name) => recordOne(store, vaultCreated(name))));
      await closeStore();
      const before = dumpView();
      await removeView();
      expect((await openStore()).replayedEntries).toBe(to);
      await closeStore();
      expect(dumpView()).toEqual(before);
      await openStore();
    }
  });

  it('that is garbage is replaced, kept aside, and shows all rows again', async () => {
    await makeLines(5);
    const before = dumpView();
    await removeView();
    const garbage = Buffer.alloc(20_000, 'not a database ');
    await writeFile(join(directory, 'view.sqlite'), garbage);
    expect(await openStore()).toMatchObject({ isViewReplaced: true, replayedEntries: 5 });
    await closeStore();
    expect(dumpView()).toEqual(before);
    const aside = (await readdir(join(directory, 'aside'))).filter((it) => it.startsWith('view-'));
    expect(aside.length).toBeGreaterThan(0);
    const kept = await readFile(join(directory, 'aside', aside[0] as string));
    expect(kept.equals(garbage)).toBe(true);
  });

  it('catches up with entries that it has not seen', async () => {
    await makeLines(3);
    const old = await readFile(join(directory, 'view.sqlite'));
    const reopened = await openStore();
    for (const id of ['x', 'y']) await recordOne(reopened.store, archiveStored('one', id));
    await closeStore();
    const before = dumpView();
    await removeView();
    await writeFile(join(directory, 'view.sqlite'), old);
    expect((await openStore()).replayedEntries).toBe(2);
    await closeStore();
    expect(dumpView()).toEqual(before);
  });
});

describe('The journal', () => {
  it('is a chain that a few lines of another program can check', async () => {
    const lines = (await makeLines(20)).trimEnd().split('\n');
    expect(lines).toHaveLength(20);
    let previous = '0'.repeat(64);
    for (const [index, line] of lines.entries()) {
      const { hash, ...body } = JSON.parse(line);
      const computed = createHash('sha256').update(JSON.stringify(body)).digest('hex');
      expect(hash).toBe(computed);
      expect(body).toMatchObject({ sequence: index + 1, previous });
      expect(body.time).toBe(toIsoDate(Date.UTC(2026, 0, 5, 8, 15, 30 + index, 123)));
      previous = hash;
    }
  });

  it('goes on where it ended when it is opened again', async () => {
    const before = await makeLines(3);
    const { store } = await openStore();
    expect((await recordOne(store, archiveStored('one', 'x'))).sequence).toBe(4);
    await closeStore();
    expect((await readFile(journalPath(), 'utf8')).startsWith(before)).toBe(true);
    await removeView();
    expect((await openStore()).replayedEntries).toBe(4);
  });

  it('holds nothing of a change that was refused', async () => {
    const { store } = opened as OpenedStore;
    const refused = store.write(actor, async (tx) => {
      await tx.record(vaultCreated('refused'));
      throw new Error('refused');
    });
    await Promise.allSettled([refused, recordOne(store, vaultCreated('kept'))]);
    const text = await readFile(journalPath(), 'utf8');
    expect(text).not.toContain('refused');
    expect(text).toContain('"vaultName":"kept"');
  });

  it('takes no entries while the store is read-only', async () => {
    const { store } = opened as OpenedStore;
    await recordOne(store, vaultCreated('one'));
    health.turnReadOnly('a test');
    const late = recordOne(store, vaultCreated('late'));
    await expect(late).rejects.toBeInstanceOf(StoreUnavailableError);
    await closeStore();
    expect((await openStore()).replayedEntries).toBe(0);
  });
});

describe('A torn end of the journal', () => {
  it('is set aside wherever it is torn, and everything before it is there', async () => {
    const text = await makeLines(4);
    const lastStart = text.lastIndexOf('\n', text.length - 2) + 1;
    const whole = Buffer.from(text);
    const startByte = Buffer.byteLength(text.slice(0, lastStart));
    const cuts = [startByte + 1, startByte + 2, whole.length - 2, whole.length - 1];
    for (let cut = startByte + 20; cut < whole.length; cut += 37) cuts.push(cut);
    for (const cut of cuts) {
      await removeView();
      await rm(join(directory, 'aside'), { recursive: true });
      await mkdir(join(directory, 'aside'));
      await writeFile(journalPath(), whole.subarray(0, cut));
      const { replayedEntries, tornBytes, store } = await openStore();
      expect({ replayedEntries, tornBytes }).toEqual({
        replayedEntries: 3,
        tornBytes: cut - startByte,
      });
      const [name, ...others] = await readdir(join(directory, 'aside'));
      expect(others).toEqual([]);
      const aside = await readFile(join(directory, 'aside', name as string));
      expect(aside.equals(whole.subarray(startByte, cut))).toBe(true);
      const next = await recordOne(store, archiveStored('one', 'next'));
      expect(next.sequence).toBe(4);
      await closeStore();
      const journal = await readFile(journalPath());
      expect(journal.subarray(0, startByte).equals(whole.subarray(0, startByte))).toBe(true);
      const reopened = await openStore();
      expect(reopened).toMatchObject({ replayedEntries: 0, tornBytes: 0 });
      await closeStore();
    }
  });

  it('is set aside when it is zeros, as some file systems leave them', async () => {
    const text = await makeLines(4);
    await writeFile(journalPath(), Buffer.concat([Buffer.from(text), Buffer.alloc(5000)]));
    expect(await openStore()).toMatchObject({ replayedEntries: 0, tornBytes: 5000 });
  });
});

describe('Damage to the journal is found', () => {
  async function expectDamaged(): Promise<void> {
    const before = await readFile(journalPath());
    await expect(openIn(directory, clock, new StoreHealth())).rejects.toBeInstanceOf(
      StoreDamagedError,
    );
    expect((await readFile(journalPath())).equals(before)).toBe(true);
    await removeView();
  }

  function withChange(text: string, at: number): string {
    const changed = String.fromCharCode(text.charCodeAt(at) ^ 1);
    return text.slice(0, at) + changed + text.slice(at + 1);
  }

  it('when a character of a line has changed', async () => {
    const text = await makeLines(6);
    await removeView();
    const lines = text.trimEnd().split('\n');
    let start = 0;
    for (const line of lines.slice(0, -1)) {
      const steps = [0, 1, 13, line.length >> 1, line.length - 40, line.length - 1];
      for (const at of steps) {
        await writeFile(journalPath(), withChange(text, start + at));
        await expectDamaged();
      }
      start += line.length + 1;
    }
    const last = lines.at(-1) as string;
    for (const before of ['"sequence":', '"time":"', '"kind":"Arch', '"previous":"', '"hash":"']) {
      const at = last.lastIndexOf(before) + before.length;
      await writeFile(journalPath(), withChange(text, start + at));
      await expectDamaged();
    }
    await writeFile(journalPath(), withChange(text, text.length - 1));
    await expectDamaged();
  });

  it('or kept aside, when the change makes the last line look like one that was torn', async () => {
    const text = await makeLines(6);
    const lastStart = text.lastIndexOf('\n', text.length - 2) + 1;
    for (const at of [lastStart, text.length - 2]) {
      await removeView();
      await rm(join(directory, 'aside'), { recursive: true });
      await mkdir(join(directory, 'aside'));
      const changed = withChange(text, at);
      await writeFile(journalPath(), changed);
      const { replayedEntries, tornBytes } = await openStore();
      expect({ replayedEntries, isTorn: tornBytes > 0 }).toEqual({
        replayedEntries: 5,
        isTorn: true,
      });
      const [name] = await readdir(join(directory, 'aside'));
      const aside = await readFile(join(directory, 'aside', name as string), 'utf8');
      expect(aside).toBe(changed.slice(lastStart));
      await closeStore();
    }
  });

  it('when a line is missing, doubled or elsewhere', async () => {
    const text = await makeLines(6);
    await removeView();
    const lines = text.trimEnd().split('\n');
    const [a, b, c, ...rest] = lines as [string, string, string, ...string[]];
    for (const wrong of [
      [b, c, ...rest],
      [a, c, ...rest],
      [a, b, b, c, ...rest],
      [a, c, b],
    ]) {
      await writeFile(journalPath(), `${wrong.join('\n')}\n`);
      await expectDamaged();
    }
  });

  it('when it is shorter than its view', async () => {
    const text = await makeLines(6);
    const view = await readFile(join(directory, 'view.sqlite'));
    const lastStart = text.lastIndexOf('\n', text.length - 2) + 1;
    for (const length of [lastStart, lastStart + 10, text.length - 1, 100, 0]) {
      await writeFile(join(directory, 'view.sqlite'), view);
      await writeFile(journalPath(), Buffer.from(text).subarray(0, length));
      await expectDamaged();
    }
  });

  it('when its file is missing', async () => {
    await makeLines(3);
    await rm(journalPath());
    const open = openIn(directory, clock, new StoreHealth());
    await expect(open).rejects.toBeInstanceOf(StoreDamagedError);
  });

  it('when one of its files is missing between two others', async () => {
    await makeLines(3);
    await removeView();
    await writeFile(join(directory, 'journal', '00000003.jsonl'), '');
    await expectDamaged();
  });
});

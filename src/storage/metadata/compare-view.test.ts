import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { StoreHealth } from '../store-health.ts';
import { compareView } from './compare-view.ts';
import { archiveStored, recordOne, vaultCreated } from './conformance.ts';
import type { Entry } from './entries.ts';
import { JournaledStore } from './journaled-store.ts';
import { RowSeal } from './row-seal.ts';

let root: string;
let store: JournaledStore | undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'firn-compare-'));
  await mkdir(join(root, 'aside'));
});

afterEach(async () => {
  await store?.close();
  await rm(root, { recursive: true });
});

async function openStore(): Promise<JournaledStore> {
  ({ store } = await JournaledStore.open({
    directory: root,
    asideDirectory: join(root, 'aside'),
    clock: systemClock,
    health: new StoreHealth(),
    seal: new RowSeal(Buffer.alloc(32, 7)),
  }));
  return store;
}

const lock = { vaultName: 'one', lockId: 'l', policy: '{}' };
const entries: Entry[] = [
  vaultCreated('one'),
  vaultCreated('two'),
  archiveStored('one', 'a'),
  archiveStored('one', 'b'),
  { kind: 'TagsAdded', data: { vaultName: 'one', tags: { k: 'v', l: 'w' } } },
  { kind: 'LockInitiated', data: lock },
  { kind: 'LockCompleted', data: { vaultName: 'one' } },
  { kind: 'ArchiveDeleted', data: { vaultName: 'one', archiveId: 'b' } },
];

async function fill(): Promise<void> {
  const opened = await openStore();
  for (const entry of entries) await recordOne(opened, entry);
}

/** What somebody does who has the file. */
function tamper(...statements: readonly string[]): void {
  const view = new Database(join(root, 'view.sqlite'));
  for (const statement of statements) view.exec(statement);
  view.close();
}

test('a view as the journal made it is found so, also while the store is open', async () => {
  await fill();
  expect(await compareView(root)).toEqual({ state: 'compared', differences: [] });
  await store?.close();
  store = undefined;
  expect(await compareView(root)).toEqual({ state: 'compared', differences: [] });
});

test('a new store has nothing to compare', async () => {
  expect(await compareView(root)).toEqual({ state: 'absent' });
  await openStore();
  expect(await compareView(root)).toEqual({ state: 'compared', differences: [] });
});

test.each([
  [`update vaults set lock_state = 'InProgress' where sequence = 1`, ['vaults 1 is another one']],
  [`update vaults set lock_policy = null where sequence = 1`, ['vaults 1 is another one']],
  [`delete from vaults where sequence = 2`, ['vaults 2 is missing']],
  [
    `update archives set created_lock_time = 0`,
    ['archives 3 is another one', 'archives 4 is another one'],
  ],
  [`delete from archives where sequence = 3`, ['archives 3 is missing']],
  [
    `update archives set sequence = 1003 where sequence = 3`,
    ['archives 3 is missing', 'archives 1003 is in no entry'],
  ],
  [
    `insert into released_blobs values ('blob-a', 0, null)`,
    ['released_blobs blob-a is in no entry'],
  ],
  [`update tags set tag_value = 'x' where tag_key = 'l'`, ['tags 1 l is another one']],
  [
    `insert into users values ('123456789012', 'eve', 'AIDA', 0)`,
    ['users 123456789012 eve is in no entry'],
  ],
])('%s', async (statement, differences) => {
  await fill();
  tamper(statement);
  expect(await compareView(root)).toEqual({ state: 'compared', differences });
});

test('a row that was put back to an older state, whose seal was good, is found', async () => {
  const opened = await openStore();
  for (const entry of entries.slice(0, 3)) await recordOne(opened, entry);
  tamper(`create table kept as select * from vaults where sequence = 1`);
  for (const entry of entries.slice(3)) await recordOne(opened, entry);
  tamper(
    `delete from vaults where sequence = 1`,
    `insert into vaults select * from kept`,
    `drop table kept`,
  );
  const { differences } = (await compareView(root)) as { differences: readonly string[] };
  expect(differences).toEqual(['vaults 1 is another one']);
});

test('many differences are not all told', async () => {
  const opened = await openStore();
  await recordOne(opened, vaultCreated('one'));
  for (let index = 0; index < 30; index += 1) {
    await recordOne(opened, archiveStored('one', `a${index}`));
  }
  tamper(`update archives set created_at = 0`);
  const { differences } = (await compareView(root)) as { differences: readonly string[] };
  expect(differences).toHaveLength(20);
});

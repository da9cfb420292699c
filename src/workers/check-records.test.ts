import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../lib/clock.ts';
import {
  accountId,
  actor,
  archiveStored,
  recordOne,
  vaultCreated,
} from '../storage/metadata/conformance.ts';
import type { Entry } from '../storage/metadata/entries.ts';
import { JournaledStore } from '../storage/metadata/journaled-store.ts';
import { RowSeal } from '../storage/metadata/row-seal.ts';
import { StoreHealth } from '../storage/store-health.ts';
import { RecordChecker } from './check-records.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** As many rows as one step looks at. */
const rowsPerStep = 500;

let directory: string;
let store: JournaledStore;
let time: number;
let pauses: number;
let alarms: [name: string, message: string][];
let checker: RecordChecker;

/** How far the wall clock was set back: the other one does not see it. */
let setBackMs = 0;

const clock: Clock = {
  now: () => time,
  monotonic: () => time + setBackMs,
  sleep: async () => {
    pauses += 1;
  },
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'firn-check-'));
  await mkdir(join(directory, 'aside'));
  time = Date.UTC(2026, 0, 5);
  pauses = 0;
  alarms = [];
  const opened = await JournaledStore.open({
    directory,
    asideDirectory: join(directory, 'aside'),
    clock,
    health: new StoreHealth(),
    seal: new RowSeal(Buffer.alloc(32)),
  });
  store = opened.store;
  const raiseAlarm = (name: string, message: string) => void alarms.push([name, message]);
  checker = new RecordChecker({ metadata: store, clock, raiseAlarm });
});

afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});

/** Looks at everything. Returns how many steps that took. */
async function pass(): Promise<number> {
  const signal = new AbortController().signal;
  for (let steps = 1; steps < 100; steps++) {
    if ((await checker.step(signal)) === 'idle') return steps;
  }
  throw new Error('It does not come to an end');
}

/** Changes rows behind the store's back. */
function tamper(statement: string): void {
  const database = new Database(join(directory, 'view.sqlite'));
  try {
    database.exec(statement);
  } finally {
    database.close();
  }
}

function recordAll(entries: readonly Entry[]): Promise<unknown> {
  return store.write(actor, async (tx) => {
    for (const entry of entries) await tx.record(entry);
  });
}

const archivesIn = (vaultName: string, count: number) =>
  Array.from({ length: count }, (_, index) => archiveStored(vaultName, `${vaultName}-${index}`));

function alarmOf(vaultName: string): [string, unknown] {
  const start = `The records of vault ${vaultName} in account ${accountId} are not as the journal`;
  return ['records-changed', expect.stringContaining(start)];
}

describe('records that are as the journal made them', () => {
  it('raise no alarm in an empty store', async () => {
    expect(await pass()).toBe(1);
    expect(alarms).toEqual([]);
  });

  it('raise no alarm, whatever happened to them', async () => {
    const vaultName = 'one';
    const policy = '{"Statement":[]}';
    await recordAll([
      vaultCreated('one'),
      vaultCreated('two'),
      ...archivesIn('one', 3),
      { kind: 'ArchiveDeleted', data: { vaultName, archiveId: 'one-1' } },
      { kind: 'AccessPolicySet', data: { vaultName, policy } },
      { kind: 'LockInitiated', data: { vaultName, lockId: 'first', policy } },
      { kind: 'LockAborted', data: { vaultName } },
      { kind: 'LockInitiated', data: { vaultName, lockId: 'second', policy } },
      { kind: 'LockCompleted', data: { vaultName } },
      { kind: 'AccessPolicyDeleted', data: { vaultName } },
      { kind: 'TagsAdded', data: { vaultName, tags: { key: 'value' } } },
      { kind: 'VaultDeleted', data: { vaultName: 'two' } },
      vaultCreated('two'),
    ]);
    await pass();
    expect(alarms).toEqual([]);
  });
});

describe('a record that was changed', () => {
  beforeEach(() =>
    recordAll([
      vaultCreated('one'),
      vaultCreated('two'),
      ...archivesIn('one', 2),
      { kind: 'ArchiveDeleted', data: { vaultName: 'one', archiveId: 'one-1' } },
    ]),
  );

  it.each([
    ['a vault', `update vaults set lock_state = 'Locked' where vault_name = 'one'`],
    ['a vault without a seal', `update vaults set seal = null where vault_name = 'one'`],
    [
      'a vault with text for a seal',
      `update vaults set seal = printf('%032d', 0) where vault_name = 'one'`,
    ],
    ['an archive', `update archives set created_lock_time = 0 where archive_id = 'one-0'`],
    ['a deleted archive', `update archives set size_bytes = 0 where archive_id = 'one-1'`],
    [
      'an archive with text for a seal',
      `update archives set seal = printf('%032d', 0) where archive_id = 'one-0'`,
    ],
    [
      'an archive with a number for a tree hash',
      `update archives set tree_hash = 5 where archive_id = 'one-0'`,
    ],
  ])('is told: %s', async (_, statement) => {
    tamper(statement);
    await pass();
    expect(alarms).toEqual([alarmOf('one')]);
  });

  it('is told of a deleted vault too', async () => {
    await recordOne(store, { kind: 'VaultDeleted', data: { vaultName: 'two' } });
    tamper(`update vaults set created_at = 0 where vault_name = 'two'`);
    await pass();
    expect(alarms).toEqual([alarmOf('two')]);
  });

  it('is told by the archive where it has no vault any more', async () => {
    tamper(`update archives set vault_sequence = 99 where archive_id = 'one-0'`);
    await pass();
    expect(alarms).toEqual([['records-changed', 'Archive one-0 has no vault']]);
  });

  it('is told of each vault that it is in', async () => {
    tamper(`update vaults set created_at = created_at + 1`);
    await pass();
    expect(alarms).toEqual([alarmOf('one'), alarmOf('two')]);
  });

  it('is told again a day later, and no sooner', async () => {
    await pass();
    tamper(`update archives set created_at = 0 where archive_id = 'one-0'`);
    time += dayMs - 1;
    expect(await pass()).toBe(1);
    expect(alarms).toEqual([]);
    time += 1;
    await pass();
    expect(alarms).toEqual([alarmOf('one')]);
    await pass();
    expect(alarms).toHaveLength(1);
    time += dayMs;
    await pass();
    expect(alarms).toHaveLength(2);
  });

  it('is told within a day of its change, though the wall clock was set back', async () => {
    await pass();
    tamper(`update archives set created_at = 0 where archive_id = 'one-0'`);
    time -= 365 * dayMs;
    setBackMs = 365 * dayMs;
    await pass();
    time += dayMs;
    await pass();
    expect(alarms).toEqual([alarmOf('one')]);
  });
});

describe('a large store', () => {
  it.each([
    ['first', 0],
    ['last of the first step', rowsPerStep - 1],
    ['first of the second step', rowsPerStep],
    ['last', 2 * rowsPerStep],
  ])('is looked at in pieces with pauses, to the %s archive', async (_, index) => {
    await recordAll([vaultCreated('one'), ...archivesIn('one', 2 * rowsPerStep + 1)]);
    tamper(`update archives set created_lock_time = 0 where archive_id = 'one-${index}'`);
    expect(await pass()).toBe(3);
    expect(pauses).toBe(2);
    expect(alarms).toEqual([alarmOf('one')]);
  });

  it('is looked at to its last vault, and each row once', async () => {
    const names = Array.from({ length: rowsPerStep + 2 }, (_, index) => `vault-${index}`);
    await recordAll([...names.map(vaultCreated), ...archivesIn('vault-1', 2)]);
    tamper(`update vaults set created_at = 0 where vault_name = 'vault-${rowsPerStep + 1}'`);
    tamper(`update archives set created_at = 0 where archive_id = 'vault-1-1'`);
    expect(await pass()).toBe(2);
    expect(alarms).toEqual([alarmOf('vault-1'), alarmOf(`vault-${rowsPerStep + 1}`)]);
  });

  it('that is exactly as large as a step comes to an end as well', async () => {
    await recordAll([vaultCreated('one'), ...archivesIn('one', rowsPerStep)]);
    expect(await pass()).toBe(2);
    expect(alarms).toEqual([]);
  });

  it('that grows meanwhile is looked at to its new end', async () => {
    await recordAll([vaultCreated('one'), ...archivesIn('one', rowsPerStep)]);
    expect(await checker.step(new AbortController().signal)).toBe('worked');
    await recordAll([vaultCreated('two'), ...archivesIn('two', 1)]);
    tamper(`update archives set created_at = 0 where archive_id = 'two-0'`);
    tamper(`update vaults set created_at = 0 where vault_name = 'two'`);
    await pass();
    expect(alarms).toEqual([alarmOf('two'), alarmOf('two')]);
  });
});

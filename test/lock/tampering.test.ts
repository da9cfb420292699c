/**
 * Whoever changes the store by hand, with the server stopped, frees nothing: what a lock protects
 * stays, the change is told, and from the journal everything is right again (reliability page, P14).
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Admin, clientFor } from '../support/admin.ts';
import { checkError } from '../support/check.ts';
import { Client, type JsonObject, pollUntil } from '../support/client.ts';
import { content } from '../support/content.ts';
import type { Reply } from '../support/http.ts';
import { isRemote, type RunningServer, startServer } from '../support/server.ts';
import { type Credentials, sha256 } from '../support/sign.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const program = fileURLToPath(new URL('../../bin/firn', import.meta.url));
const yearsAheadMs = 3_653 * 86_400_000;

// -- the store that is tampered with --------------------------------------------------------------

interface Archive {
  readonly vault: string;
  readonly archiveId: string;
  readonly bytes: Buffer;
}

/** What the store holds; its vaults are named by what holds them. */
interface Sample {
  /** Nobody may delete these. */
  readonly archives: readonly Archive[];
  /** The completed upload that one of the archives was made by. */
  readonly uploadId: string;
  /** Of a user whom the vault `exempt` does not let delete. */
  readonly clerk: Credentials;
  readonly freeId: string;
}

/** With archives; the vault `kept` is empty and may not be deleted either. */
const protectedVaults = ['aged', 'tagged', 'trial', 'exempt'] as const;
const deletion = 'glacier:DeleteArchive';
const young = { NumericLessThan: { 'glacier:ArchiveAgeInDays': '365' } };

function lockPolicy(client: Client, vault: string, more: JsonObject): string {
  const Resource = client.arn(vault);
  const statement = { Effect: 'Deny', Principal: '*', Action: deletion, Resource, ...more };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

const allowance = (client: Client, vault: string) =>
  lockPolicy(client, vault, { Effect: 'Allow', Action: 'glacier:ListJobs' });

async function lock(client: Client, vault: string, more: JsonObject): Promise<void> {
  const lockId = await initiateLock(client, vault, lockPolicy(client, vault, more));
  await client.expect(204, 'POST', `/-/vaults/${vault}/lock-policy/${lockId}`);
}

async function initiateLock(client: Client, vault: string, policy: string): Promise<string> {
  const body = JSON.stringify({ Policy: policy });
  const reply = await client.expect(201, 'POST', `/-/vaults/${vault}/lock-policy`, { body });
  return reply.header('x-amz-lock-id') ?? '';
}

/** Small ones lie in segments, larger ones in files, and one is the parts of an upload. */
async function upload(client: Client): Promise<Pick<Sample, 'archives' | 'uploadId' | 'freeId'>> {
  const archives: Archive[] = [];
  for (const vault of [...protectedVaults, 'kept', 'free']) await client.createVault(vault);
  for (const vault of protectedVaults) {
    const bytes = Buffer.from(`what ${vault} holds`);
    archives.push({ vault, bytes, archiveId: await client.uploadArchive(vault, bytes) });
  }
  const vault = 'aged';
  const file = Buffer.from(content(300_000, 1));
  archives.push({ vault, bytes: file, archiveId: await client.uploadArchive(vault, file) });
  const bytes = Buffer.from(content(MIB + 5, 2));
  const uploadId = await client.initiateUpload(vault, MIB);
  await client.uploadParts(vault, uploadId, MIB, bytes);
  const reply = await client.completeUpload(vault, uploadId, bytes.length, treeHash(bytes));
  archives.push({ vault, bytes, archiveId: reply.header('x-amz-archive-id') ?? '' });
  const freeId = await client.uploadArchive('free', content(300_000, 3));
  return { archives, uploadId, freeId };
}

async function lockAll(client: Client, clerk: string): Promise<void> {
  await client.expect(204, 'POST', '/-/vaults/tagged/tags?operation=add', {
    body: JSON.stringify({ Tags: { LegalHold: 'true' } }),
  });
  const exempt = clerk.replace(/[^/]+$/, 'officer');
  await lock(client, 'aged', { Condition: young });
  await lock(client, 'tagged', {
    Condition: { StringEquals: { 'glacier:ResourceTag/LegalHold': 'true' } },
  });
  await lock(client, 'exempt', { Condition: { ArnNotEquals: { 'aws:PrincipalArn': exempt } } });
  await lock(client, 'kept', { Action: 'glacier:DeleteVault' });
  await initiateLock(client, 'trial', lockPolicy(client, 'trial', { Condition: young }));
}

/** Folder with the store as it is copied for each test, and its view from before the locks. */
let template: string;
let sample: Sample;

beforeAll(async () => {
  if (isRemote) return;
  template = mkdtempSync(join(tmpdir(), 'firn-tampering-'));
  const server = await startServer({ dataDirectory: join(template, 'store') });
  try {
    const client = new Client(server);
    const admin = new Admin(client);
    const uploaded = await upload(client);
    await admin.createUser('officer');
    const { arn, key } = await admin.freshUser({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: 'glacier:*', Resource: '*' },
    });
    await client.retrievedArchive('aged', uploaded.archives[0]?.archiveId ?? '');
    await server.stop();
    for (const name of viewFiles(template)) {
      cpSync(join(template, 'store', name), join(template, `old-${name}`));
    }
    await server.restart();
    await lockAll(new Client(server), arn);
    sample = { ...uploaded, clerk: key };
  } finally {
    await server.close();
  }
});

afterAll(() => {
  if (template !== undefined) rmSync(template, { recursive: true, force: true });
});

function viewFiles(folder: string): string[] {
  return readdirSync(join(folder, 'store')).filter((name) => name.startsWith('view.sqlite'));
}

/** A copy of the store, in a folder that goes with the test. */
function copyStore(): string {
  const folder = mkdtempSync(join(tmpdir(), 'firn-tampered-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  cpSync(template, folder, { recursive: true });
  return folder;
}

// -- starting it, and trying ----------------------------------------------------------------------

interface Started {
  readonly server: RunningServer;
  readonly client: Client;
}

type Environment = Readonly<Record<string, string>>;

/** undefined: the start was refused, which is right as well. */
async function start(folder: string, environment: Environment = {}): Promise<Started | undefined> {
  try {
    const server = await startServer({
      dataDirectory: join(folder, 'store'),
      arguments: ['--removal-grace-seconds', '0'],
      environment,
    });
    onTestFinished(() => server.close());
    return { server, client: new Client(server) };
  } catch (error) {
    expect((error as Error).message).toMatch(/^firn serve ended with [12]: firn: \S/);
    return undefined;
  }
}

/** Where the view speaks of a vault by another name, that one is tried as well. */
const otherNames = ['free', 'renamed'];

/** Everything that a client could delete by, and what it was answered where that was a success. */
async function tryToDelete({ server, client }: Started): Promise<string[]> {
  const clerk = clientFor(server, sample.clerk);
  const successes: string[] = [];
  const note = (what: string, reply: Reply) => {
    if (reply.status < 300) successes.push(`${what}: ${reply.status}`);
  };
  for (const { vault, archiveId } of sample.archives) {
    for (const name of [vault, ...otherNames]) {
      note(`an archive of ${vault} in ${name}`, await client.deleteArchive(name, archiveId));
    }
    const byClerk = vault === 'exempt' && (await clerk.deleteArchive(vault, archiveId));
    if (byClerk) note('an archive of exempt by the clerk', byClerk);
  }
  note('the upload', await client.abortUpload('aged', sample.uploadId));
  for (const name of [...protectedVaults, 'kept', 'renamed']) {
    const reply = await client.request('DELETE', `/-/vaults/${name}`);
    // One that is not there is deleted already, and nothing comes of it.
    const isThere = (await client.request('GET', `/-/vaults/${name}`)).status === 200;
    if (isThere || reply.status !== 204) note(`the vault ${name}`, reply);
  }
  return successes;
}

/** Waits until the sweep has come by: it removes a file that nobody protects. */
async function waitForSweep({ client }: Started, folder: string): Promise<void> {
  const blobs = () =>
    readdirSync(join(folder, 'store', 'blobs'), { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile(),
    ).length;
  const before = blobs();
  const reply = await client.deleteArchive('free', sample.freeId);
  if (reply.status !== 204) return;
  await pollUntil(
    async () => blobs(),
    (count) => count < before,
  );
}

function journalPath(folder: string): string {
  return join(folder, 'store', 'journal', '00000001.jsonl');
}

function journalLines(folder: string): string[] {
  return readFileSync(journalPath(folder), 'utf8').trimEnd().split('\n');
}

/** The entries of the journal that take away something protected. */
function losses(folder: string): string[] {
  const archiveIds = new Set(sample.archives.map(({ archiveId }) => archiveId));
  const protectedNames: readonly string[] = [...protectedVaults, 'kept'];
  return journalLines(folder).filter((line) => {
    const { kind, data } = JSON.parse(line);
    if (kind === 'ArchiveDeleted') return archiveIds.has(data.archiveId);
    if (kind === 'LockAborted' || kind === 'VaultDeleted') {
      return protectedNames.includes(data.vaultName);
    }
    return kind === 'UploadAborted' || kind === 'UploadExpired';
  });
}

/** Everything that is protected is there, byte for byte, under its lock. */
async function checkWhole({ client, server }: Started): Promise<void> {
  for (const { vault, archiveId, bytes } of sample.archives) {
    const jobId = await client.retrievedArchive(vault, archiveId);
    const { body } = await client.getJobOutput(vault, jobId);
    expect({ vault, isSame: body.equals(bytes) }).toEqual({ vault, isSame: true });
  }
  for (const vault of [...protectedVaults, 'kept']) {
    const shown = await client.expect(200, 'GET', `/-/vaults/${vault}/lock-policy`);
    const State = vault === 'trial' ? 'InProgress' : 'Locked';
    expect({ vault, ...(shown.json() as object) }).toMatchObject({ vault, State });
  }
  expect(await tryToDelete({ client, server })).toEqual([]);
  expect((await new Admin(client).status()).alarms).toEqual([]);
}

function moveViewAside(folder: string): void {
  for (const name of viewFiles(folder)) {
    renameSync(join(folder, 'store', name), join(folder, `moved-${name}`));
  }
}

async function checkAlarm({ client, server }: Started): Promise<void> {
  const { alarms } = await pollUntil(
    () => new Admin(client).status(),
    (status) => status.alarms.length > 0,
  );
  expect(alarms.map(({ name }) => name)).toContain('records-changed');
  const errors = server.logLines.filter(({ level }) => level === 50).map(({ msg }) => msg);
  expect(errors).toContainEqual(expect.stringMatching(/^The records of vault|view\.sqlite/));
}

interface Attempt {
  readonly folder: string;
  /** What a client does before it tries to delete. */
  readonly before?: (started: Started) => Promise<void>;
  /** Whether it is about what the sweep removes. */
  readonly isSwept?: boolean;
}

/** Starts a tampered store, tries everything, and sees whether all is right with the view made anew. */
async function checkProtected(attempt: Attempt): Promise<void> {
  const { folder, before, isSwept } = attempt;
  const started = await start(folder);
  if (started) {
    await before?.(started);
    expect(await tryToDelete(started)).toEqual([]);
    if (isSwept) await waitForSweep(started, folder);
    await started.server.stop();
  }
  await checkRebuilt(folder);
}

/** Nothing was recorded that takes away what is protected, and from the journal all is right again. */
async function checkRebuilt(folder: string): Promise<void> {
  expect(losses(folder)).toEqual([]);
  moveViewAside(folder);
  const again = await start(folder);
  expect(again).toBeDefined();
  if (again) await checkWhole(again);
}

function changeView(folder: string, statements: string): void {
  const database = new Database(join(folder, 'store', 'view.sqlite'));
  try {
    database.exec(`attach '${join(folder, 'old-view.sqlite')}' as old; ${statements}`);
  } finally {
    database.close();
  }
}

const inVault = (name: string) => `(select sequence from vaults where vault_name = '${name}')`;
const noLock =
  'lock_policy = null, lock_state = null, lock_id = null, lock_created_at = null, lock_created_lock_time = null';
const fileBlob = `(select blob_id from archives where size_bytes = 300000 and vault_sequence = ${inVault('aged')})`;

// -- the view -------------------------------------------------------------------------------------

describe.skipIf(isRemote)('a record that was changed by hand', () => {
  it('is the only reason why anything is refused', async () => {
    const started = await start(copyStore());
    if (!started) throw new Error('it did not start');
    await checkWhole(started);
  });

  it.each([
    ['the lock removed', `update vaults set ${noLock} where vault_name = 'aged'`],
    ['the state removed', `update vaults set lock_state = null where vault_name = 'aged'`],
    ['the policy removed', `update vaults set lock_policy = null where vault_name = 'aged'`],
    ['the lock id removed', `update vaults set lock_id = null where vault_name = 'aged'`],
    ['the lock id changed', `update vaults set lock_id = 'mine' where vault_name = 'aged'`],
    [
      'a trial that is long over',
      `update vaults set lock_state = 'InProgress', lock_created_lock_time = 0 where vault_name = 'aged'`,
    ],
    ['an unknown state', `update vaults set lock_state = 'Open' where vault_name = 'aged'`],
    [
      'the policy changed by a digit',
      `update vaults set lock_policy = replace(lock_policy, '365', '0') where vault_name = 'aged'`,
    ],
    [
      'the policy replaced by no policy',
      `update vaults set lock_policy = '{"Statement":[]}' where vault_name = 'aged'`,
    ],
    [
      "another vault's lock",
      `update vaults set (lock_policy, lock_state, lock_id) = (select lock_policy, lock_state, lock_id from vaults where vault_name = 'kept') where vault_name = 'aged'`,
    ],
    [
      'the beginning of a trial',
      `update vaults set lock_created_lock_time = 0 where vault_name = 'trial'`,
    ],
    ['the access policy', `update vaults set access_policy = '{}' where vault_name = 'aged'`],
    [
      'an older archive on the lock clock',
      `update archives set created_lock_time = 0 where vault_sequence = ${inVault('aged')}`,
    ],
    [
      'an older archive on the wall clock',
      `update archives set created_at = 0 where vault_sequence = ${inVault('aged')}`,
    ],
    [
      'an archive in another vault',
      `update archives set vault_sequence = ${inVault('free')} where vault_sequence = ${inVault('aged')}`,
    ],
    [
      'an archive that is deleted',
      `update archives set deleted_sequence = 5 where vault_sequence = ${inVault('aged')}`,
    ],
    [
      'an archive of other bytes',
      `update archives set blob_id = (select blob_id from archives where vault_sequence = ${inVault('free')}) where vault_sequence = ${inVault('aged')} and blob_id is not null`,
    ],
    [
      'an archive with another id',
      `update archives set archive_id = 'x' where vault_sequence = ${inVault('tagged')}`,
    ],
    ['no seal and no lock', `update vaults set seal = null, ${noLock} where vault_name = 'aged'`],
    [
      'the seal of another vault',
      `update vaults set seal = (select seal from vaults where vault_name = 'free'), ${noLock} where vault_name = 'aged'`,
    ],
    [
      'text for a seal',
      `update vaults set seal = '0123456789abcdef0123456789abcdef', ${noLock} where vault_name = 'aged'`,
    ],
    [
      'the seal of another archive',
      `update archives set created_lock_time = 0, seal = (select seal from archives where vault_sequence = ${inVault('free')}) where vault_sequence = ${inVault('aged')}`,
    ],
    [
      'an archive with the seal of a vault',
      `update archives set created_lock_time = 0, seal = (select seal from vaults where vault_name = 'free') where vault_sequence = ${inVault('aged')}`,
    ],
    ['another name', `update vaults set vault_name = 'renamed' where vault_name = 'aged'`],
    [
      'the name of another vault, which has its own',
      `update vaults set vault_name = 'x' where vault_name = 'aged'; update vaults set vault_name = 'aged' where vault_name = 'free'; update vaults set vault_name = 'free' where vault_name = 'x'`,
    ],
    ['another account', `update vaults set account_id = '999999999999' where vault_name = 'aged'`],
    ['a vault that is deleted', `update vaults set deleted_sequence = 5 where vault_name = 'aged'`],
  ])('frees nothing and is told: %s', async (_, statements) => {
    const folder = copyStore();
    changeView(folder, statements);
    const started = await start(folder);
    if (!started) throw new Error('it did not start');
    await checkAlarm(started);
    expect(await tryToDelete(started)).toEqual([]);
    expect(losses(folder)).toEqual([]);
  });

  it('is told by the refusal too, and put right by moving the view aside', async () => {
    const folder = copyStore();
    changeView(folder, `update vaults set ${noLock} where vault_name = 'aged'`);
    expect(verify(folder).code).toBe(1);
    const started = await start(folder);
    if (!started) throw new Error('it did not start');
    const reply = await started.client.deleteArchive('aged', sample.archives[0]?.archiveId ?? '');
    checkError(reply, 'AccessDeniedException', /explicit deny|^The records of vault aged /);
    await checkAlarm(started);
    await started.server.stop();
    await checkRebuilt(folder);
  });

  it.each([
    [
      'a vault that counts no archives',
      'update vaults set number_of_archives = 0, size_bytes = 0, inventory_number_of_archives = 0',
    ],
    [
      'a vault that was never written to',
      'update vaults set written_at = null, written_sequence = null',
    ],
    ['a tag that is gone', 'delete from tags'],
    ['a tag with another value', `update tags set tag_value = 'false'`],
    ['a tag of another vault', `update tags set vault_sequence = ${inVault('free')}`],
    ['a completed upload that goes on', `update uploads set state = 'InProgress'`],
    ['other parts', 'update parts set start_byte = start_byte + 1'],
    ['no parts', 'delete from parts'],
    ['no archives', 'delete from archives'],
    ['no vaults', 'delete from vaults'],
    [
      'the key of the clerk for the officer',
      `update access_keys set user_name = 'officer' where user_name is not null; insert or ignore into user_policies select account_id, 'officer', policy_name, policy from user_policies`,
    ],
    ['a lock clock that is ahead', `update progress set lock_time = lock_time + ${yearsAheadMs}`],
    ['no progress', 'delete from progress'],
    ['progress with another hash', `update progress set hash = '${'0'.repeat(64)}'`],
    [
      'progress that is behind',
      'delete from progress; insert into progress select * from old.progress',
    ],
    ['progress with another seal', 'update progress set seal = zeroblob(32)'],
    ['another version', 'pragma user_version = 1'],
    ['no version', 'pragma user_version = 0'],
    ['a clock', `insert into clock values (1, ${yearsAheadMs}, null)`],
  ])('frees nothing: %s', async (_, statements) => {
    const folder = copyStore();
    changeView(folder, statements);
    await checkProtected({ folder });
  });

  // The seals were good once: a row alone does not show that it was put back.
  it.each([
    [
      'the row of the vault as it was before the lock',
      `delete from vaults where vault_name = 'aged'; insert into vaults select * from old.vaults where vault_name = 'aged'`,
    ],
    [
      'all rows of vaults as they were before the locks',
      'delete from vaults; insert into vaults select * from old.vaults',
    ],
  ])('frees nothing, and the comparison with the journal tells: %s', async (_, statements) => {
    const folder = copyStore();
    changeView(folder, statements);
    const { code, text } = verify(folder);
    expect({ code, text }).toEqual({ code: 1, text: expect.stringContaining('vaults') });
    await checkProtected({ folder });
  });

  it.each([
    [
      'bytes that nothing needs, it says',
      `insert into released_blobs values (${fileBlob}, 0, null)`,
    ],
    [
      'parts that nothing needs, it says',
      `insert into released_blobs select blob_id, 0, null from parts`,
    ],
    [
      'a completed upload that goes on and has long been idle',
      `update uploads set state = 'InProgress', active_at = 0`,
    ],
    [
      'a job whose output the archive is',
      `update jobs set status = 'Succeeded', completed_at = 0, expires_at = 1, output_blob_id = ${fileBlob}`,
    ],
  ])('removes no bytes: %s', async (_, statements) => {
    const folder = copyStore();
    changeView(folder, statements);
    await checkProtected({ folder, isSwept: true });
  });

  it.each([
    [
      'its lock',
      `create trigger t after update of lock_state on vaults when new.lock_state = 'Locked' begin update vaults set lock_policy = replace(lock_policy, 'Deny', 'Allow') where sequence = new.sequence; end`,
    ],
    [
      'its age',
      `create trigger t after insert on archives begin update archives set created_lock_time = 0 where sequence = new.sequence; end`,
    ],
  ])('that changes what comes later does not free it: %s', async (_, statement) => {
    const folder = copyStore();
    changeView(folder, statement);
    const started = await start(folder);
    if (!started) return;
    const { client } = started;
    await lock(client, 'free', { Condition: young });
    const archiveId = await client.uploadArchive('free', 'uploaded later');
    for (const id of [archiveId, sample.freeId]) {
      expect((await client.deleteArchive('free', id)).status).toBe(403);
    }
  });
});

describe.skipIf(isRemote)('a record that was changed by hand is not made good', () => {
  const unlocked = `update vaults set ${noLock} where vault_name = 'aged'`;
  const onTrial = `update vaults set lock_state = 'InProgress', lock_created_lock_time = lock_created_lock_time + 1 where vault_name = 'aged'`;
  const renamed = `update vaults set vault_name = 'renamed' where vault_name = 'aged'`;
  const gone = `delete from vaults where vault_name = 'aged'`;
  const send = (method: string, target: string, value?: object) => async (started: Started) => {
    const body = value && { body: JSON.stringify(value) };
    await started.client.request(method, `/-/vaults/${target}`, body);
  };
  const policyFor = (vault: string) => async (started: Started) => {
    const { client } = started;
    const body = JSON.stringify({ Policy: allowance(client, vault) });
    await client.request('PUT', `/-/vaults/${vault}/access-policy`, { body });
  };
  const lockAnew = async ({ client }: Started) => {
    const body = JSON.stringify({ Policy: allowance(client, 'aged') });
    const reply = await client.request('POST', '/-/vaults/aged/lock-policy', { body });
    const lockId = reply.header('x-amz-lock-id');
    if (lockId) await client.request('POST', `/-/vaults/aged/lock-policy/${lockId}`);
  };

  it.each<[string, string, (started: Started) => Promise<void>]>([
    ['an access policy', unlocked, policyFor('aged')],
    ['removing the access policy', unlocked, send('DELETE', 'aged/access-policy')],
    ['tags', unlocked, send('POST', 'aged/tags?operation=add', { Tags: { key: 'value' } })],
    [
      'an upload',
      unlocked,
      async ({ client }) => void (await client.postArchive('aged', Buffer.from('new'))),
    ],
    ['making the vault again', unlocked, send('PUT', 'aged')],
    ['another lock', unlocked, lockAnew],
    ['aborting the lock', onTrial, send('DELETE', 'aged/lock-policy')],
    ['making the vault again where it was renamed', renamed, send('PUT', 'aged')],
    ['an access policy where it was renamed', renamed, policyFor('renamed')],
    ['making the vault again where it was removed', gone, send('PUT', 'aged')],
  ])('by %s', async (_, statements, before) => {
    const folder = copyStore();
    changeView(folder, statements);
    await checkProtected({ folder, before });
  });
});

describe.skipIf(isRemote)('a view', () => {
  const restoreOld = (folder: string) => {
    for (const name of viewFiles(folder)) rmSync(join(folder, 'store', name));
    for (const name of readdirSync(folder).filter((it) => it.startsWith('old-'))) {
      cpSync(join(folder, name), join(folder, 'store', name.slice('old-'.length)));
    }
  };
  it.each<[string, (folder: string) => void]>([
    ['from before the lock, put back', restoreOld],
    [
      'that was removed',
      (folder) => {
        for (const name of viewFiles(folder)) rmSync(join(folder, 'store', name));
      },
    ],
    [
      'that was emptied',
      (folder) => {
        for (const name of viewFiles(folder)) writeFileSync(join(folder, 'store', name), '');
      },
    ],
    [
      'that is something else',
      (folder) => writeFileSync(join(folder, 'store', 'view.sqlite'), 'no database'.repeat(500)),
    ],
    ['without tables', (folder) => changeView(folder, 'drop table vaults; drop table archives')],
  ])('%s frees nothing', async (_, change) => {
    const folder = copyStore();
    change(folder);
    await checkProtected({ folder });
  });

  it('from before the lock with the progress of the later one frees nothing and is told', async () => {
    const folder = copyStore();
    const later = join(folder, 'later.sqlite');
    changeView(folder, `vacuum main into '${later}'`);
    restoreOld(folder);
    changeView(
      folder,
      `attach '${later}' as later; delete from main.progress; insert into main.progress select * from later.progress`,
    );
    const { code, text } = verify(folder);
    expect({ code, text }).toEqual({ code: 1, text: expect.stringContaining('vaults') });
    await checkProtected({ folder });
  });
});

// -- the files beside it --------------------------------------------------------------------------

describe.skipIf(isRemote)('store.json', () => {
  const change = (folder: string, fields: object) => {
    const path = join(folder, 'store', 'store.json');
    const identity = JSON.parse(readFileSync(path, 'utf8'));
    rmSync(path);
    writeFileSync(path, JSON.stringify({ ...identity, ...fields }));
  };

  it.each<[string, object, Environment]>([
    ['another store', { storeId: '00000000-0000-0000-0000-000000000000' }, {}],
    ['another region', { region: 'eu-west-1' }, { FIRN_REGION: 'eu-west-1' }],
    ['another account', { accountId: '999999999999' }, { FIRN_ACCOUNT_ID: '999999999999' }],
    ['another format', { formatVersion: 2 }, {}],
    ['a test clock', { testClock: true }, {}],
  ])('with %s frees nothing', async (_, fields, environment) => {
    const folder = copyStore();
    const good = readFileSync(join(folder, 'store', 'store.json'));
    change(folder, fields);
    const started = await start(folder, environment);
    if (started) {
      expect(await tryToDelete(started)).toEqual([]);
      await started.server.stop();
    }
    rmSync(join(folder, 'store', 'store.json'));
    writeFileSync(join(folder, 'store', 'store.json'), good);
    await checkRebuilt(folder);
  });

  it('and a view that agree on a test clock do not make one', async () => {
    const folder = copyStore();
    changeView(folder, `insert into clock values (1, ${yearsAheadMs}, null)`);
    change(folder, { testClock: true });
    const started = await start(folder);
    if (!started) return;
    expect(await tryToDelete(started)).toEqual([]);
    expect((await new Admin(started.client).clock()).isTestClock).toBe(false);
  });
});

it.skipIf(isRemote)('another sealing key frees nothing', async () => {
  const folder = copyStore();
  rmSync(join(folder, 'store.key'));
  writeFileSync(join(folder, 'store.key'), `${'ab'.repeat(32)}\n`);
  changeView(folder, `update vaults set ${noLock} where vault_name = 'aged'`);
  const started = await start(folder);
  if (!started) return;
  // The clerk's secret cannot be opened any more; the root's is in the configuration.
  const { client } = started;
  for (const { vault, archiveId } of sample.archives) {
    expect((await client.deleteArchive(vault, archiveId)).status).toBe(403);
  }
  expect(losses(folder)).toEqual([]);
});

// -- the journal ----------------------------------------------------------------------------------

/** `firn audit verify` on the stopped store. */
function verify(folder: string, ...words: string[]): { code: number | null; text: string } {
  const command = [program, 'audit', 'verify', '--data-dir', join(folder, 'store'), ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { code: status, text: `${stdout}${stderr}` };
}

/** The last line as somebody noted it while all was well. */
function notedIn(folder: string): string {
  const { sequence, hash } = JSON.parse(journalLines(folder).at(-1) ?? '');
  return `${sequence}:${hash}`;
}

function writeJournal(folder: string, lines: readonly string[]): void {
  writeFileSync(journalPath(folder), lines.map((line) => `${line}\n`).join(''));
}

/** Numbers and hashes computed anew, as the format page tells anybody to. */
function chainAnew(lines: readonly string[]): string[] {
  let previous = '0'.repeat(64);
  return lines.map((line, index) => {
    const { hash: _, ...entry } = JSON.parse(line);
    const body = JSON.stringify({ ...entry, sequence: index + 1, previous });
    previous = sha256(body);
    return `${body.slice(0, -1)},"hash":"${previous}"}`;
  });
}

describe.skipIf(isRemote)('a journal', () => {
  const isLockOfAged = (line: string) => {
    const { kind, data } = JSON.parse(line);
    return kind === 'LockCompleted' && data.vaultName === 'aged';
  };
  const without = (lines: string[]) => lines.filter((line) => !isLockOfAged(line));

  it('that is good is found good', () => {
    const folder = copyStore();
    expect(verify(folder)).toEqual({ code: 0, text: expect.stringContaining('intact') });
    expect(verify(folder, '--expect', notedIn(folder)).code).toBe(0);
  });

  it.each<[string, (lines: string[]) => string[]]>([
    [
      'a byte changed',
      (lines) =>
        lines.map((line) => (isLockOfAged(line) ? line.replace('"aged"', '"agee"') : line)),
    ],
    ['a line removed', without],
    ['the first line removed', (lines) => lines.slice(1)],
    [
      'two lines swapped',
      (lines) => {
        const at = lines.findIndex(isLockOfAged);
        const [line = '', next = ''] = lines.slice(at, at + 2);
        return [...lines.slice(0, at), next, line, ...lines.slice(at + 2)];
      },
    ],
    [
      'a line twice',
      (lines) => lines.flatMap((line) => (isLockOfAged(line) ? [line, line] : [line])),
    ],
    ['a line emptied', (lines) => lines.map((line) => (isLockOfAged(line) ? '' : line))],
  ])('with %s frees nothing and is told', async (_, change) => {
    const folder = copyStore();
    const good = readFileSync(journalPath(folder));
    const lines = journalLines(folder);
    writeJournal(folder, change(lines));
    const { code, text } = verify(folder);
    expect({ code, text }).toEqual({ code: 1, text: expect.stringContaining('NOT INTACT') });
    const started = await start(folder);
    if (started) {
      const verification = await new Admin(started.client).verifyAudit();
      expect(verification).toMatchObject({ isIntact: false, damage: expect.any(String) });
      expect(await tryToDelete(started)).toEqual([]);
      await started.server.stop();
    }
    // Without the view there is nothing but the journal: it must not be believed.
    moveViewAside(folder);
    const before = readFileSync(journalPath(folder));
    expect(await start(folder)).toBeUndefined();
    expect(readFileSync(journalPath(folder)).equals(before)).toBe(true);
    writeFileSync(journalPath(folder), good);
    const again = await start(folder);
    if (!again) throw new Error('it did not start on the good journal');
    await checkWhole(again);
  });

  it.each<[string, (lines: string[]) => string[]]>([
    ['with the lock left out and the chain made anew', (lines) => chainAnew(without(lines))],
    [
      'with the policy of the lock changed and the chain made anew',
      (lines) => chainAnew(lines.map((line) => line.replace('\\"365\\"', '\\"000\\"'))),
    ],
    ['whose last line was cut off', (lines) => lines.slice(0, -1)],
  ])('%s is told by its view, and without that by what was noted of it', async (_, change) => {
    const folder = copyStore();
    const noted = notedIn(folder);
    writeJournal(folder, change(journalLines(folder)));
    expect(verify(folder).code).toBe(1);
    expect(await start(folder)).toBeUndefined();
    moveViewAside(folder);
    expect(verify(folder).code).toBe(0);
    const { code, text } = verify(folder, '--expect', noted);
    expect({ code, text }).toEqual({ code: 1, text: expect.stringContaining('NOT INTACT') });
  });

  it('whose last line was cut in the middle frees nothing', async () => {
    const folder = copyStore();
    const noted = notedIn(folder);
    writeFileSync(journalPath(folder), readFileSync(journalPath(folder)).subarray(0, -20));
    expect(verify(folder, '--expect', noted).code).toBe(1);
    expect(await start(folder)).toBeUndefined();
  });

  it('that is gone stops the start, and its view stays', async () => {
    const folder = copyStore();
    const good = readFileSync(journalPath(folder));
    rmSync(journalPath(folder));
    expect(await start(folder)).toBeUndefined();
    expect(existsSync(join(folder, 'store', 'view.sqlite'))).toBe(true);
    writeFileSync(journalPath(folder), good);
    const again = await start(folder);
    if (!again) throw new Error('it did not start on the good journal');
    await checkWhole(again);
  });
});

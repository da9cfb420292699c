/**
 * The profile `aws`: the waiting times of the original, inventories that are a day old, and what
 * hangs on them (wire page, sections 2.3, 3.1, 3.4, 3.5 and 3.10). A frozen test clock makes every
 * time exact.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { Admin } from '../support/admin.ts';
import {
  checkEmpty,
  checkError,
  checkJson,
  checkNoContent,
  checkNoVault,
} from '../support/check.ts';
import type { Client, JsonObject } from '../support/client.ts';
import { content } from '../support/content.ts';
import type { Reply } from '../support/http.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** What each archive adds to a vault's size (observed). */
const OVERHEAD_BYTES = 32_768;

const firn = useServer({ arguments: ['--test-clock', '--profile', 'aws'] });
let admin: Admin;
let client: Client;
/** When the test began, in the store's milliseconds. */
let start = 0;
beforeEach(async () => {
  client = firn.client;
  admin = new Admin(client);
  start = Date.parse((await admin.freezeClock()).time);
});

/** So many seconds after the test began, as JSON has it. */
function later(seconds: number): string {
  return new Date(start + seconds * 1000).toISOString();
}

/** The same, as inventories have it. */
function inventoryDate(seconds: number): string {
  return `${later(seconds).slice(0, 19)}Z`;
}

function deleteVault(vault: string): Promise<Reply> {
  return client.request('DELETE', `/-/vaults/${vault}`);
}

function checkNotDeletable(reply: Reply, vault: string): void {
  const message = `Vault not empty or recently written to: ${client.arn(vault)}`;
  checkError(reply, 'InvalidParameterValueException', message);
}

async function listed(vault: string): Promise<string[]> {
  const jobId = await client.retrieveInventory(vault);
  await admin.advanceClock(4 * HOUR);
  const { ArchiveList } = (await client.getJobOutput(vault, jobId)).json() as {
    ArchiveList: { ArchiveId: string }[];
  };
  return ArchiveList.map(({ ArchiveId }) => ArchiveId);
}

it('says its name', async () => {
  expect(await admin.status()).toMatchObject({ profile: 'aws', testClock: true });
});

describe('a retrieval', () => {
  it.each([
    ['Expedited', 180],
    ['Standard', 14_400],
    ['Bulk', 28_800],
    [undefined, 14_400],
  ])('of the tier %s takes %d s', async (tier, seconds) => {
    if (tier === 'Expedited') await client.expect(201, 'POST', '/-/provisioned-capacity');
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobId = await client.retrieveArchive(vault, archiveId, { Tier: tier });
    await admin.advanceClock(seconds - 1);
    const waiting: JsonObject = {
      Completed: false,
      CompletionDate: null,
      CreationDate: later(0),
      StatusCode: 'InProgress',
      StatusMessage: null,
      Tier: tier ?? 'Standard',
    };
    expect(await client.describeJob(vault, jobId)).toMatchObject(waiting);
    checkError(
      await client.getJobOutput(vault, jobId),
      'InvalidParameterValueException',
      `The job is not currently available for download: ${jobId}`,
    );
    await admin.advanceClock(1);
    expect(await client.describeJob(vault, jobId)).toMatchObject({
      Completed: true,
      CompletionDate: later(seconds),
      StatusCode: 'Succeeded',
      StatusMessage: 'Succeeded',
    });
    expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
  });

  it('of an inventory takes as long as Standard, whatever tier is named', async () => {
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'hello');
    await admin.advanceClock(DAY);
    const jobId = await client.retrieveInventory(vault, { Tier: 'Expedited' });
    await admin.advanceClock(14_400 - 1);
    expect((await client.describeJob(vault, jobId)).Completed).toBe(false);
    await admin.advanceClock(1);
    expect(await client.describeJob(vault, jobId)).toMatchObject({
      CompletionDate: later(DAY + 14_400),
      Tier: null,
    });
  });

  it('needs no inventory', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobId = await client.retrieveArchive(vault, archiveId);
    expect((await client.describeVault(vault)).LastInventoryDate).toBeNull();
    await admin.advanceClock(14_400);
    expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
  });

  it('that has succeeded outlives its archive, for its 24 hours', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobId = await client.retrieveArchive(vault, archiveId);
    await admin.advanceClock(14_400);
    checkNoContent(await client.deleteArchive(vault, archiveId));
    await admin.advanceClock(DAY - 1);
    expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
    await admin.advanceClock(1);
    checkError(await client.getJobOutput(vault, jobId), 'ResourceNotFoundException');
  });

  it('is listed while it waits', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobId = await client.retrieveArchive(vault, archiveId);
    const idsOf = async (query: string) => {
      const reply = await client.expect(200, 'GET', `/-/vaults/${vault}/jobs?${query}`);
      const { JobList } = reply.json() as { JobList: { JobId: string }[] };
      return JobList.map(({ JobId }) => JobId);
    };
    expect(await idsOf('completed=false&statuscode=InProgress')).toEqual([jobId]);
    expect(await idsOf('completed=true')).toEqual([]);
    await admin.advanceClock(14_400);
    expect(await idsOf('completed=false')).toEqual([]);
    expect(await idsOf('completed=true&statuscode=Succeeded')).toEqual([jobId]);
  });
});

describe('an inventory', () => {
  it('is what a vault counts by', async () => {
    const vault = await client.freshVault();
    const description = (over: object) => ({
      CreationDate: later(0),
      LastInventoryDate: null,
      NumberOfArchives: 0,
      SizeInBytes: 0,
      VaultARN: client.arn(vault),
      VaultName: vault,
      ...over,
    });
    const ask = () => client.request('GET', `/-/vaults/${vault}`);
    checkJson(await ask(), description({}));
    const archiveId = await client.uploadArchive(vault, content(5));
    await client.uploadArchive(vault, content(3 * MIB));
    checkJson(await ask(), description({}));
    await admin.advanceClock(DAY - 1);
    checkJson(await ask(), description({}));
    await admin.advanceClock(1);
    const first = description({
      LastInventoryDate: later(DAY),
      NumberOfArchives: 2,
      SizeInBytes: 5 + 3 * MIB + 2 * OVERHEAD_BYTES,
    });
    checkJson(await ask(), first);
    await client.deleteArchive(vault, archiveId);
    await client.uploadArchive(vault, content(7));
    await client.uploadArchive(vault, content(11));
    await admin.advanceClock(DAY - 1);
    checkJson(await ask(), first);
    await admin.advanceClock(1);
    const second = description({
      LastInventoryDate: later(2 * DAY),
      NumberOfArchives: 3,
      SizeInBytes: 3 * MIB + 18 + 3 * OVERHEAD_BYTES,
    });
    checkJson(await ask(), second);
    const reply = await client.expect(200, 'GET', '/-/vaults');
    expect((reply.json() as { VaultList: object[] }).VaultList).toContainEqual(second);
  });

  it('is not taken anew when nothing has changed', async () => {
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'once');
    await admin.advanceClock(10 * DAY);
    expect((await client.describeVault(vault)).LastInventoryDate).toBe(later(DAY));
  });

  it('is not taken of a vault that was never written to', async () => {
    const vault = await client.freshVault();
    await admin.advanceClock(10 * DAY);
    expect((await client.describeVault(vault)).LastInventoryDate).toBeNull();
  });

  it('comes a day after the first upload, however often others follow', async () => {
    const vault = await client.freshVault();
    for (let hours = 0; hours < 36; hours += 12) {
      await client.uploadArchive(vault, `after ${hours} hours`);
      await admin.advanceClock(12 * HOUR);
    }
    expect(await client.describeVault(vault)).toMatchObject({
      LastInventoryDate: later(DAY),
      NumberOfArchives: 2,
    });
  });

  it('is refused before there is one, in the words that clients know', async () => {
    const vault = await client.freshVault();
    const message = `Inventory retrieval jobs for vault ${client.arn(vault)} cannot be initiated yet, as Amazon Glacier has not yet generated an initial inventory for this vault.`;
    const ask = () => client.postJob(vault, { Type: 'inventory-retrieval' });
    checkError(await ask(), 'ResourceNotFoundException', message);
    await client.uploadArchive(vault, 'hello');
    await admin.advanceClock(DAY - 1);
    checkError(await ask(), 'ResourceNotFoundException', message);
    await admin.advanceClock(1);
    checkEmpty(await ask(), 202);
  });

  it('is given out as it was taken', async () => {
    const vault = await client.freshVault();
    const kept = await client.uploadArchive(vault, 'kept');
    const deleted = await client.uploadArchive(vault, 'deleted later');
    await admin.advanceClock(DAY);
    await client.uploadArchive(vault, 'too late');
    await client.deleteArchive(vault, deleted);
    await admin.advanceClock(HOUR);
    const jobId = await client.retrieveInventory(vault);
    await admin.advanceClock(4 * HOUR);
    const output = (await client.getJobOutput(vault, jobId)).json() as {
      InventoryDate: string;
      ArchiveList: { ArchiveId: string; CreationDate: string }[];
    };
    expect(output.InventoryDate).toBe(inventoryDate(DAY));
    expect(output.ArchiveList.map(({ ArchiveId }) => ArchiveId)).toEqual([kept, deleted]);
    expect(output.ArchiveList[0]?.CreationDate).toBe(inventoryDate(0));
  });

  it('is the newest when the job is asked for, not when it is ready', async () => {
    const vault = await client.freshVault();
    const one = await client.uploadArchive(vault, 'one');
    await admin.advanceClock(DAY);
    const two = await client.uploadArchive(vault, 'two');
    await admin.advanceClock(DAY - HOUR);
    const jobId = await client.retrieveInventory(vault);
    await admin.advanceClock(4 * HOUR);
    expect((await client.describeVault(vault)).NumberOfArchives).toBe(2);
    const output = (await client.getJobOutput(vault, jobId)).json() as { ArchiveList: object[] };
    expect(output.ArchiveList).toMatchObject([{ ArchiveId: one }]);
    expect(await listed(vault)).toEqual([one, two]);
  });

  it('stays the same over the pages of a series', async () => {
    const vault = await client.freshVault();
    const [one, two] = [
      await client.uploadArchive(vault, 'one'),
      await client.uploadArchive(vault, 'two'),
    ];
    await admin.advanceClock(DAY);
    const page = async (more: JsonObject) => {
      const InventoryRetrievalParameters = { Limit: '1', ...more };
      const jobId = await client.retrieveInventory(vault, { InventoryRetrievalParameters });
      await admin.advanceClock(4 * HOUR);
      const { Marker } = (await client.describeJob(vault, jobId))
        .InventoryRetrievalParameters as JsonObject;
      const output = (await client.getJobOutput(vault, jobId)).json() as JsonObject;
      return { Marker, ...output };
    };
    const first = await page({});
    expect(first).toMatchObject({ ArchiveList: [{ ArchiveId: one }] });
    await client.deleteArchive(vault, two);
    await admin.advanceClock(DAY);
    expect((await client.describeVault(vault)).NumberOfArchives).toBe(1);
    expect(await page({ Marker: first.Marker })).toMatchObject({
      InventoryDate: inventoryDate(DAY),
      ArchiveList: [{ ArchiveId: two }],
      Marker: null,
    });
  });
});

describe('DeleteVault', () => {
  it('takes a vault that was never written to, at once', async () => {
    const vault = await client.freshVault();
    const uploadId = await client.initiateUpload(vault, MIB);
    await client.uploadPart(vault, uploadId, 0, content(100));
    checkNoContent(await deleteVault(vault));
    checkNoVault(await client.request('GET', `/-/vaults/${vault}`), client, vault);
    checkNoContent(await deleteVault(vault));
  });

  it('waits for the first inventory after a write, also of what is empty again', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    checkNotDeletable(await deleteVault(vault), vault);
    await client.deleteArchive(vault, archiveId);
    checkNotDeletable(await deleteVault(vault), vault);
    await admin.advanceClock(DAY - 1);
    checkNotDeletable(await deleteVault(vault), vault);
    await admin.advanceClock(1);
    expect((await client.describeVault(vault)).NumberOfArchives).toBe(0);
    checkNoContent(await deleteVault(vault));
  });

  it('goes by the last inventory, not by what is there', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    await admin.advanceClock(DAY);
    checkNotDeletable(await deleteVault(vault), vault);
    await client.deleteArchive(vault, archiveId);
    checkNotDeletable(await deleteVault(vault), vault);
    await admin.advanceClock(DAY - 1);
    checkNotDeletable(await deleteVault(vault), vault);
    await admin.advanceClock(1);
    checkNoContent(await deleteVault(vault));
  });

  it('does not take a vault that was written to since it was empty', async () => {
    const vault = await client.freshVault();
    await client.deleteArchive(vault, await client.uploadArchive(vault, 'first'));
    await admin.advanceClock(DAY);
    await client.deleteArchive(vault, await client.uploadArchive(vault, 'second'));
    checkNotDeletable(await deleteVault(vault), vault);
    await admin.advanceClock(DAY);
    checkNoContent(await deleteVault(vault));
  });

  it('leaves nothing to a vault that is made anew under the name', async () => {
    const vault = await client.freshVault();
    await client.deleteArchive(vault, await client.uploadArchive(vault, 'first'));
    await admin.advanceClock(DAY);
    checkNoContent(await deleteVault(vault));
    await client.createVault(vault);
    expect(await client.describeVault(vault)).toMatchObject({
      CreationDate: later(DAY),
      LastInventoryDate: null,
      NumberOfArchives: 0,
    });
    checkError(
      await client.postJob(vault, { Type: 'inventory-retrieval' }),
      'ResourceNotFoundException',
      /not yet generated an initial inventory/,
    );
  });
});

describe('a multipart upload', () => {
  const pathOf = (vault: string, uploadId: string) =>
    `/-/vaults/${vault}/multipart-uploads/${uploadId}`;

  it('is gone after 24 hours without a part', async () => {
    const vault = await client.freshVault();
    const bytes = content(MIB);
    const uploadId = await client.initiateUpload(vault, MIB);
    await admin.advanceClock(DAY - 1);
    await client.uploadPart(vault, uploadId, 0, bytes);
    await admin.advanceClock(DAY - 1);
    // Reading is no activity.
    await client.expect(200, 'GET', pathOf(vault, uploadId));
    await admin.advanceClock(1);
    const gone = `The upload ID was not found: ${uploadId}`;
    for (const reply of [
      await client.request('GET', pathOf(vault, uploadId)),
      await client.putPart(vault, uploadId, 0, bytes),
      await client.completeUpload(vault, uploadId, MIB, treeHash(bytes)),
      await client.abortUpload(vault, uploadId),
    ]) {
      checkError(reply, 'ResourceNotFoundException', gone);
    }
    const uploads = await client.request('GET', `/-/vaults/${vault}/multipart-uploads`);
    checkJson(uploads, { Marker: null, UploadsList: [] });
  });

  it('that has ended answers its end again for a day', async () => {
    const vault = await client.freshVault();
    const bytes = content(MIB);
    const [completed, aborted] = [
      await client.initiateUpload(vault, MIB),
      await client.initiateUpload(vault, MIB),
    ];
    await client.uploadPart(vault, completed, 0, bytes);
    const complete = () => client.completeUpload(vault, completed, MIB, treeHash(bytes));
    const archiveId = (await complete()).header('x-amz-archive-id');
    checkNoContent(await client.abortUpload(vault, aborted));
    await admin.advanceClock(DAY - 1);
    const again = await complete();
    expect(again.status).toBe(201);
    expect(again.header('x-amz-archive-id')).toBe(archiveId);
    checkNoContent(await client.abortUpload(vault, aborted));
  });
});

describe('ids', () => {
  /** Makes ids until one begins with `-`, as one of 64 does. */
  async function untilDashed(make: () => Promise<string>): Promise<string> {
    for (let tries = 0; tries < 2000; tries++) {
      const id = await make();
      if (id.startsWith('-')) return id;
    }
    throw new Error('no id begins with a dash');
  }

  it('of archives and jobs may begin with a dash, and work', async () => {
    const vault = await client.freshVault();
    const archiveId = await untilDashed(() => client.uploadArchive(vault, 'hello'));
    expect(archiveId).toMatch(/^-[\w-]{136}[AQgw]$/);
    const jobId = await untilDashed(() => client.retrieveArchive(vault, archiveId));
    expect(jobId).toMatch(/^-[\w-]{91}$/);
    await admin.advanceClock(14_400);
    expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
    checkNoContent(await client.deleteArchive(vault, archiveId));
  });

  it('of uploads may begin with a dash, and work', async () => {
    const vault = await client.freshVault();
    const uploadId = await untilDashed(() => client.initiateUpload(vault, MIB));
    expect(uploadId).toMatch(/^-[\w-]{91}$/);
    await client.uploadPart(vault, uploadId, 0, content(10));
    checkNoContent(await client.abortUpload(vault, uploadId));
  });
});

describe('an Expedited retrieval', () => {
  const firnWithUnits = useServer({ arguments: ['--test-clock', '--profile', 'aws'] });
  let owner: Admin;
  beforeEach(async () => {
    owner = new Admin(firnWithUnits.client);
    await owner.freezeClock();
  });

  interface Account {
    readonly own: Client;
    readonly vault: string;
    readonly archiveId: string;
  }

  /** Units belong to an account, so each test has one of its own. */
  async function freshAccount(): Promise<Account> {
    const own = await owner.freshAccount();
    const vault = await own.freshVault();
    return { own, vault, archiveId: await own.uploadArchive(vault, 'hurry') };
  }

  function ask({ own, vault, archiveId }: Account, Tier = 'Expedited'): Promise<Reply> {
    return own.postJob(vault, { Type: 'archive-retrieval', ArchiveId: archiveId, Tier });
  }

  /** How many of so many attempts are accepted; the others are refused as the page says. */
  async function accepted(account: Account, attempts: number): Promise<number> {
    let count = 0;
    for (let i = 0; i < attempts; i++) {
      const reply = await ask(account);
      if (reply.status === 202) count += 1;
      else checkRefused(reply);
    }
    return count;
  }

  function checkRefused(reply: Reply): void {
    expect(reply.status).toBe(503);
    const { message } = reply.json() as { message: string };
    const code = 'InsufficientCapacityException';
    expect(reply.text).toBe(JSON.stringify({ code, message, type: 'Server' }));
    expect(message).not.toBe('');
    expect(reply.header('Content-Type')).toBe('application/json');
  }

  function buy({ own }: Account): Promise<Reply> {
    return own.expect(201, 'POST', '/-/provisioned-capacity');
  }

  it('is refused without a unit, and makes no job', async () => {
    const account = await freshAccount();
    checkRefused(await ask(account));
    const jobs = await account.own.request('GET', `/-/vaults/${account.vault}/jobs`);
    checkJson(jobs, { JobList: [], Marker: null });
    for (const tier of ['Standard', 'Bulk']) expect((await ask(account, tier)).status).toBe(202);
  });

  it('says first what is wrong with the request itself', async () => {
    const { own, vault, archiveId } = await freshAccount();
    const job = { Type: 'archive-retrieval', ArchiveId: archiveId, Tier: 'Expedited' };
    const range = await own.postJob(vault, { ...job, RetrievalByteRange: '1-2' });
    checkError(range, 'InvalidParameterValueException');
    const unknown = await own.postJob(vault, { ...job, ArchiveId: 'x'.repeat(138) });
    checkError(unknown, 'ResourceNotFoundException');
  });

  it('is accepted three times in five minutes with one unit', async () => {
    const account = await freshAccount();
    await buy(account);
    expect(await accepted(account, 5)).toBe(3);
    await owner.advanceClock(5 * MINUTE - 1);
    expect(await accepted(account, 1)).toBe(0);
    await owner.advanceClock(2);
    expect(await accepted(account, 5)).toBe(3);
  });

  it('goes by any five minutes, not by those of a clock', async () => {
    const account = await freshAccount();
    await buy(account);
    for (let i = 0; i < 3; i++) {
      expect(await accepted(account, 1)).toBe(1);
      await owner.advanceClock(MINUTE);
    }
    expect(await accepted(account, 1)).toBe(0);
    await owner.advanceClock(2 * MINUTE + 1);
    expect(await accepted(account, 2)).toBe(1);
    await owner.advanceClock(MINUTE);
    expect(await accepted(account, 2)).toBe(1);
  });

  it('is accepted six times with two units', async () => {
    const account = await freshAccount();
    await buy(account);
    await buy(account);
    expect(await accepted(account, 8)).toBe(6);
  });

  it('is accepted once more by a unit that is bought in need', async () => {
    const account = await freshAccount();
    await buy(account);
    expect(await accepted(account, 4)).toBe(3);
    await buy(account);
    expect(await accepted(account, 4)).toBe(3);
  });

  it('is not accepted more often because many ask at once', async () => {
    const account = await freshAccount();
    await buy(account);
    const replies = await Promise.all(Array.from({ length: 12 }, () => ask(account)));
    expect(replies.filter(({ status }) => status === 202)).toHaveLength(3);
  });

  it('goes by the units of the account, over all its vaults', async () => {
    const [account, other] = [await freshAccount(), await freshAccount()];
    await buy(account);
    const { own } = account;
    const vault = await own.freshVault();
    const elsewhere = { own, vault, archiveId: await own.uploadArchive(vault, 'hurry too') };
    expect(await accepted(account, 2)).toBe(2);
    expect(await accepted(elsewhere, 2)).toBe(1);
    checkRefused(await ask(other));
  });

  it('takes no room from a unit when it is Standard or Bulk', async () => {
    const account = await freshAccount();
    await buy(account);
    for (let i = 0; i < 4; i++) {
      await ask(account, 'Standard');
      await ask(account, 'Bulk');
    }
    expect(await accepted(account, 4)).toBe(3);
  });

  it('is refused again when the unit has expired, a month later', async () => {
    const account = await freshAccount();
    await buy(account);
    const units = await account.own.expect(200, 'GET', '/-/provisioned-capacity');
    const [unit] = (units.json() as { ProvisionedCapacityList: { ExpirationDate: string }[] })
      .ProvisionedCapacityList;
    const expiration = Date.parse(unit?.ExpirationDate ?? '');
    await owner.setClock(new Date(expiration - 1000).toISOString());
    expect(await accepted(account, 1)).toBe(1);
    await owner.setClock(new Date(expiration).toISOString());
    checkRefused(await ask(account));
    const none = await account.own.request('GET', '/-/provisioned-capacity');
    checkJson(none, { ProvisionedCapacityList: [] });
    await buy(account);
    await owner.advanceClock(5 * MINUTE);
    expect(await accepted(account, 4)).toBe(3);
  });

  it('takes three minutes where it is accepted', async () => {
    const account = await freshAccount();
    await buy(account);
    const jobId = (await ask(account)).header('x-amz-job-id') ?? '';
    await owner.advanceClock(3 * MINUTE - 1);
    expect((await account.own.describeJob(account.vault, jobId)).Completed).toBe(false);
    await owner.advanceClock(1);
    expect((await account.own.getJobOutput(account.vault, jobId)).text).toBe('hurry');
  });
});

describe('the data retrieval policy', () => {
  /** A vault of an account of its own, with the policy and an archive. */
  async function prepare(rule: JsonObject, bytes: Buffer) {
    const own = await admin.freshAccount();
    const body = JSON.stringify({ Policy: { Rules: [rule] } });
    await own.expect(204, 'PUT', '/-/policies/data-retrieval', { body });
    const vault = await own.freshVault();
    const archiveId = await own.uploadArchive(vault, bytes);
    return (more: JsonObject = {}) =>
      own.postJob(vault, { Type: 'archive-retrieval', ArchiveId: archiveId, ...more });
  }

  const refusal = 'InitiateJob request denied by current data retrieval policy.';
  function checkRefused(reply: Reply): void {
    expect({ status: reply.status, error: reply.json() }).toEqual({
      status: 400,
      error: { code: 'PolicyEnforcedException', message: refusal, type: 'Client' },
    });
  }

  it('of bytes per hour counts a Standard retrieval for its four hours', async () => {
    const ask = await prepare({ Strategy: 'BytesPerHour', BytesPerHour: 1000 }, content(3000));
    checkEmpty(await ask(), 202);
    checkRefused(await ask());
    checkEmpty(await ask({ Tier: 'Bulk' }), 202);
    await admin.advanceClock(14_400 - 1);
    checkRefused(await ask());
    await admin.advanceClock(1);
    checkEmpty(await ask(), 202);
  });

  // The last test, so that nobody moves the clock to where all these jobs are prepared.
  it('of the free tier has a new allowance with every UTC day', async () => {
    const ask = await prepare({ Strategy: 'FreeTier' }, content(32 * MIB));
    await admin.setClock(`${later(DAY).slice(0, 10)}T23:59:59.000Z`);
    // 10 GiB / 30 are 341.3 MiB.
    for (let i = 0; i < 10; i++) checkEmpty(await ask(), 202);
    checkRefused(await ask());
    checkEmpty(await ask({ RetrievalByteRange: `0-${21 * MIB - 1}` }), 202);
    checkRefused(await ask({ RetrievalByteRange: `0-${MIB - 1}` }));
    await admin.advanceClock(1);
    checkEmpty(await ask(), 202);
  });
});

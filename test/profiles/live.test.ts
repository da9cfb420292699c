/**
 * The profile `live`, which is the default: jobs, inventories and counts are current, and nobody has
 * to wait (design: two profiles). What it shares with the original, it shares to the letter.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { Admin } from '../support/admin.ts';
import {
  ARCHIVE_ID,
  checkEmpty,
  checkError,
  checkJson,
  checkNoContent,
  JOB_ID,
  UPLOAD_ID,
} from '../support/check.ts';
import type { Client } from '../support/client.ts';
import { content } from '../support/content.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const DAY = 24 * 60 * 60;
/** What each archive adds to a vault's size (observed). */
const OVERHEAD_BYTES = 32_768;

const firn = useServer({ arguments: ['--test-clock'] });
let admin: Admin;
let client: Client;
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

it('is the profile when none is named', async () => {
  expect((await admin.status()).profile).toBe('live');
});

describe('a retrieval', () => {
  it.each(['Expedited', 'Standard', 'Bulk'])('of the tier %s is ready at once', async (Tier) => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobId = await client.retrieveArchive(vault, archiveId, { Tier });
    expect(await client.waitForJob(vault, jobId)).toMatchObject({
      CompletionDate: later(0),
      CreationDate: later(0),
      StatusCode: 'Succeeded',
      Tier,
    });
    expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
  });

  it('has its output for 24 hours', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobId = await client.retrievedArchive(vault, archiveId);
    await admin.advanceClock(DAY - 1);
    expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
    await admin.advanceClock(1);
    const gone = `The job ID was not found: ${jobId}`;
    checkError(await client.getJobOutput(vault, jobId), 'ResourceNotFoundException', gone);
  });

  it('of the tier Expedited needs no unit, however many there are', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hurry');
    const job = { Type: 'archive-retrieval', ArchiveId: archiveId, Tier: 'Expedited' };
    for (let i = 0; i < 8; i++) checkEmpty(await client.postJob(vault, job), 202);
    await client.expect(201, 'POST', '/-/provisioned-capacity');
    for (let i = 0; i < 8; i++) checkEmpty(await client.postJob(vault, job), 202);
  });
});

describe('an inventory', () => {
  it('is current, and so are the counts', async () => {
    const vault = await client.freshVault();
    const counts = async () => {
      const { LastInventoryDate, NumberOfArchives, SizeInBytes } =
        await client.describeVault(vault);
      return { LastInventoryDate, NumberOfArchives, SizeInBytes };
    };
    expect(await counts()).toEqual({
      LastInventoryDate: null,
      NumberOfArchives: 0,
      SizeInBytes: 0,
    });
    const first = await client.uploadArchive(vault, content(5));
    expect(await counts()).toEqual({
      LastInventoryDate: later(0),
      NumberOfArchives: 1,
      SizeInBytes: 5 + OVERHEAD_BYTES,
    });
    await admin.advanceClock(60);
    const second = await client.uploadArchive(vault, content(MIB));
    expect(await counts()).toEqual({
      LastInventoryDate: later(60),
      NumberOfArchives: 2,
      SizeInBytes: 5 + MIB + 2 * OVERHEAD_BYTES,
    });
    const idsOf = async () =>
      (await client.inventory(vault)).ArchiveList.map(({ ArchiveId }) => ArchiveId);
    expect(await idsOf()).toEqual([first, second]);
    await admin.advanceClock(60);
    checkNoContent(await client.deleteArchive(vault, first));
    expect(await counts()).toEqual({
      LastInventoryDate: later(120),
      NumberOfArchives: 1,
      SizeInBytes: MIB + OVERHEAD_BYTES,
    });
    expect(await idsOf()).toEqual([second]);
    expect((await client.inventory(vault)).InventoryDate).toBe(`${later(120).slice(0, 19)}Z`);
  });

  it('keeps its date while nothing changes', async () => {
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'once');
    await admin.advanceClock(10 * DAY);
    expect((await client.describeVault(vault)).LastInventoryDate).toBe(later(0));
  });

  it('of a vault that was never written to is refused, in the words that clients know', async () => {
    const vault = await client.freshVault();
    await admin.advanceClock(2 * DAY);
    checkError(
      await client.postJob(vault, { Type: 'inventory-retrieval' }),
      'ResourceNotFoundException',
      `Inventory retrieval jobs for vault ${client.arn(vault)} cannot be initiated yet, as Amazon Glacier has not yet generated an initial inventory for this vault.`,
    );
  });

  it('of a vault that is empty again is empty', async () => {
    const vault = await client.freshVault();
    await client.deleteArchive(vault, await client.uploadArchive(vault, 'hello'));
    expect((await client.inventory(vault)).ArchiveList).toEqual([]);
  });
});

describe('DeleteVault', () => {
  const remove = (vault: string) => client.request('DELETE', `/-/vaults/${vault}`);

  it('refuses a vault with archives, and takes it as soon as they are deleted', async () => {
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const message = `Vault not empty or recently written to: ${client.arn(vault)}`;
    checkError(await remove(vault), 'InvalidParameterValueException', message);
    await admin.advanceClock(10 * DAY);
    checkError(await remove(vault), 'InvalidParameterValueException', message);
    await client.deleteArchive(vault, archiveId);
    checkNoContent(await remove(vault));
  });

  it('takes a vault that was never written to', async () => {
    checkNoContent(await remove(await client.freshVault()));
  });
});

describe('a multipart upload', () => {
  const week = 7 * DAY;

  it('lives for 7 days without a part', async () => {
    const vault = await client.freshVault();
    const bytes = content(MIB);
    const path = `/-/vaults/${vault}/multipart-uploads`;
    const uploadId = await client.initiateUpload(vault, MIB);
    await admin.advanceClock(week - 1);
    await client.uploadPart(vault, uploadId, 0, bytes);
    await admin.advanceClock(week - 1);
    await client.expect(200, 'GET', `${path}/${uploadId}`);
    await admin.advanceClock(1);
    const gone = `The upload ID was not found: ${uploadId}`;
    for (const reply of [
      await client.request('GET', `${path}/${uploadId}`),
      await client.putPart(vault, uploadId, 0, bytes),
      await client.completeUpload(vault, uploadId, MIB, treeHash(bytes)),
      await client.abortUpload(vault, uploadId),
    ]) {
      checkError(reply, 'ResourceNotFoundException', gone);
    }
    checkJson(await client.request('GET', path), { Marker: null, UploadsList: [] });
  });

  it('can be completed at the end of its life', async () => {
    const vault = await client.freshVault();
    const bytes = content(MIB);
    const uploadId = await client.initiateUpload(vault, MIB);
    await client.uploadPart(vault, uploadId, 0, bytes);
    await admin.advanceClock(week - 1);
    const complete = () => client.completeUpload(vault, uploadId, MIB, treeHash(bytes));
    const reply = await complete();
    checkEmpty(reply, 201);
    await admin.advanceClock(DAY);
    expect((await complete()).header('x-amz-archive-id')).toBe(reply.header('x-amz-archive-id'));
    const [archive] = (await client.inventory(vault)).ArchiveList;
    expect(archive?.CreationDate).toBe(`${later(week - 1).slice(0, 19)}Z`);
  });
});

describe('ids', () => {
  /** So many that one of them would begin with a dash if any could. */
  const many = Array.from({ length: 500 }, (_, i) => i);

  it('of uploads never begin with a dash', async () => {
    const vault = await client.freshVault();
    for (const _ of many) expect(await client.initiateUpload(vault, MIB)).toMatch(UPLOAD_ID);
  });

  it('of archives and jobs never begin with a dash', async () => {
    const vault = await client.freshVault();
    for (const _ of many.slice(250)) {
      const archiveId = await client.uploadArchive(vault, 'x');
      expect(archiveId).toMatch(ARCHIVE_ID);
      expect(await client.retrieveArchive(vault, archiveId)).toMatch(JOB_ID);
    }
  });
});

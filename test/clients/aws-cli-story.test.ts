/**
 * A day's work with the AWS command line against a real `bin/firn serve`: all 33 operations of the
 * table, each with what it printed. Read from top to bottom; each step builds on those before it.
 *
 * What must come out is computed by node:crypto and by the tests' own tree hash, by nothing of `src/`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../../src/api/operations.ts';
import { ARCHIVE_ID, DATE, INVENTORY_DATE, JOB_ID, UPLOAD_ID } from '../support/check.ts';
import { pollUntil } from '../support/client.ts';
import { sha256 } from '../support/sign.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import {
  arn,
  Desk,
  denied,
  image,
  ledger,
  letter,
  notFound,
  parts,
  path,
  policyOf,
  scratch,
  scratchArn,
} from './support/aws-cli-story.ts';
import { useOwnServer } from './support/own-server.ts';
import { findProgram } from './support/program.ts';
import type { Fields } from './support/story-client.ts';

const aws = await findProgram('FIRN_TEST_AWS', 'aws', ['--version']);

/** A step is up to a dozen processes, each of which takes half a second, more on a busy machine. */
const timeout = 120_000;

const SHORT_ID = /^[A-Za-z0-9_-]{24}$/;
const aDate = expect.stringMatching(DATE);

describe.skipIf(aws === undefined)('A day with aws glacier', { timeout }, () => {
  const own = useOwnServer();
  let desk: Desk;
  beforeAll(() => {
    desk = new Desk(aws ?? '', own.server, own.folder);
  });
  afterAll(() => desk?.leave());

  let letterId = '';
  let imageId = '';
  let draftId = '';

  it('buys capacity and lists it', async () => {
    expect(await desk.run('ListProvisionedCapacity')).toEqual({ ProvisionedCapacityList: [] });
    const { capacityId, ...rest } = await desk.run('PurchaseProvisionedCapacity');
    expect(capacityId).toMatch(SHORT_ID);
    expect(rest).toEqual({});
    expect(await desk.run('ListProvisionedCapacity')).toEqual({
      ProvisionedCapacityList: [
        { CapacityId: capacityId, StartDate: aDate, ExpirationDate: aDate },
      ],
    });
  });

  it('says how much may be retrieved in an hour', async () => {
    const none = { Policy: { Rules: [{ Strategy: 'None' }] } };
    expect(await desk.run('GetDataRetrievalPolicy')).toEqual(none);
    const policy = { Rules: [{ Strategy: 'BytesPerHour', BytesPerHour: 10_737_418_240 }] };
    expect(await desk.run('SetDataRetrievalPolicy', { policy })).toEqual({});
    expect(await desk.run('GetDataRetrievalPolicy')).toEqual({ Policy: policy });
  });

  it('makes two vaults', async () => {
    expect(await desk.run('CreateVault', ledger)).toEqual({ location: path });
    await desk.run('CreateVault', scratch);
    const described = await desk.run('DescribeVault', ledger);
    expect(described).toMatchObject({
      CreationDate: aDate,
      NumberOfArchives: 0,
      SizeInBytes: 0,
      VaultARN: arn,
      VaultName: ledger.vaultName,
    });
    const { VaultList } = await desk.run('ListVaults');
    expect(VaultList).toEqual([
      described,
      expect.objectContaining({ VaultARN: scratchArn, VaultName: scratch.vaultName }),
    ]);
  });

  it('tags the vault', async () => {
    const tags = { owner: 'archive team', retention: '10 years', typo: '' };
    expect(await desk.run('AddTagsToVault', { ...ledger, tags })).toEqual({});
    expect(await desk.run('ListTagsForVault', ledger)).toEqual({ Tags: tags });
    expect(await desk.run('RemoveTagsFromVault', { ...ledger, tagKeys: ['typo'] })).toEqual({});
    expect(await desk.run('ListTagsForVault', ledger)).toEqual({
      Tags: { owner: 'archive team', retention: '10 years' },
    });
  });

  it('uploads a letter', async () => {
    const output = await desk.run('UploadArchive', {
      ...ledger,
      archiveDescription: 'letter  to the auditor',
      body: letter,
    });
    letterId = String(output.archiveId);
    expect(letterId).toMatch(ARCHIVE_ID);
    expect(output).toEqual({
      archiveId: letterId,
      checksum: sha256(letter),
      location: `${path}/archives/${letterId}`,
    });
    draftId = String((await desk.run('UploadArchive', { ...scratch, body: letter })).archiveId);
    expect(draftId).not.toBe(letterId);
  });

  describe('in the multipart upload of an image', () => {
    let upload: Fields & { readonly uploadId: string };

    it('begins, and sends three parts in no order', async () => {
      const begun = await desk.run('InitiateMultipartUpload', {
        ...ledger,
        archiveDescription: 'disk image',
        partSize: String(MIB),
      });
      const uploadId = String(begun.uploadId);
      expect(uploadId).toMatch(UPLOAD_ID);
      expect(begun).toEqual({ uploadId, location: `${path}/multipart-uploads/${uploadId}` });
      upload = { ...ledger, uploadId };
      for (const part of [parts[2], parts[0], parts[1]]) {
        const sent = { ...upload, range: `bytes ${part?.range}/*`, body: part?.bytes };
        expect(await desk.run('UploadMultipartPart', sent)).toEqual({ checksum: part?.treeHash });
      }
    });

    it('looks what has arrived', async () => {
      const shown = {
        ArchiveDescription: 'disk image',
        CreationDate: aDate,
        MultipartUploadId: upload.uploadId,
        PartSizeInBytes: MIB,
        VaultARN: arn,
      };
      expect(await desk.run('ListMultipartUploads', ledger)).toEqual({ UploadsList: [shown] });
      // Asked for one page, the program prints all of it; otherwise it pages, and prints the list.
      expect(await desk.run('ListParts', { ...upload, limit: '50' })).toEqual({
        ...shown,
        Parts: parts.map((part) => ({ RangeInBytes: part.range, SHA256TreeHash: part.treeHash })),
      });
    });

    it('completes it', async () => {
      const archiveSize = String(image.length);
      const checksum = treeHash(image);
      const output = await desk.run('CompleteMultipartUpload', {
        ...upload,
        archiveSize,
        checksum,
      });
      imageId = String(output.archiveId);
      expect(imageId).toMatch(ARCHIVE_ID);
      expect(output).toEqual({
        archiveId: imageId,
        checksum,
        location: `${path}/archives/${imageId}`,
      });
    });

    it('gives up another one', async () => {
      const { uploadId } = await desk.run('InitiateMultipartUpload', {
        ...ledger,
        partSize: String(MIB),
      });
      expect(await desk.run('AbortMultipartUpload', { ...ledger, uploadId })).toEqual({});
      expect(await desk.run('ListMultipartUploads', ledger)).toEqual({ UploadsList: [] });
      expect(await desk.beRefused('ListParts', { ...ledger, uploadId })).toEqual(
        notFound(`The upload ID was not found: ${String(uploadId)}`),
      );
    });
  });

  describe('in its jobs', () => {
    const begin = async (jobParameters: Fields): Promise<string> => {
      const output = await desk.run('InitiateJob', { ...ledger, jobParameters });
      const jobId = String(output.jobId);
      expect(jobId).toMatch(JOB_ID);
      expect(output).toEqual({ jobId, location: `${path}/jobs/${jobId}` });
      return jobId;
    };
    const completed = (jobId: string): Promise<Fields> =>
      pollUntil(
        () => desk.run('DescribeJob', { ...ledger, jobId }),
        (job) => job.Completed === true,
      );
    const common = {
      Completed: true,
      CompletionDate: aDate,
      CreationDate: aDate,
      StatusCode: 'Succeeded',
      StatusMessage: 'Succeeded',
      VaultARN: arn,
    };

    it('takes the inventory', async () => {
      const jobId = await begin({ Type: 'inventory-retrieval', Description: 'what is there' });
      const job = await completed(jobId);
      expect(job).toMatchObject({ ...common, Action: 'InventoryRetrieval', JobId: jobId });
      const { body, ...output } = await desk.run('GetJobOutput', { ...ledger, jobId });
      expect(output).toEqual({
        status: 200,
        acceptRanges: 'bytes',
        contentType: 'application/json',
      });
      expect(job.InventorySizeInBytes).toBe((body as Buffer).length);
      const item = { CreationDate: expect.stringMatching(INVENTORY_DATE) };
      expect(JSON.parse(String(body))).toEqual({
        VaultARN: arn,
        InventoryDate: expect.stringMatching(INVENTORY_DATE),
        ArchiveList: [
          {
            ...item,
            ArchiveId: letterId,
            ArchiveDescription: 'letter  to the auditor',
            Size: letter.length,
            SHA256TreeHash: sha256(letter),
          },
          {
            ...item,
            ArchiveId: imageId,
            ArchiveDescription: 'disk image',
            Size: image.length,
            SHA256TreeHash: treeHash(image),
          },
        ],
      });
    });

    it('takes the inventory as CSV', async () => {
      const jobId = await begin({ Type: 'inventory-retrieval', Format: 'CSV' });
      await completed(jobId);
      const { body, contentType } = await desk.run('GetJobOutput', { ...ledger, jobId });
      expect(contentType).toBe('text/csv');
      const lines = String(body).split('\n');
      expect(lines).toEqual([
        'ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash',
        expect.stringMatching(`^${letterId},"letter  to the auditor",[^,]+,${letter.length},`),
        expect.stringMatching(`^${imageId},"disk image",[^,]+,${image.length},${treeHash(image)}$`),
        '',
      ]);
    });

    it.each(['Expedited', 'Standard', 'Bulk'])('retrieves the image (%s)', async (Tier) => {
      const jobId = await begin({ Type: 'archive-retrieval', ArchiveId: imageId, Tier });
      expect(await completed(jobId)).toMatchObject({
        ...common,
        Action: 'ArchiveRetrieval',
        ArchiveId: imageId,
        ArchiveSHA256TreeHash: treeHash(image),
        ArchiveSizeInBytes: image.length,
        JobId: jobId,
        RetrievalByteRange: `0-${image.length - 1}`,
        SHA256TreeHash: treeHash(image),
        Tier,
      });
      const { body, ...output } = await desk.run('GetJobOutput', { ...ledger, jobId });
      expect(sha256(body as Buffer)).toBe(sha256(image));
      expect(treeHash(body as Buffer)).toBe(treeHash(image));
      expect(output).toEqual({
        status: 200,
        acceptRanges: 'bytes',
        archiveDescription: 'disk image',
        checksum: treeHash(image),
        contentType: 'application/octet-stream',
      });
    });

    it('downloads the end of a retrieved range', async () => {
      const RetrievalByteRange = `${MIB}-${image.length - 1}`;
      const jobId = await begin({
        Type: 'archive-retrieval',
        ArchiveId: imageId,
        RetrievalByteRange,
      });
      // The range begins at 1 MiB: no subtree of the image, so that no hash is given.
      const job = await completed(jobId);
      expect(job).toMatchObject({ ...common, RetrievalByteRange });
      expect(job.SHA256TreeHash ?? null).toBeNull();
      const range = `bytes=${MIB}-`;
      const { body, ...output } = await desk.run('GetJobOutput', { ...ledger, jobId, range });
      expect(sha256(body as Buffer)).toBe(sha256(image.subarray(2 * MIB)));
      const outputBytes = image.length - MIB;
      expect(output).toEqual({
        status: 206,
        acceptRanges: 'bytes',
        archiveDescription: 'disk image',
        contentRange: `bytes ${MIB}-${outputBytes - 1}/${outputBytes}`,
        contentType: 'application/octet-stream',
      });
    });

    it('retrieves the letter, and lists all of them', async () => {
      const jobId = await begin({ Type: 'archive-retrieval', ArchiveId: letterId });
      await completed(jobId);
      const { body, checksum } = await desk.run('GetJobOutput', { ...ledger, jobId });
      expect(String(body)).toBe(String(letter));
      expect(checksum).toBe(sha256(letter));
      const { JobList } = await desk.run('ListJobs', { ...ledger, statuscode: 'Succeeded' });
      const jobs = JobList as readonly Fields[];
      expect(jobs.map((job) => job.Action)).toEqual([
        ...Array.from({ length: 5 }, () => 'ArchiveRetrieval'),
        'InventoryRetrieval',
        'InventoryRetrieval',
      ]);
      expect(jobs[0]).toEqual(await desk.run('DescribeJob', { ...ledger, jobId }));
    });
  });

  it('sets who is told, and takes it back', async () => {
    const unset = notFound(`No notification configuration is set for vault: ${ledger.vaultName}`);
    expect(await desk.beRefused('GetVaultNotifications', ledger)).toEqual(unset);
    const vaultNotificationConfig = {
      SNSTopic: 'arn:aws:sns:us-west-2:111122223333:glacier-done',
      Events: ['ArchiveRetrievalCompleted', 'InventoryRetrievalCompleted'],
    };
    const set = { ...ledger, vaultNotificationConfig };
    expect(await desk.run('SetVaultNotifications', set)).toEqual({});
    expect(await desk.run('GetVaultNotifications', ledger)).toEqual({ vaultNotificationConfig });
    expect(await desk.run('DeleteVaultNotifications', ledger)).toEqual({});
    expect(await desk.beRefused('GetVaultNotifications', ledger)).toEqual(unset);
  });

  it('sets an access policy that forbids new jobs, and takes it back', async () => {
    const unset = notFound(`No vault access policy is set for: ${ledger.vaultName}`);
    expect(await desk.beRefused('GetVaultAccessPolicy', ledger)).toEqual(unset);
    const policy = policyOf({ Effect: 'Deny', Action: 'glacier:InitiateJob' });
    expect(await desk.run('SetVaultAccessPolicy', { ...ledger, policy })).toEqual({});
    expect(await desk.run('GetVaultAccessPolicy', ledger)).toEqual({ policy });
    const jobParameters = { Type: 'archive-retrieval', ArchiveId: letterId };
    expect(await desk.beRefused('InitiateJob', { ...ledger, jobParameters })).toEqual(
      denied('InitiateJob'),
    );
    expect(await desk.run('DeleteVaultAccessPolicy', ledger)).toEqual({});
    expect(await desk.beRefused('GetVaultAccessPolicy', ledger)).toEqual(unset);
    await desk.run('InitiateJob', { ...ledger, jobParameters });
  });

  describe('with the lock', () => {
    const oneYear = { NumericLessThan: { 'glacier:ArchiveAgeInDays': '365' } };
    const policy = policyOf({
      Sid: 'keep-one-year',
      Effect: 'Deny',
      Action: 'glacier:DeleteArchive',
      Condition: oneYear,
    });
    const none = notFound(`No vault lock policy is set for: ${ledger.vaultName}`);
    const isLocked = {
      code: 'AccessDeniedException',
      message: `The vault is locked: ${ledger.vaultName}`,
    };

    const initiate = async (): Promise<Fields> => {
      const { lockId, ...rest } = await desk.run('InitiateVaultLock', { ...ledger, policy });
      expect(lockId).toMatch(SHORT_ID);
      expect(rest).toEqual({});
      return { ...ledger, lockId };
    };

    it('tries it, and gives the trial up', async () => {
      expect(await desk.beRefused('GetVaultLock', ledger)).toEqual(none);
      await initiate();
      const shown = await desk.run('GetVaultLock', ledger);
      expect(shown).toEqual({
        ...policy,
        State: 'InProgress',
        CreationDate: aDate,
        ExpirationDate: aDate,
      });
      const [from, to] = [String(shown.CreationDate), String(shown.ExpirationDate)];
      expect(Date.parse(to) - Date.parse(from)).toBe(24 * 60 * 60 * 1000);
      expect(await desk.beRefused('DeleteArchive', { ...ledger, archiveId: letterId })).toEqual(
        denied('DeleteArchive'),
      );
      expect(await desk.run('AbortVaultLock', ledger)).toEqual({});
      expect(await desk.beRefused('GetVaultLock', ledger)).toEqual(none);
    });

    it('completes it, and never gets out again', async () => {
      const lock = await initiate();
      expect(await desk.beRefused('CompleteVaultLock', { ...ledger, lockId: 'wrong' })).toEqual({
        code: 'InvalidParameterValueException',
        message: 'Invalid lock ID: wrong',
      });
      expect(await desk.run('CompleteVaultLock', lock)).toEqual({});
      const { ExpirationDate = null, ...shown } = await desk.run('GetVaultLock', ledger);
      expect(ExpirationDate).toBeNull();
      expect(shown).toEqual({ ...policy, State: 'Locked', CreationDate: aDate });
      expect(await desk.beRefused('AbortVaultLock', ledger)).toEqual(isLocked);
      expect(await desk.beRefused('InitiateVaultLock', { ...ledger, policy })).toEqual(isLocked);
    });

    it('cannot delete a locked archive, nor the vault', async () => {
      for (const archiveId of [letterId, imageId]) {
        expect(await desk.beRefused('DeleteArchive', { ...ledger, archiveId })).toEqual(
          denied('DeleteArchive'),
        );
      }
      expect(await desk.beRefused('DeleteVault', ledger)).toEqual({
        code: 'InvalidParameterValueException',
        message: `Vault not empty or recently written to: ${arn}`,
      });
      const shown = await desk.run('DescribeVault', ledger);
      expect(shown).toMatchObject({
        NumberOfArchives: 2,
        SizeInBytes: letter.length + image.length + 2 * 32_768,
      });
    });
  });

  it('deletes what is not locked', async () => {
    const draft = { ...scratch, archiveId: draftId };
    expect(await desk.run('DeleteArchive', draft)).toEqual({});
    expect(await desk.run('DeleteVault', scratch)).toEqual({});
    expect(await desk.beRefused('DescribeVault', scratch)).toEqual(
      notFound(`Vault not found for ARN: ${scratchArn}`),
    );
    const { VaultList } = await desk.run('ListVaults');
    expect(VaultList).toEqual([expect.objectContaining({ VaultARN: arn })]);
  });

  it('has used every operation of the table', () => {
    expect(Object.keys(operations)).toHaveLength(33);
    expect(desk.done).toEqual(Object.keys(operations).sort());
  });
});

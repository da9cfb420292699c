import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoVault, DATE, keysOf } from '../support/check.ts';
import { type JsonObject, pollUntil, uniqueName } from '../support/client.ts';
import { content, partVectors, SEVEN_MIB_123 } from '../support/content.ts';
import { isRemote } from '../support/server.ts';
import { MIB } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const TOPIC = 'arn:aws:sns:us-west-2:111122223333:glacier-done';
const helloHash = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

const KEYS = [
  'Action',
  'ArchiveId',
  'ArchiveSHA256TreeHash',
  'ArchiveSizeInBytes',
  'Completed',
  'CompletionDate',
  'CreationDate',
  'InventoryRetrievalParameters',
  'InventorySizeInBytes',
  'JobDescription',
  'JobId',
  'RetrievalByteRange',
  'SHA256TreeHash',
  'SNSTopic',
  'StatusCode',
  'StatusMessage',
  'Tier',
  'VaultARN',
];

function unknown(jobId: string): string {
  return `The job ID was not found: ${jobId}`;
}

/** The whole description, given what varies. */
function archiveJob(more: JsonObject): JsonObject {
  return {
    Action: 'ArchiveRetrieval',
    ArchiveId: null,
    ArchiveSHA256TreeHash: helloHash,
    ArchiveSizeInBytes: 5,
    Completed: true,
    CompletionDate: null,
    CreationDate: null,
    InventoryRetrievalParameters: null,
    InventorySizeInBytes: null,
    JobDescription: null,
    JobId: null,
    RetrievalByteRange: '0-4',
    SHA256TreeHash: helloHash,
    SNSTopic: null,
    StatusCode: 'Succeeded',
    StatusMessage: 'Succeeded',
    Tier: 'Standard',
    VaultARN: null,
    ...more,
  };
}

function inventoryJob(more: JsonObject): JsonObject {
  return {
    ...archiveJob({}),
    Action: 'InventoryRetrieval',
    ArchiveSHA256TreeHash: null,
    ArchiveSizeInBytes: null,
    InventoryRetrievalParameters: {
      EndDate: null,
      Format: 'JSON',
      Limit: null,
      Marker: null,
      StartDate: null,
    },
    RetrievalByteRange: null,
    SHA256TreeHash: null,
    Tier: null,
    ...more,
  };
}

describe('DescribeJob', () => {
  describe('malformed', () => {
    it.each([
      ['abc', 'abc'],
      ['%E2%82%AC%20%22', '€ "'],
      ['j'.repeat(92), 'j'.repeat(92)],
    ])('answers 404 for the job id %s', async (encoded, jobId) => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request('GET', `/-/vaults/${vault}/jobs/${encoded}`);
      checkError(reply, 'ResourceNotFoundException', unknown(jobId));
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const vault = uniqueName();
      const reply = await firn.client.request('GET', `/-/vaults/${vault}/jobs/abc`);
      checkNoVault(reply, firn.client, vault);
    });

    it('for a job of another vault', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello');
      const jobId = await client.retrieveArchive(vault, archiveId);
      const other = await client.freshVault();
      const reply = await client.request('GET', `/-/vaults/${other}/jobs/${jobId}`);
      checkError(reply, 'ResourceNotFoundException', unknown(jobId));
    });

    it('for another account', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const jobId = await client.retrieveArchive(vault, await client.uploadArchive(vault, 'x'));
      const reply = await client.request('GET', `/999999999999/vaults/${vault}/jobs/${jobId}`);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });
  });

  describe('works', () => {
    it('for a whole archive', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello', { description: 'greeting' });
      const jobId = await client.retrievedArchive(vault, archiveId);
      const reply = await client.request('GET', `/-/vaults/${vault}/jobs/${jobId}`);
      const { CompletionDate, CreationDate } = reply.json() as Record<string, string>;
      checkJson(
        reply,
        archiveJob({
          ArchiveId: archiveId,
          CompletionDate,
          CreationDate,
          JobId: jobId,
          VaultARN: client.arn(vault),
        }),
      );
      expect(keysOf(reply.json())).toEqual(KEYS);
      expect(CreationDate).toMatch(DATE);
      expect(CompletionDate).toMatch(DATE);
      expect(Date.parse(CompletionDate ?? '')).toBeGreaterThanOrEqual(
        Date.parse(CreationDate ?? ''),
      );
    });

    it('with tier, topic and description as they were given', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello');
      const more = { Tier: 'Expedited', SNSTopic: TOPIC, Description: 'tail   "of" \\ it' };
      const jobId = await client.retrievedArchive(vault, archiveId, more);
      expect(await client.describeJob(vault, jobId)).toMatchObject({
        JobDescription: 'tail   "of" \\ it',
        SNSTopic: TOPIC,
        Tier: 'Expedited',
      });
    });

    it('for an inventory', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      await client.uploadArchive(vault, 'hello');
      const jobId = await client.retrievedInventory(vault, {
        Description: 'all of it',
        SNSTopic: TOPIC,
      });
      const output = await client.getJobOutput(vault, jobId);
      const reply = await client.request('GET', `/-/vaults/${vault}/jobs/${jobId}`);
      const { CompletionDate, CreationDate } = reply.json() as Record<string, string>;
      checkJson(
        reply,
        inventoryJob({
          CompletionDate,
          CreationDate,
          InventorySizeInBytes: output.body.length,
          JobDescription: 'all of it',
          JobId: jobId,
          SNSTopic: TOPIC,
          VaultARN: client.arn(vault),
        }),
      );
      expect(keysOf(reply.json())).toEqual(KEYS);
    });

    it.each([
      ['2013-03-20T17:03:43Z', '2013-03-20T17:03:43Z'],
      ['2013-03-20T17:03:43.000Z', '2013-03-20T17:03:43Z'],
      ['2013-03-20T19:03:43+02:00', '2013-03-20T17:03:43Z'],
      ['2013-03-20T12:33:43-04:30', '2013-03-20T17:03:43Z'],
    ])('with the date %s normalised', async (given, shown) => {
      const { client } = firn;
      const vault = await client.freshVault();
      await client.uploadArchive(vault, 'hello');
      const jobId = await client.retrieveInventory(vault, {
        Format: 'CSV',
        InventoryRetrievalParameters: { StartDate: given, EndDate: given, Limit: 7 },
      });
      expect((await client.describeJob(vault, jobId)).InventoryRetrievalParameters).toEqual({
        EndDate: shown,
        Format: 'CSV',
        Limit: '7',
        Marker: null,
        StartDate: shown,
      });
    });

    it('with a limit given as a string', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      await client.uploadArchive(vault, 'hello');
      const parameters = { InventoryRetrievalParameters: { Limit: '1000' } };
      const jobId = await client.retrieveInventory(vault, parameters);
      const job = await client.describeJob(vault, jobId);
      expect(job.InventoryRetrievalParameters).toMatchObject({ Limit: '1000' });
    });
  });
});

describe('DescribeJob of ranges', () => {
  const stored = { vault: '', archiveId: '' };

  async function describeRange(range: string): Promise<JsonObject> {
    const { client } = firn;
    if (stored.vault === '') {
      stored.vault = await client.freshVault();
      const bytes = content(SEVEN_MIB_123.sizeBytes);
      stored.archiveId = await client.uploadInParts(stored.vault, bytes, 2 * MIB);
    }
    const more = { RetrievalByteRange: range };
    const jobId = await client.retrieveArchive(stored.vault, stored.archiveId, more);
    return client.waitForJob(stored.vault, jobId);
  }

  const aligned = [...partVectors.values()].flat();

  it.each(aligned)(
    '$startByte-$endByte has a tree hash',
    async ({ startByte, endByte, treeHash }) => {
      expect(await describeRange(`${startByte}-${endByte}`)).toMatchObject({
        ArchiveSHA256TreeHash: SEVEN_MIB_123.treeHash,
        ArchiveSizeInBytes: SEVEN_MIB_123.sizeBytes,
        RetrievalByteRange: `${startByte}-${endByte}`,
        SHA256TreeHash: treeHash,
        StatusCode: 'Succeeded',
      });
    },
  );

  it('the whole has the tree hash of the archive', async () => {
    expect(await describeRange('0-7340154')).toMatchObject({
      ArchiveSHA256TreeHash: SEVEN_MIB_123.treeHash,
      SHA256TreeHash: SEVEN_MIB_123.treeHash,
    });
  });

  it.each(['1048576-3145727', '0-3145727', '3145728-7340154', '1048576-7340154', '0-7340031'])(
    '%s has none, being only MiB-aligned',
    async (range) => {
      expect(await describeRange(range)).toMatchObject({
        ArchiveSHA256TreeHash: SEVEN_MIB_123.treeHash,
        RetrievalByteRange: range,
        SHA256TreeHash: null,
        StatusCode: 'Succeeded',
      });
    },
  );
});

describe.skipIf(isRemote)('DescribeJob of jobs in progress', () => {
  const slow = useServer({
    arguments: ['--retrieval-seconds', 'expedited=0,standard=3600,bulk=3600'],
  });

  it('shows an archive job with its hashes, without message and completion date', async () => {
    const { client } = slow;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobId = await client.retrieveArchive(vault, archiveId, { Tier: 'Bulk' });
    const reply = await client.request('GET', `/-/vaults/${vault}/jobs/${jobId}`);
    const { CreationDate } = reply.json() as Record<string, string>;
    checkJson(
      reply,
      archiveJob({
        ArchiveId: archiveId,
        Completed: false,
        CreationDate,
        JobId: jobId,
        StatusCode: 'InProgress',
        StatusMessage: null,
        Tier: 'Bulk',
        VaultARN: client.arn(vault),
      }),
    );
  });

  it('shows an inventory job without size and marker', async () => {
    const { client } = slow;
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'hello');
    await client.uploadArchive(vault, 'world');
    const jobId = await client.retrieveInventory(vault, {
      InventoryRetrievalParameters: { Limit: 1 },
    });
    const reply = await client.request('GET', `/-/vaults/${vault}/jobs/${jobId}`);
    const { CreationDate } = reply.json() as Record<string, string>;
    checkJson(
      reply,
      inventoryJob({
        Completed: false,
        CreationDate,
        InventoryRetrievalParameters: {
          EndDate: null,
          Format: 'JSON',
          Limit: '1',
          Marker: null,
          StartDate: null,
        },
        JobId: jobId,
        StatusCode: 'InProgress',
        StatusMessage: null,
        VaultARN: client.arn(vault),
      }),
    );
  });

  it('completes Expedited before Standard and Bulk', async () => {
    const { client } = slow;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const others = [
      await client.retrieveArchive(vault, archiveId, { Tier: 'Standard' }),
      await client.retrieveArchive(vault, archiveId, { Tier: 'Bulk' }),
    ];
    await client.retrievedArchive(vault, archiveId, { Tier: 'Expedited' });
    for (const jobId of others) {
      expect(await client.describeJob(vault, jobId)).toMatchObject({ StatusCode: 'InProgress' });
    }
  });
});

describe.skipIf(isRemote)('DescribeJob of a job that outlives a restart', () => {
  const restarted = useServer({
    arguments: ['--retrieval-seconds', 'expedited=0,standard=2,bulk=3600'],
  });

  it('completes all the same', async () => {
    const { client, server } = restarted;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const done = await client.retrievedArchive(vault, archiveId, { Tier: 'Expedited' });
    const before = await client.describeJob(vault, done);
    const jobId = await client.retrieveArchive(vault, archiveId);
    await server.kill();
    await server.restart();
    expect(await client.describeJob(vault, done)).toEqual(before);
    expect(await client.waitForJob(vault, jobId)).toMatchObject({ StatusCode: 'Succeeded' });
    expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
  });
});

describe.skipIf(isRemote)('DescribeJob of a job whose output has expired', () => {
  const brief = useServer({ arguments: ['--job-output-seconds', '1'] });

  it('answers 404, as GetJobOutput does, and ListJobs leaves it out', async () => {
    const { client } = brief;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobId = await client.retrieveArchive(vault, archiveId);
    const target = `/-/vaults/${vault}/jobs/${jobId}`;
    const gone = await pollUntil(
      () => client.request('GET', target),
      ({ status }) => status !== 200,
    );
    checkError(gone, 'ResourceNotFoundException', unknown(jobId));
    const output = await client.getJobOutput(vault, jobId);
    checkError(output, 'ResourceNotFoundException', unknown(jobId));
    const list = await client.request('GET', `/-/vaults/${vault}/jobs`);
    expect(list.json()).toEqual({ JobList: [], Marker: null });
  });
});

describe.skipIf(isRemote)('DescribeJob of a job that failed', () => {
  const damaged = useServer();

  /** Turns one bit of the only file of this size that holds these bytes. */
  function damage(directory: string, bytes: Buffer): void {
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .map((name) => join(directory, name))
      .filter((path) => statSync(path).isFile() && statSync(path).size === bytes.length);
    const path = files.find((candidate) => readFileSync(candidate).equals(bytes));
    if (path === undefined) throw new Error('no file holds exactly the bytes of the archive');
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(MIB + 5) ^ 1, MIB + 5);
    chmodSync(path, 0o600);
    writeFileSync(path, changed);
  }

  it('says Failed, and has no output', async () => {
    const { client, server } = damaged;
    const vault = await client.freshVault();
    const bytes = content(3 * MIB, 17);
    const archiveId = await client.uploadArchive(vault, bytes);
    damage(server.dataDirectory, bytes);
    const jobId = await client.retrieveArchive(vault, archiveId);
    const job = await client.waitForJob(vault, jobId);
    expect(job).toMatchObject({
      Completed: true,
      CompletionDate: expect.stringMatching(DATE),
      StatusCode: 'Failed',
      StatusMessage: 'Failed',
    });
    const message = `The job is not currently available for download: ${jobId}`;
    const output = await client.getJobOutput(vault, jobId);
    checkError(output, 'InvalidParameterValueException', message);
    const failed = await client.request('GET', `/-/vaults/${vault}/jobs?statuscode=Failed`);
    expect(failed.json()).toEqual({ JobList: [job], Marker: null });
    const more = { RetrievalByteRange: '0-1048575' };
    const sound = await client.retrievedArchive(vault, archiveId, more);
    expect(await client.describeJob(vault, sound)).toMatchObject({ StatusCode: 'Succeeded' });
  });
});

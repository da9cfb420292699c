/**
 * What a select job may be asked for, what is refused and how (wire page, section 3.5.6), and who may
 * ask. Jobs take an hour here, so nothing is written: nobody may even connect to the store.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Admin } from '../support/admin.ts';
import { checkEmpty, checkError, checkNoVault, JOB_ID } from '../support/check.ts';
import { Client, type JsonObject, uniqueName } from '../support/client.ts';
import type { Reply } from '../support/http.ts';
import type { RunningServer } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';
import { Gate } from './support/gate.ts';
import {
  BUCKET,
  type SelectJobChanges,
  selectJob,
  startSelectServer,
} from './support/select-jobs.ts';

const HOUR = 'expedited=3600,standard=3600,bulk=3600';
const SQL = 'SELECT * FROM archive';

const gate = new Gate();
let server: RunningServer;
let client: Client;
let vault: string;
let archiveId: string;

beforeAll(async () => {
  await gate.listen();
  server = await startSelectServer({
    endpoint: gate.endpoint,
    arguments: ['--retrieval-seconds', HOUR],
  });
  client = new Client(server);
  vault = await client.freshVault();
  archiveId = await client.uploadArchive(vault, 'a,b\n1,2\n');
});

afterEach(() => expect(gate.connections).toBe(0));

afterAll(async () => {
  await server?.close();
  await gate.close();
});

function ask(more: SelectJobChanges = {}): Promise<Reply> {
  return client.postJob(vault, selectJob(archiveId, SQL, more));
}

/** The texts that a job of this shape is refused with. */
function checkMissing(reply: Reply, name: string): void {
  checkError(reply, 'MissingParameterValueException', `Required parameter missing: ${name}`);
}

function checkInvalid(reply: Reply, what: string): void {
  checkError(reply, 'InvalidParameterValueException', `Invalid ${what}`);
}

function checkNoJobHeaders(reply: Reply): void {
  for (const name of ['Location', 'x-amz-job-id', 'x-amz-job-output-path']) {
    expect(reply.header(name)).toBeUndefined();
  }
}

const input = (csv: unknown) => ({ parameters: { InputSerialization: { csv } } });
const output = (csv: unknown) => ({ parameters: { OutputSerialization: { csv } } });
const grants = (...list: unknown[]) => ({ s3: { AccessControlList: list } });
const user = { Type: 'CanonicalUser', ID: 'anna' };

describe('InitiateJob of a select job', () => {
  describe('malformed', () => {
    it.each<[job: SelectJobChanges, name: string]>([
      [{ ArchiveId: undefined }, 'archiveId'],
      [{ ArchiveId: null }, 'archiveId'],
      [{ ArchiveId: '' }, 'archiveId'],
      [{ SelectParameters: undefined }, 'selectParameters'],
      [{ SelectParameters: null }, 'selectParameters'],
      [{ OutputLocation: undefined }, 'outputLocation'],
      [{ OutputLocation: null }, 'outputLocation'],
      [{ OutputLocation: {} }, 's3'],
      [{ OutputLocation: { S3: null } }, 's3'],
      [{ parameters: { Expression: null } }, 'expression'],
      [{ parameters: { Expression: '' } }, 'expression'],
      [{ parameters: { ExpressionType: null } }, 'expressionType'],
      [{ parameters: { ExpressionType: '' } }, 'expressionType'],
      [{ s3: { BucketName: null } }, 'bucketName'],
      [{ s3: { BucketName: '' } }, 'bucketName'],
      [{ s3: { Prefix: null } }, 'prefix'],
      [{ s3: { Prefix: '' } }, 'prefix'],
      [grants({ Grantee: user }), 'permission'],
      [grants({ Permission: 'READ' }), 'type'],
      [grants({ Grantee: { ID: 'anna' }, Permission: 'READ' }), 'type'],
      [grants({ Grantee: { Type: 'CanonicalUser' }, Permission: 'READ' }), 'id'],
      [grants({ Grantee: { Type: 'Group', ID: 'x' }, Permission: 'READ' }), 'uri'],
      [grants({ Grantee: { Type: 'AmazonCustomerByEmail' }, Permission: 'READ' }), 'emailAddress'],
      [{ s3: { Encryption: {} } }, 'encryptionType'],
      [{ s3: { Encryption: { EncryptionType: '' } } }, 'encryptionType'],
    ])('%j lacks %s', async (job, name) => {
      const reply = await ask(job);
      checkMissing(reply, name);
      checkNoJobHeaders(reply);
    });

    it.each<[job: SelectJobChanges, what: string]>([
      [{ parameters: { ExpressionType: 'sql' } }, 'ExpressionType: sql'],
      [
        { parameters: { Expression: 'SELECT _1 FROM other' } },
        'Expression: at character 16: the only table is archive',
      ],
      [{ parameters: { Expression: SQL.padEnd(128_001) } }, 'Expression: over 128000 characters'],
      [input({ FileHeaderInfo: 'use' }), 'InputSerialization.csv.FileHeaderInfo: use'],
      [input({ Comments: '//' }), 'InputSerialization.csv.Comments: //'],
      [input({ QuoteCharacter: '""' }), 'InputSerialization.csv.QuoteCharacter: ""'],
      [input({ QuoteEscapeCharacter: 'ab' }), 'InputSerialization.csv.QuoteEscapeCharacter: ab'],
      [
        input({ FieldDelimiter: 'x'.repeat(17) }),
        `InputSerialization.csv.FieldDelimiter: ${'x'.repeat(17)}`,
      ],
      [
        input({ RecordDelimiter: 'x'.repeat(17) }),
        `InputSerialization.csv.RecordDelimiter: ${'x'.repeat(17)}`,
      ],
      [
        input({ FieldDelimiter: '\n' }),
        'InputSerialization.csv.FieldDelimiter: \n is also in RecordDelimiter',
      ],
      [output({ QuoteFields: 'always' }), 'OutputSerialization.csv.QuoteFields: always'],
      [output({ QuoteCharacter: '""' }), 'OutputSerialization.csv.QuoteCharacter: ""'],
      [output({ QuoteEscapeCharacter: 'ab' }), 'OutputSerialization.csv.QuoteEscapeCharacter: ab'],
      [
        output({ RecordDelimiter: ',' }),
        'OutputSerialization.csv.FieldDelimiter: , is also in RecordDelimiter',
      ],
      [{ s3: { BucketName: 'Results' } }, 'BucketName: Results'],
      [
        { s3: { BucketName: 'elsewhere' } },
        `BucketName: elsewhere: results of select jobs go to the bucket ${BUCKET}`,
      ],
      [{ s3: { Prefix: 'ä'.repeat(257) } }, `Prefix: ${'ä'.repeat(257)}`],
      [{ s3: { Prefix: 'a/../b' } }, 'Prefix: a/../b'],
      [{ s3: { Prefix: 'a\nb' } }, 'Prefix: a\nb'],
      [{ s3: { Prefix: ' a' } }, 'Prefix:  a'],
      [{ s3: { Prefix: 'レポート' } }, 'Prefix: レポート'],
      [{ s3: { CannedACL: 'public' } }, 'CannedACL: public'],
      [{ s3: { StorageClass: 'GLACIER' } }, 'StorageClass: GLACIER'],
      [{ s3: { Encryption: { EncryptionType: 'aes256' } } }, 'EncryptionType: aes256'],
      [
        { s3: { Encryption: { EncryptionType: 'AES256', KMSKeyId: 'k' } } },
        'KMSKeyId: not allowed with AES256',
      ],
      [
        { s3: { Encryption: { EncryptionType: 'AES256', KMSContext: '{}' } } },
        'KMSContext: not allowed with AES256',
      ],
      [{ s3: { Encryption: { EncryptionType: 'aws:kms', KMSKeyId: 'a b' } } }, 'KMSKeyId: a b'],
      [
        { s3: { Encryption: { EncryptionType: 'aws:kms', KMSContext: '{"a":1}' } } },
        'KMSContext: {"a":1}',
      ],
      [
        {
          s3: { CannedACL: 'private', AccessControlList: [{ Grantee: user, Permission: 'READ' }] },
        },
        'AccessControlList: not allowed together with CannedACL',
      ],
      [grants({ Grantee: user, Permission: 'read' }), 'Permission: read'],
      [grants({ Grantee: { Type: 'User' }, Permission: 'READ' }), 'Grantee.Type: User'],
      [grants({ Grantee: { ...user, ID: 'x", id="y' }, Permission: 'READ' }), 'Grantee: x", id="y'],
      [{ s3: { Tagging: { a: '<' } } }, 'Tagging: a=<'],
      [{ s3: { UserMetadata: { 'a b': 'x' } } }, 'UserMetadata: a b=x'],
      [{ s3: { UserMetadata: { a: 'x\r\ny: z' } } }, 'UserMetadata: a=x\r\ny: z'],
      [{ s3: { UserMetadata: { a: 'x', A: 'y' } } }, 'UserMetadata: a key is repeated'],
      [{ RetrievalByteRange: '0-1048575' }, 'RetrievalByteRange: not allowed for select jobs'],
      [{ Tier: 'standard' }, 'tier: standard'],
      [{ SNSTopic: 'topic' }, 'SNS topic: topic'],
      [{ Description: 'ä' }, 'description: ä'],
    ])('%j is refused: Invalid %s', async (job, what) => {
      const reply = await ask(job);
      checkInvalid(reply, what);
      checkNoJobHeaders(reply);
    });

    it.each<SelectJobChanges>([
      { SelectParameters: 'SELECT' },
      { SelectParameters: [] },
      { parameters: { Expression: 5 } },
      { parameters: { InputSerialization: { csv: [] } } },
      { parameters: { OutputSerialization: 'csv' } },
      { OutputLocation: 's3://bucket/prefix' },
      { OutputLocation: { S3: [] } },
      { s3: { Prefix: 5 } },
      { s3: { AccessControlList: {} } },
      { s3: { Tagging: { a: 1 } } },
      { s3: { Tagging: [] } },
      { s3: { UserMetadata: { a: null } } },
      { s3: { Encryption: 'AES256' } },
    ])('%j has a wrong type', async (job) => {
      checkError(await ask(job), 'SerializationException', /^Invalid JSON: /);
    });

    it('names what is missing before what is invalid, in the order of the reference', async () => {
      const wrong = { parameters: { ExpressionType: 'x' }, s3: { BucketName: 'B', Prefix: '' } };
      const noArchive = { ...wrong, ArchiveId: '', SelectParameters: null, Tier: 'x' };
      checkMissing(await ask(noArchive), 'archiveId');
      checkMissing(await ask({ ...wrong, SelectParameters: null }), 'selectParameters');
      checkMissing(await ask(wrong), 'prefix');
      const expression = {
        parameters: { ExpressionType: 'x' },
        s3: { BucketName: 'B' },
        Tier: 'x',
      };
      checkInvalid(await ask(expression), 'BucketName: B');
      checkInvalid(await ask({ ...expression, s3: {} }), 'ExpressionType: x');
      checkInvalid(await ask({ Tier: 'x', s3: { BucketName: 'elsewhere' } }), 'tier: x');
    });
  });

  describe('refused', () => {
    it('for a vault or an archive that does not exist', async () => {
      const nowhere = uniqueName();
      checkNoVault(await client.postJob(nowhere, selectJob(archiveId, SQL)), client, nowhere);
      for (const unknown of ['A'.repeat(138), await archiveOfAnotherVault()]) {
        const reply = await ask({ ArchiveId: unknown });
        const message = `The archive ID was not found: ${unknown}`;
        checkError(reply, 'ResourceNotFoundException', message);
        checkNoJobHeaders(reply);
      }
    });

    it('for an archive that was deleted', async () => {
      const deleted = await client.uploadArchive(vault, 'a\n');
      await client.deleteArchive(vault, deleted);
      const message = `The archive ID was not found: ${deleted}`;
      checkError(await ask({ ArchiveId: deleted }), 'ResourceNotFoundException', message);
    });

    it('to those whom no policy allows it', async () => {
      const admin = new Admin(client);
      const allow = (Action: string | string[]) => ({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action, Resource: client.arn(vault) }],
      });
      const job = selectJob(archiveId, SQL);
      const reader = await admin.freshUser(allow(['glacier:GetJobOutput', 'glacier:DescribeJob']));
      const refused = await reader.client.postJob(vault, job);
      checkError(
        refused,
        'AccessDeniedException',
        /not authorized to perform: glacier:InitiateJob/,
      );
      checkNoJobHeaders(refused);
      const starter = await admin.freshUser(allow('glacier:InitiateJob'));
      checkEmpty(await starter.client.postJob(vault, job), 202);
      const deny = {
        Effect: 'Deny',
        Principal: { AWS: starter.arn },
        Action: 'glacier:InitiateJob',
        Resource: client.arn(vault),
        Condition: { NumericLessThan: { 'glacier:ArchiveAgeInDays': '30' } },
      };
      const body = JSON.stringify({
        Policy: JSON.stringify({ Version: '2012-10-17', Statement: [deny] }),
      });
      await client.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
      const young = await starter.client.postJob(vault, job);
      checkError(young, 'AccessDeniedException', /explicit deny/);
      await client.expect(204, 'DELETE', `/-/vaults/${vault}/access-policy`);
    });

    it('makes no job', async () => {
      const empty = await client.freshVault();
      await client.postJob(empty, selectJob(archiveId, SQL));
      await client.postJob(empty, selectJob(archiveId, 'SELECT'));
      const reply = await client.expect(200, 'GET', `/-/vaults/${empty}/jobs`);
      expect(reply.json()).toEqual({ JobList: [], Marker: null });
    });
  });

  describe('works', () => {
    it('and says where the results will be', async () => {
      const reply = await ask({ s3: { Prefix: 'logs/2026' } });
      checkEmpty(reply, 202);
      const jobId = reply.header('x-amz-job-id') ?? '';
      expect(jobId).toMatch(JOB_ID);
      expect(reply.header('x-amz-job-output-path')).toBe(`logs/2026/${jobId}/`);
      expect(reply.header('Location')).toBe(`/${server.accountId}/vaults/${vault}/jobs/${jobId}`);
    });

    it('and nothing of it can be downloaded', async () => {
      const jobId = (await ask()).header('x-amz-job-id') ?? '';
      const message = `The job is not currently available for download: ${jobId}`;
      for (const range of [undefined, 'bytes=0-0']) {
        const reply = await client.getJobOutput(vault, jobId, range === undefined ? {} : { range });
        checkError(reply, 'InvalidParameterValueException', message);
      }
    });

    it.each<SelectJobChanges>([
      {
        Description: null,
        Format: null,
        InventoryRetrievalParameters: null,
        RetrievalByteRange: null,
        SNSTopic: null,
        Tier: null,
      },
      { Description: '', RetrievalByteRange: '', SNSTopic: '', Tier: '' },
      { parameters: { InputSerialization: null, OutputSerialization: { csv: null } } },
      { s3: { AccessControlList: null, Encryption: null, Tagging: null, UserMetadata: null } },
      { s3: { CannedACL: '', StorageClass: null } },
    ])('with %j, which are as if they were not there', async (job) => {
      const reply = await ask(job);
      checkEmpty(reply, 202);
      const described = await client.describeJob(vault, reply.header('x-amz-job-id') ?? '');
      expect(described).toMatchObject({ JobDescription: null, SNSTopic: null, Tier: 'Standard' });
    });

    it('with an expression of 128,000 characters of four bytes and the longest prefix', async () => {
      const head = `SELECT * FROM archive WHERE _1 <> '`;
      const long = `${head}${'😀'.repeat((128_000 - head.length - 1) / 2)}'`.padEnd(128_000);
      const Prefix = 'ä'.repeat(256);
      const reply = await ask({ parameters: { Expression: long }, s3: { Prefix } });
      checkEmpty(reply, 202);
      const jobId = reply.header('x-amz-job-id') ?? '';
      expect(reply.header('x-amz-job-output-path')).toBe(`${Prefix}/${jobId}/`);
      const job = await client.describeJob(vault, jobId);
      expect((job.SelectParameters as JsonObject).Expression).toBe(long);
    });
  });
});

async function archiveOfAnotherVault(): Promise<string> {
  return client.uploadArchive(await client.freshVault(), 'a,b\n');
}

describe('where no bucket is configured', () => {
  const plain = useServer({ arguments: ['--retrieval-seconds', HOUR] });
  const message =
    'Select jobs are not supported. This server has no bucket for their results: see its setting select-bucket';

  it('select jobs are refused, after what is wrong with the request', async () => {
    const own = await plain.client.freshVault();
    const archive = await plain.client.uploadArchive(own, 'a\n');
    const reply = await plain.client.postJob(own, selectJob(archive, SQL));
    checkError(reply, 'InvalidParameterValueException', message);
    checkNoJobHeaders(reply);
    const wrong = selectJob(archive, SQL, { parameters: { ExpressionType: 'x' } });
    checkInvalid(await plain.client.postJob(own, wrong), 'ExpressionType: x');
    const jobs = await plain.client.expect(200, 'GET', `/-/vaults/${own}/jobs`);
    expect(jobs.json()).toEqual({ JobList: [], Marker: null });
  });
});

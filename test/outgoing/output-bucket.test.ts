/** The output bucket against a real S3-compatible store. */
import {
  CreateBucketCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OutputLocation } from '../../src/api/select-shapes.ts';
import { OutputBucket } from '../../src/outgoing/output-bucket.ts';
import { ResultWriteError, writeResults } from '../../src/select/result-objects.ts';
import { runSelect } from '../../src/select/run-select.ts';
import { readSelectRequest, type SelectRequest } from '../../src/select/select-request.ts';
import { type Ceph, cephRefusal, KMS_KEY_ID, startCeph } from '../support/ceph.ts';

const BUCKET = 'results';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

if (cephRefusal) console.log(`test/outgoing/output-bucket.test.ts is skipped: ${cephRefusal}.`);

describe.skipIf(cephRefusal)('the output bucket', { timeout: 120_000 }, () => {
  let ceph: Ceph;
  let s3: S3Client;
  let bucket: OutputBucket;

  beforeAll(async () => {
    ceph = await startCeph();
    const { accessKeyId, secretAccessKey } = ceph;
    s3 = new S3Client({
      endpoint: ceph.endpoint.href,
      region: ceph.region,
      credentials: { accessKeyId, secretAccessKey },
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
    bucket = new OutputBucket({ ...ceph, bucket: BUCKET });
  }, 120_000);

  afterAll(async () => {
    await bucket?.close();
    s3?.destroy();
    await ceph?.stop();
  }, 60_000);

  function requestFor(
    expression: string,
    fields: Partial<NonNullable<OutputLocation['S3']>> = {},
  ): SelectRequest {
    return readSelectRequest({
      SelectParameters: { Expression: expression, ExpressionType: 'SQL' },
      OutputLocation: { S3: { BucketName: BUCKET, Prefix: 'select/rückblick', ...fields } },
    });
  }

  const optionsOf = (request: SelectRequest) => ({
    contentType: 'text/csv',
    location: request.location,
  });

  async function textOf(key: string): Promise<string> {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    return (await Body?.transformToString()) ?? '';
  }

  async function* csv() {
    yield Buffer.from('name,amount\nanna,1.10\n"bob, b",2.20\n');
  }

  it('receives the whole output of a job', async () => {
    const request = requestFor("SELECT _1 FROM archive WHERE _2 <> 'amount'");
    const job = { writer: bucket, jobId: 'job-1', request, description: { JobId: 'job-1' } };
    const status = await writeResults({ ...job, pieces: runSelect(csv(), request) });
    expect(status).toBe('Succeeded');
    const path = 'select/rückblick/job-1/';
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: path }));
    expect(listed.Contents?.map(({ Key }) => Key?.slice(path.length))).toEqual([
      'job.txt',
      'result_manifest.txt',
      'results/part-00000',
    ]);
    expect(await textOf(`${path}results/part-00000`)).toBe('anna\n"bob, b"\n');
    expect(JSON.parse(await textOf(`${path}result_manifest.txt`))).toEqual({
      JobId: 'job-1',
      Results: [{ Key: `${path}results/part-00000`, SizeInBytes: 14 }],
    });
    // The same once more, as after a crash.
    expect(await writeResults({ ...job, pieces: runSelect(csv(), request) })).toBe('Succeeded');
    expect(await textOf(`${path}results/part-00000`)).toBe('anna\n"bob, b"\n');
  });

  it('receives the errors of a job', async () => {
    const request = requestFor('SELECT CAST(_2 AS INT) FROM archive');
    const job = { writer: bucket, jobId: 'job-2', request, description: {} };
    const status = await writeResults({ ...job, pieces: runSelect(csv(), request) });
    expect(status).toBe('Failed');
    expect(JSON.parse(await textOf('select/rückblick/job-2/errors/part-00000'))).toEqual({
      ErrorCode: 'CastFailed',
      ErrorMessage: 'Record 1: "amount" (STRING) cannot be cast to INT',
    });
  });

  it('receives a part of 64 MiB as one object', async () => {
    const body = Buffer.alloc(64 * 1024 * 1024, 'row,of,text\n');
    await bucket.put('large', body, optionsOf(requestFor('SELECT * FROM archive')));
    const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'large' }));
    expect(head.ContentLength).toBe(body.length);
    expect(head.ETag).toMatch(/^"[0-9a-f]{32}"$/); // of several parts it would have a dash
  });

  it('relies on a store that compares the MD5', async () => {
    const ContentMD5 = Buffer.alloc(16).toString('base64');
    const command = new PutObjectCommand({ Bucket: BUCKET, Key: 'x', Body: 'x', ContentMD5 });
    await expect(s3.send(command)).rejects.toMatchObject({ name: 'BadDigest' });
  });

  it('keeps type, metadata, tags, class and access', async () => {
    const request = requestFor('SELECT * FROM archive', {
      CannedACL: 'public-read',
      StorageClass: 'STANDARD',
      Tagging: { 'cost centre': 'a + b', owner: 'anna' },
      UserMetadata: { Project: 'rain  gauge' },
    });
    await bucket.put('carried', Buffer.from('x'), optionsOf(request));
    const name = { Bucket: BUCKET, Key: 'carried' };
    const head = await s3.send(new HeadObjectCommand(name));
    expect(head.ContentType).toBe('text/csv');
    expect(head.Metadata).toEqual({ project: 'rain  gauge' });
    const { TagSet } = await s3.send(new GetObjectTaggingCommand(name));
    expect(TagSet).toEqual([
      { Key: 'cost centre', Value: 'a + b' },
      { Key: 'owner', Value: 'anna' },
    ]);
    const { Grants } = await s3.send(new GetObjectAclCommand(name));
    expect(Grants?.map(({ Permission }) => Permission).sort()).toEqual(['FULL_CONTROL', 'READ']);
    expect((await fetch(new URL(`${BUCKET}/carried`, ceph.endpoint))).status).toBe(200);
  });

  it('keeps a list of grants', async () => {
    const group = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers';
    const request = requestFor('SELECT * FROM archive', {
      AccessControlList: [
        { Grantee: { Type: 'CanonicalUser', ID: 'test' }, Permission: 'FULL_CONTROL' },
        { Grantee: { Type: 'Group', URI: group }, Permission: 'READ' },
      ],
    });
    await bucket.put('granted', Buffer.from('x'), optionsOf(request));
    const acl = await s3.send(new GetObjectAclCommand({ Bucket: BUCKET, Key: 'granted' }));
    expect(
      acl.Grants?.map(({ Grantee, Permission }) => [Grantee?.ID ?? Grantee?.URI, Permission]),
    ).toEqual(
      expect.arrayContaining([
        ['test', 'FULL_CONTROL'],
        [group, 'READ'],
      ]),
    );
  });

  it('encrypts with the key that was named', async () => {
    const request = requestFor('SELECT * FROM archive', {
      Encryption: {
        EncryptionType: 'aws:kms',
        KMSKeyId: KMS_KEY_ID,
        KMSContext: '{"project":"rain"}',
      },
    });
    await bucket.put('sealed', Buffer.from('rain'), optionsOf(request));
    const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'sealed' }));
    expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KMS_KEY_ID });
    expect(await textOf('sealed')).toBe('rain');
  });

  it.each([
    ['a bucket that is not there', { bucket: 'nowhere' }, 'NoSuchBucket'],
    ['a wrong secret', { secretAccessKey: 'wrong' }, 'SignatureDoesNotMatch'],
    ['an unknown key', { accessKeyId: 'nobody' }, 'InvalidAccessKeyId'],
  ])('says that %s is refused', async (_what, options, code) => {
    const other = new OutputBucket({ ...ceph, bucket: BUCKET, ...options });
    const put = other.put('x', Buffer.from('x'), optionsOf(requestFor('SELECT * FROM archive')));
    const error = await put.catch((reason: unknown) => reason);
    await other.close();
    expect(error).toBeInstanceOf(ResultWriteError);
    expect(error).toMatchObject({ isRefusal: true, message: expect.stringContaining(code) });
  });
});

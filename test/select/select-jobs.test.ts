/**
 * Select jobs from the request to the objects in the bucket (wire page, section 3.5.6), with a real
 * store. What the results must be is computed here, from the rows.
 */
import { GetObjectTaggingCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { topicArn } from '../notifications/support/notified-server.ts';
import { cephRefusal, KMS_KEY_ID } from '../support/ceph.ts';
import { checkError, checkJson, DATE } from '../support/check.ts';
import type { Client, JsonObject } from '../support/client.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import type { Gate } from './support/gate.ts';
import { decimal, fieldsOf, header, type Row, rowsOf, toCsv } from './support/rows.ts';
import {
  BUCKET,
  completed,
  failureOf,
  type ResultBucket,
  type SelectJobChanges,
  selectJob,
  startSelect,
} from './support/select-jobs.ts';
import { useSelectServer } from './support/use-select-server.ts';

if (cephRefusal) console.log(`test/select/select-jobs.test.ts is skipped: ${cephRefusal}.`);

const rows = rowsOf(1_000);
/** Its records lie across the parts of an upload of 1 MiB each. */
const manyRows = rowsOf(60_000);
const csv = toCsv([header, ...rows.map(fieldsOf)]);
const longCsv = Buffer.from(toCsv([header, ...manyRows.map(fieldsOf)]));
const named = { InputSerialization: { csv: { FileHeaderInfo: 'USE' } } };

describe.skipIf(cephRefusal)('select jobs', { timeout: 120_000 }, () => {
  const used = useSelectServer();
  let client: Client;
  let bucket: ResultBucket;
  let gate: Gate;
  let vault: string;
  let archiveId: string;
  beforeAll(async () => {
    ({ client, bucket, gate, vault } = used());
    archiveId = await client.uploadArchive(vault, csv);
  });
  const select = (expression: string, more: SelectJobChanges = {}) =>
    used().select(archiveId, expression, more);
  const textOf = (expression: string, more: SelectJobChanges = {}) =>
    used().found(archiveId, expression, more);

  describe('find what is asked for', () => {
    const cents = (row: Row) => row.amount;
    const inWien = rows.filter((row) => row.city === 'Wien');
    it.each<[expression: string, expected: () => string]>([
      ['SELECT * FROM archive', () => toCsv(rows.map(fieldsOf))],
      [
        "SELECT s.name, s.id FROM archive s WHERE s.city = 'Wien'",
        () => toCsv(inWien.map(({ name, id }) => [name, String(id)])),
      ],
      [
        "SELECT id FROM archive WHERE CAST(amount AS DECIMAL) > 900.5 AND name LIKE '%a%'",
        () =>
          toCsv(
            rows
              .filter((row) => row.amount > 90_050 && row.name.includes('a'))
              .map(({ id }) => [String(id)]),
          ),
      ],
      [
        'SELECT name FROM archive WHERE CAST(id AS INT) BETWEEN 5 AND 9',
        () => toCsv(rows.slice(5, 10).map(({ name }) => [name])),
      ],
      [
        'SELECT amount FROM archive LIMIT 7',
        () => toCsv(rows.slice(0, 7).map((row) => [decimal(row.amount)])),
      ],
      [
        'SELECT COUNT(*), SUM(CAST(amount AS DECIMAL)), MAX(CAST(id AS INT)) FROM archive',
        () => toCsv([['1000', decimal(rows.map(cents).reduce((sum, it) => sum + it)), '999']]),
      ],
      ["SELECT * FROM archive WHERE name = 'nobody'", () => ''],
    ])('%s', async (expression, expected) => {
      expect(await textOf(expression, { parameters: named })).toBe(expected());
    });

    it('with columns by their place, the header being a record like any other', async () => {
      const expected = toCsv([
        ['amount', 'id'],
        ...rows.map((row) => [decimal(row.amount), String(row.id)]),
      ]);
      expect(await textOf('SELECT _4, _1 FROM archive')).toBe(expected);
    });

    it('in another form of CSV, and write it in a third', async () => {
      const other = "#no row\r\n'a'|'b!'|c'\r\n1|'x|y'\r\n#2|3\r\n4|5\r\n";
      const ArchiveId = await client.uploadArchive(vault, other);
      const parameters = {
        InputSerialization: {
          csv: {
            Comments: '#',
            FieldDelimiter: '|',
            FileHeaderInfo: 'IGNORE',
            QuoteCharacter: "'",
            QuoteEscapeCharacter: '!',
            RecordDelimiter: '\r\n',
          },
        },
        OutputSerialization: {
          csv: {
            FieldDelimiter: ' ; ',
            QuoteCharacter: '*',
            QuoteEscapeCharacter: '\\',
            QuoteFields: 'ALWAYS',
            RecordDelimiter: '<\n',
          },
        },
      };
      expect(await textOf('SELECT _2, _1 FROM archive', { ArchiveId, parameters })).toBe(
        '*x|y* ; *1*<\n*5* ; *4*<\n',
      );
    });

    it('in an archive of parts', async () => {
      const ArchiveId = await client.uploadInParts(vault, longCsv, MIB);
      const expected = toCsv(
        manyRows.filter(({ city }) => city !== 'Graz').map((row) => fieldsOf(row)),
      );
      const found = await textOf("SELECT * FROM archive WHERE city <> 'Graz'", {
        ArchiveId,
        parameters: named,
      });
      expect(treeHash(Buffer.from(found))).toBe(treeHash(Buffer.from(expected)));
    });
  });

  describe('write', () => {
    it('job.txt, the results, the manifest, in this order', async () => {
      const first = gate.requestLines.length;
      const { path, jobId, job } = await select('SELECT _1 FROM archive LIMIT 3');
      expect(gate.requestLines.slice(first)).toEqual(
        ['job.txt', 'results/part-00000', 'result_manifest.txt'].map((name) =>
          expect.stringMatching(`^PUT /${BUCKET}/${path}${name}(\\?\\S*)? HTTP/1.1$`),
        ),
      );
      expect(path).toBe(`out/${jobId}/`);
      expect(await bucket.json(`${path}job.txt`)).toEqual({
        ...job,
        Completed: false,
        CompletionDate: null,
        StatusCode: 'InProgress',
        StatusMessage: null,
      });
      expect(await bucket.json(`${path}result_manifest.txt`)).toEqual({
        JobId: jobId,
        Results: [
          { Key: `${path}results/part-00000`, SizeInBytes: Buffer.byteLength('id\n0\n1\n') },
        ],
      });
    });

    it('no results where there are none', async () => {
      const { path, jobId } = await select('SELECT * FROM archive LIMIT 0');
      expect(await bucket.names(path)).toEqual(['job.txt', 'result_manifest.txt']);
      expect(await bucket.json(`${path}result_manifest.txt`)).toEqual({
        JobId: jobId,
        Results: [],
      });
    });

    it('objects that carry what was asked for, under any prefix', async () => {
      const s3 = {
        CannedACL: 'bucket-owner-full-control',
        Encryption: { EncryptionType: 'aws:kms', KMSKeyId: KMS_KEY_ID },
        Prefix: 'rück/a+b %41&c#d?e=(f)*!\'"',
        StorageClass: 'STANDARD',
        Tagging: { 'cost centre': 'a + b', empty: '' },
        UserMetadata: { Project: 'rain  gauge' },
      };
      const { path, job } = await select('SELECT * FROM archive LIMIT 1', { s3 });
      expect(job).toMatchObject({ StatusCode: 'Succeeded', OutputLocation: { S3: s3 } });
      expect(path.startsWith(`${s3.Prefix}/`)).toBe(true);
      for (const name of ['job.txt', 'results/part-00000', 'result_manifest.txt']) {
        const place = { Bucket: BUCKET, Key: path + name };
        const head = await bucket.s3.send(new HeadObjectCommand(place));
        expect(head).toMatchObject({
          Metadata: { project: 'rain  gauge' },
          ServerSideEncryption: 'aws:kms',
          SSEKMSKeyId: KMS_KEY_ID,
        });
        const { TagSet } = await bucket.s3.send(new GetObjectTaggingCommand(place));
        expect(TagSet).toEqual(Object.entries(s3.Tagging).map(([Key, Value]) => ({ Key, Value })));
      }
    });

    it('what is wrong with the data, and have failed', async () => {
      const first = gate.requestLines.length;
      const { path, jobId, job } = await select('SELECT CAST(_4 AS DECIMAL) FROM archive');
      expect(job).toMatchObject({
        Completed: true,
        CompletionDate: expect.stringMatching(DATE),
        StatusCode: 'Failed',
        StatusMessage: 'Failed',
      });
      const names = ['job.txt', 'errors/part-00000', 'error_manifest.txt'];
      expect(gate.requestLines.slice(first)).toEqual(
        names.map((name) => expect.stringContaining(`/${path}${name}`)),
      );
      expect(await bucket.json(`${path}errors/part-00000`)).toEqual({
        ErrorCode: 'CastFailed',
        ErrorMessage: expect.stringMatching(/^Record 1: "amount" /),
      });
      expect(await bucket.json(`${path}error_manifest.txt`)).toEqual({
        JobId: jobId,
        Errors: [{ Key: `${path}errors/part-00000` }],
        Results: [],
      });
      expect(await failureOf(client, jobId)).toMatch(/errors\//);
    });

    it.each([
      ['bytes that are no text', Buffer.from([0x61, 0xff, 0x0a]), 'InvalidTextEncoding'],
      ['a quote that is not closed', Buffer.from('a,"b\n'), 'CSVParsingError'],
    ])('an error for %s', async (_what, bytes, ErrorCode) => {
      const ArchiveId = await client.uploadArchive(vault, bytes);
      const { path, job } = await select('SELECT * FROM archive', { ArchiveId });
      expect(job.StatusCode).toBe('Failed');
      expect(await bucket.json(`${path}errors/part-00000`)).toMatchObject({ ErrorCode });
    });

    it('beside each other, as many as there are', async () => {
      const jobs = await Promise.all(
        Array.from({ length: 12 }, (_, id) =>
          startSelect(used(), selectJob(archiveId, `SELECT _1 FROM archive WHERE _1 = '${id}'`)),
        ),
      );
      expect(new Set(jobs.map(({ path }) => path)).size).toBe(12);
      for (const [id, { jobId, path }] of jobs.entries()) {
        expect((await completed(used(), jobId)).StatusCode).toBe('Succeeded');
        expect((await bucket.results(path)).toString()).toBe(`${id}\n`);
      }
    });
  });

  describe('describe themselves', () => {
    it('with what was asked for, as it was given, and all other keys', async () => {
      const more = {
        Description: 'who was it',
        SNSTopic: topicArn('nowhere'),
        Tier: 'Bulk',
        parameters: { ...named, OutputSerialization: { csv: { QuoteFields: 'ALWAYS' } } },
        s3: { Tagging: { b: '1', a: '2' }, CannedACL: null },
      };
      const asked = selectJob(archiveId, 'SELECT name FROM archive LIMIT 1', more);
      const { jobId, path } = await startSelect(used(), asked);
      const { CompletionDate, CreationDate } = await completed(used(), jobId);
      for (const date of [CompletionDate, CreationDate]) expect(date).toMatch(DATE);
      const expected = {
        Action: 'Select',
        ArchiveId: archiveId,
        ArchiveSHA256TreeHash: null,
        ArchiveSizeInBytes: Buffer.byteLength(csv),
        Completed: true,
        CompletionDate,
        CreationDate,
        InventoryRetrievalParameters: null,
        InventorySizeInBytes: null,
        JobDescription: 'who was it',
        JobId: jobId,
        JobOutputPath: path,
        OutputLocation: {
          S3: { BucketName: BUCKET, CannedACL: null, Prefix: 'out', Tagging: { a: '2', b: '1' } },
        },
        RetrievalByteRange: null,
        SHA256TreeHash: null,
        SNSTopic: topicArn('nowhere'),
        SelectParameters: {
          Expression: 'SELECT name FROM archive LIMIT 1',
          ExpressionType: 'SQL',
          InputSerialization: { csv: { FileHeaderInfo: 'USE' } },
          OutputSerialization: { csv: { QuoteFields: 'ALWAYS' } },
        },
        StatusCode: 'Succeeded',
        StatusMessage: 'Succeeded',
        Tier: 'Bulk',
        VaultARN: client.arn(vault),
      };
      checkJson(await client.request('GET', `/-/vaults/${vault}/jobs/${jobId}`), expected);
      const listed = await client.expect(200, 'GET', `/-/vaults/${vault}/jobs?limit=1`);
      expect((listed.json() as { JobList: JsonObject[] }).JobList).toEqual([expected]);
    });

    it('and leave jobs of the other types as they are', async () => {
      await startSelect(used(), selectJob(archiveId, 'SELECT * FROM archive'));
      const jobIds = [
        await client.retrievedArchive(vault, archiveId),
        await client.retrievedInventory(vault),
      ];
      const reply = await client.expect(200, 'GET', `/-/vaults/${vault}/jobs`);
      const { JobList } = reply.json() as { JobList: JsonObject[] };
      const keys = ['JobOutputPath', 'OutputLocation', 'SelectParameters'];
      for (const job of JobList) {
        const found = keys.filter((key) => key in job);
        expect(found).toEqual(job.Action === 'Select' ? keys : []);
      }
      expect(JobList.filter(({ JobId }) => jobIds.includes(JobId as string))).toHaveLength(2);
      const [jobId = ''] = jobIds;
      const output = await client.getJobOutput(vault, jobId);
      expect(output.text).toBe(csv);
      expect(output.header('x-amz-sha256-tree-hash')).toBe(treeHash(Buffer.from(csv)));
    });

    it('and are not to be downloaded, whether they succeeded or failed', async () => {
      for (const expression of ['SELECT * FROM archive', 'SELECT CAST(_2 AS INT) FROM archive']) {
        const { jobId } = await select(expression);
        const message = `The job is not currently available for download: ${jobId}`;
        checkError(
          await client.getJobOutput(vault, jobId, { range: 'bytes=0-1' }),
          'InvalidParameterValueException',
          message,
        );
      }
    });
  });
});

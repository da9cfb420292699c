import { describe, expect, it } from 'vitest';
import { checkEmpty, checkError, checkNoVault, JOB_ID } from '../support/check.ts';
import { type JsonObject, uniqueName } from '../support/client.ts';
import { content, SEVEN_MIB_123 } from '../support/content.ts';
import { isRemote } from '../support/server.ts';
import { sha256 } from '../support/sign.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const TOPIC = 'arn:aws:sns:us-west-2:111122223333:glacier-done';
const NEVER_ISSUED = 'A'.repeat(138);

interface Stored {
  readonly vault: string;
  readonly archiveId: string;
}

/** A fresh vault with one archive of 5 bytes. */
async function fresh(): Promise<Stored> {
  const vault = await firn.client.freshVault();
  return { vault, archiveId: await firn.client.uploadArchive(vault, 'hello') };
}

async function postArchiveJob(more: JsonObject) {
  const { vault, archiveId } = await fresh();
  return firn.client.postJob(vault, { Type: 'archive-retrieval', ArchiveId: archiveId, ...more });
}

async function postInventoryJob(more: JsonObject) {
  const { vault } = await fresh();
  return firn.client.postJob(vault, { Type: 'inventory-retrieval', ...more });
}

async function postText(body: string | Uint8Array) {
  const { vault } = await fresh();
  return firn.client.postJob(vault, undefined, { body });
}

function missing(what: string): string {
  return `Required parameter missing: ${what}`;
}

function unknown(archiveId: string): string {
  return `The archive ID was not found: ${archiveId}`;
}

describe('InitiateJob', () => {
  describe('malformed', () => {
    it('refuses an empty body', async () => {
      checkError(await postText(''), 'MissingParameterValueException', missing('Job Parameters'));
    });

    it.each([
      '{',
      'nonsense',
      '{"Type":"inventory-retrieval"',
      '{"Type":"inventory-retrieval"} x',
      "{'Type':'inventory-retrieval'}",
      '{"Type":"inventory-retrieval",}',
      'Type=inventory-retrieval',
    ])('refuses %s, which is no JSON', async (body) => {
      checkError(await postText(body), 'SerializationException', /^Invalid JSON: /);
    });

    it.each(['[]', '"inventory-retrieval"', '12', 'true', '[{"Type":"inventory-retrieval"}]'])(
      'refuses %s, which is no object',
      async (body) => {
        checkError(await postText(body), 'SerializationException', /^Invalid JSON: /);
      },
    );

    it.each([
      { Type: 5 },
      { Type: ['inventory-retrieval'] },
      { Type: 'inventory-retrieval', Description: {} },
      { Type: 'inventory-retrieval', Format: 5 },
      { Type: 'inventory-retrieval', InventoryRetrievalParameters: 'all' },
      { Type: 'inventory-retrieval', InventoryRetrievalParameters: [] },
      { Type: 'inventory-retrieval', InventoryRetrievalParameters: { Limit: true } },
      { Type: 'inventory-retrieval', InventoryRetrievalParameters: { StartDate: 2013 } },
      { Type: 'archive-retrieval', ArchiveId: 5 },
      { Type: 'archive-retrieval', ArchiveId: NEVER_ISSUED, Tier: false },
      { Type: 'archive-retrieval', ArchiveId: NEVER_ISSUED, RetrievalByteRange: {} },
    ])('refuses wrong types: %j', async (job) => {
      const { vault } = await fresh();
      checkError(
        await firn.client.postJob(vault, job),
        'SerializationException',
        /^Invalid JSON: /,
      );
    });

    it.each([
      {},
      { Type: null },
      { Type: '' },
      { type: 'inventory-retrieval' },
      { jobParameters: { Type: 'inventory-retrieval' } },
    ])('refuses a missing Type: %j', async (job) => {
      const { vault } = await fresh();
      const reply = await firn.client.postJob(vault, job);
      checkError(reply, 'MissingParameterValueException', missing('type'));
    });

    it.each(['archive', 'Archive-Retrieval', 'inventory_retrieval', 'INVENTORY-RETRIEVAL'])(
      'refuses the type %s',
      async (type) => {
        const { vault } = await fresh();
        const reply = await firn.client.postJob(vault, { Type: type });
        checkError(reply, 'InvalidParameterValueException', `Invalid job type: ${type}`);
      },
    );

    it.each([{}, { ArchiveId: null }, { ArchiveId: '' }])(
      'refuses a missing ArchiveId: %j',
      async (more) => {
        const { vault } = await fresh();
        const job = { Type: 'archive-retrieval', ...more };
        const reply = await firn.client.postJob(vault, job);
        checkError(reply, 'MissingParameterValueException', missing('archiveId'));
      },
    );

    it('names what is missing before what is invalid', async () => {
      const { vault } = await fresh();
      const job = { Type: 'archive-retrieval', Tier: 'Fast', Description: 'd'.repeat(1025) };
      const reply = await firn.client.postJob(vault, job);
      checkError(reply, 'MissingParameterValueException', missing('archiveId'));
    });

    it.each(['Fast', 'expedited', 'STANDARD'])('refuses the tier %s', async (tier) => {
      const reply = await postArchiveJob({ Tier: tier });
      checkError(reply, 'InvalidParameterValueException', `Invalid tier: ${tier}`);
    });

    it.each(['XML', 'csv', 'Json'])('refuses the format %s', async (format) => {
      const reply = await postInventoryJob({ Format: format });
      checkError(reply, 'InvalidParameterValueException', `Invalid format: ${format}`);
    });

    it.each([
      ['1,025 characters', 'd'.repeat(1025)],
      ['a line break', 'a\nb'],
      ['a letter outside ASCII', 'café'],
    ])('refuses a description with %s', async (_, description) => {
      for (const post of [postArchiveJob, postInventoryJob]) {
        const reply = await post({ Description: description });
        checkError(reply, 'InvalidParameterValueException');
      }
    });

    it.each([
      'topic',
      'arn:aws:sqs:us-west-2:111122223333:glacier-done',
      'arn:aws:sns:us-west-2:111122223333:',
      'arn:aws:sns:us-west-2:1111:glacier-done',
      'arn:aws:sns:us-west-2:111122223333:two words',
      'arn:aws:sns:us-west-2:111122223333:a:b',
      `arn:aws:sns:us-west-2:111122223333:${'t'.repeat(257)}`,
    ])('refuses the topic %s', async (topic) => {
      for (const post of [postArchiveJob, postInventoryJob]) {
        const reply = await post({ SNSTopic: topic });
        checkError(reply, 'InvalidParameterValueException');
      }
    });

    it.each([
      ['RetrievalByteRange', { RetrievalByteRange: '0-4' }],
      ['ArchiveId', { ArchiveId: NEVER_ISSUED }],
    ])('refuses %s with an inventory job', async (_, more) => {
      checkError(await postInventoryJob(more), 'InvalidParameterValueException');
    });

    it.each([
      ['a date that is none', { StartDate: 'yesterday' }],
      ['a day that is none', { StartDate: '2013-02-30T00:00:00Z' }],
      ['an hour that is none', { EndDate: '2013-02-03T25:00:00Z' }],
      ['a date without time', { EndDate: '2013-03-20' }],
      ['a number of seconds', { EndDate: '1363799023' }],
      [
        'StartDate after EndDate',
        { StartDate: '2014-01-01T00:00:00Z', EndDate: '2013-01-01T00:00:00Z' },
      ],
      ['the limit 0', { Limit: '0' }],
      ['the limit 0 as a number', { Limit: 0 }],
      ['a negative limit', { Limit: '-1' }],
      ['half a limit', { Limit: 1.5 }],
      ['a limit that is no number', { Limit: 'many' }],
      ['a marker that is none', { Marker: 'nonsense' }],
    ])('refuses %s', async (_, parameters) => {
      const reply = await postInventoryJob({ InventoryRetrievalParameters: parameters });
      checkError(reply, 'InvalidParameterValueException');
    });

    it.each([
      'abc',
      '0',
      '0-',
      '-5',
      '4-0',
      'bytes=0-4',
      '0-4,8-9',
      '0x0-4',
      ' 0-4',
      '0-4 ',
      '0.0-4',
      '-1-4',
    ])('refuses the byte range "%s"', async (range) => {
      const reply = await postArchiveJob({ RetrievalByteRange: range });
      checkError(reply, 'InvalidParameterValueException', `Invalid byte range: ${range}`);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist, before anything about the body', async () => {
      const vault = uniqueName();
      for (const body of ['{"Type":"inventory-retrieval"}', '', '{}', 'nonsense']) {
        const reply = await firn.client.postJob(vault, undefined, { body });
        checkNoVault(reply, firn.client, vault);
      }
    });

    it('for a vault name with forbidden characters', async () => {
      const reply = await firn.client.postJob('my%20vault', { Type: 'inventory-retrieval' });
      checkError(reply, 'ResourceNotFoundException', 'Vault not found for ARN: my vault');
    });

    it.each(['abc', NEVER_ISSUED])('for the unknown archive %s', async (archiveId) => {
      const reply = await postArchiveJob({ ArchiveId: archiveId });
      checkError(reply, 'ResourceNotFoundException', unknown(archiveId));
    });

    it('for a deleted archive', async () => {
      const { vault, archiveId } = await fresh();
      await firn.client.deleteArchive(vault, archiveId);
      const job = { Type: 'archive-retrieval', ArchiveId: archiveId };
      const reply = await firn.client.postJob(vault, job);
      checkError(reply, 'ResourceNotFoundException', unknown(archiveId));
    });

    it('for an archive of another vault', async () => {
      const { archiveId } = await fresh();
      const reply = await postArchiveJob({ ArchiveId: archiveId });
      checkError(reply, 'ResourceNotFoundException', unknown(archiveId));
    });

    it('by a bad range before an unknown archive', async () => {
      const reply = await postArchiveJob({ ArchiveId: NEVER_ISSUED, RetrievalByteRange: 'abc' });
      checkError(reply, 'InvalidParameterValueException', 'Invalid byte range: abc');
    });

    it('for the inventory of a vault that never had an upload', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const reply = await client.postJob(vault, { Type: 'inventory-retrieval' });
      checkError(
        reply,
        'ResourceNotFoundException',
        `Inventory retrieval jobs for vault ${client.arn(vault)} cannot be initiated yet, as ` +
          'Amazon Glacier has not yet generated an initial inventory for this vault.',
      );
    });

    it('for select', async () => {
      const { vault, archiveId } = await fresh();
      const reply = await firn.client.postJob(vault, {
        Type: 'select',
        ArchiveId: archiveId,
        SelectParameters: {
          Expression: 'SELECT * FROM archive',
          ExpressionType: 'SQL',
          InputSerialization: { csv: { FileHeaderInfo: 'USE' } },
          OutputSerialization: { csv: { QuoteFields: 'ASNEEDED' } },
        },
        OutputLocation: { S3: { BucketName: 'results', Prefix: 'test' } },
      });
      checkError(
        reply,
        'InvalidParameterValueException',
        'Select jobs are not supported. This server has no bucket for their results: see its setting select-bucket',
      );
    });

    it('for another account', async () => {
      const { vault, archiveId } = await fresh();
      const reply = await firn.client.request('POST', `/999999999999/vaults/${vault}/jobs`, {
        body: JSON.stringify({ Type: 'archive-retrieval', ArchiveId: archiveId }),
      });
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });

    it('and no job is made', async () => {
      const { vault } = await fresh();
      const { client } = firn;
      await client.postJob(vault, { Type: 'archive-retrieval', ArchiveId: NEVER_ISSUED });
      await client.postJob(vault, { Type: 'inventory-retrieval', Format: 'XML' });
      const list = await client.request('GET', `/-/vaults/${vault}/jobs`);
      expect(list.json()).toEqual({ JobList: [], Marker: null });
    });
  });

  describe('works', () => {
    it.each([
      ['archive', postArchiveJob],
      ['inventory', postInventoryJob],
    ])('for an %s: id and Location, no body', async (_, post) => {
      const reply = await post({});
      checkEmpty(reply, 202);
      const jobId = reply.header('x-amz-job-id');
      expect(jobId).toMatch(JOB_ID);
      const location = new RegExp(`^/${firn.server.accountId}/vaults/[^/]+/jobs/${jobId}$`);
      expect(reply.header('Location')).toMatch(location);
      expect(reply.header('x-amz-job-output-path')).toBeUndefined();
    });

    it('twice with the same words: two jobs', async () => {
      const { client } = firn;
      const { vault, archiveId } = await fresh();
      const ids = await Promise.all(
        Array.from({ length: 5 }, () => client.retrieveArchive(vault, archiveId)),
      );
      expect(new Set(ids).size).toBe(5);
      for (const jobId of ids) {
        await client.waitForJob(vault, jobId);
        expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
      }
    });

    it.each([
      { Description: null, SNSTopic: null, RetrievalByteRange: null, Tier: null, Format: null },
      { Description: '', SNSTopic: '', RetrievalByteRange: '', Tier: '', Format: '' },
      { InventoryRetrievalParameters: null, SelectParameters: null, OutputLocation: null },
      { Colour: 'red', description: 5 },
      { Format: 'XML' },
    ])('for an archive, with what is absent, empty, unknown or not for it: %j', async (more) => {
      const { client } = firn;
      const { vault, archiveId } = await fresh();
      const jobId = await client.retrievedArchive(vault, archiveId, more);
      expect(await client.describeJob(vault, jobId)).toMatchObject({
        JobDescription: null,
        RetrievalByteRange: '0-4',
        SNSTopic: null,
        Tier: 'Standard',
      });
    });

    it.each([
      { ArchiveId: null, RetrievalByteRange: null, Description: null, SNSTopic: null },
      { RetrievalByteRange: '', Description: '', SNSTopic: '', Tier: '', Format: '' },
      { InventoryRetrievalParameters: null },
      { InventoryRetrievalParameters: {} },
      {
        InventoryRetrievalParameters: {
          StartDate: null,
          EndDate: null,
          Limit: null,
          Marker: null,
        },
      },
      { Tier: 'Bulk' },
    ])('for an inventory, with what is absent, empty or not for it: %j', async (more) => {
      const { client } = firn;
      const { vault } = await fresh();
      const jobId = await client.retrievedInventory(vault, more);
      expect(await client.describeJob(vault, jobId)).toMatchObject({
        InventoryRetrievalParameters: {
          EndDate: null,
          Format: 'JSON',
          Limit: null,
          Marker: null,
          StartDate: null,
        },
        JobDescription: null,
        SNSTopic: null,
        Tier: null,
      });
    });

    it.each(['Expedited', 'Standard', 'Bulk'])('with the tier %s', async (tier) => {
      const { client } = firn;
      const { vault, archiveId } = await fresh();
      const jobId = await client.retrieveArchive(vault, archiveId, { Tier: tier });
      expect(await client.describeJob(vault, jobId)).toMatchObject({ Tier: tier });
    });

    it.each([
      TOPIC,
      `arn:aws:sns:eu-west-1:999999999999:${'t'.repeat(256)}`,
      'arn:aws:sns:us-west-2:111122223333:topic.fifo',
    ])('with the topic %s', async (topic) => {
      checkEmpty(await postArchiveJob({ SNSTopic: topic }), 202);
      checkEmpty(await postInventoryJob({ SNSTopic: topic }), 202);
    });

    it('with a description of 1,024 characters', async () => {
      checkEmpty(await postArchiveJob({ Description: 'd'.repeat(1024) }), 202);
    });

    it.each([
      'application/json',
      'application/x-www-form-urlencoded',
      'application/x-www-form-urlencoded; charset=utf-8',
      'form-data',
      'binary/octet-stream',
      'text/plain',
      undefined,
    ])('with the content type %s', async (type) => {
      const { vault, archiveId } = await fresh();
      const job = { Type: 'archive-retrieval', ArchiveId: archiveId };
      const body = JSON.stringify(job);
      const reply = await firn.client.postJob(vault, job, {
        body,
        headers: { 'Content-Type': type },
        signing: { alsoSign: ['content-type'] },
      });
      checkEmpty(reply, 202);
    });

    it('with white space around the JSON, and escapes in it', async () => {
      const { vault } = await fresh();
      const body = ' \r\n\t{ "Type" : "inventory\\u002dretrieval" }\n';
      checkEmpty(await firn.client.postJob(vault, undefined, { body }), 202);
    });

    it('with a chunked body', async () => {
      const { vault } = await fresh();
      const body = JSON.stringify({ Type: 'inventory-retrieval' });
      const reply = await firn.client.postJob(vault, undefined, {
        body,
        headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
      });
      checkEmpty(reply, 202);
    });

    it('with Expect: 100-continue', async () => {
      const { vault } = await fresh();
      const reply = await firn.client.postJob(
        vault,
        {},
        {
          body: JSON.stringify({ Type: 'inventory-retrieval' }),
          headers: { Expect: '100-continue' },
        },
      );
      checkEmpty(reply, 202);
      expect(reply.continued).toBe(true);
    });

    it('with the hashes of the JSON, as the Go and JS SDKs send them', async () => {
      const { vault } = await fresh();
      const body = JSON.stringify({ Type: 'inventory-retrieval' });
      for (const treeHash of [sha256(body), '', '000']) {
        const reply = await firn.client.postJob(vault, undefined, {
          body,
          headers: { 'x-amz-content-sha256': sha256(body), 'x-amz-sha256-tree-hash': treeHash },
        });
        checkEmpty(reply, 202);
      }
    });
  });
});

describe('InitiateJob with a byte range', () => {
  const { sizeBytes } = SEVEN_MIB_123;
  const stored = { vault: '', archiveId: '' };

  async function post(range: string) {
    if (stored.vault === '') {
      stored.vault = await firn.client.freshVault();
      stored.archiveId = await firn.client.uploadArchive(stored.vault, content(sizeBytes));
    }
    return firn.client.postJob(stored.vault, {
      Type: 'archive-retrieval',
      ArchiveId: stored.archiveId,
      RetrievalByteRange: range,
    });
  }

  it.each([
    '1-1048576',
    '0-1048574',
    '0-1048576',
    '0-7340155',
    '0-8388607',
    '1048575-2097151',
    '1048576-1048576',
    '7340032-7340153',
    '7340032-7340155',
    '8388608-9437183',
    '2097152-1048575',
    '3145728-3145727',
    '99999999999999999999-99999999999999999999',
  ])('refuses %s of 7 MiB + 123', async (range) => {
    const message = `Invalid byte range: ${range}`;
    checkError(await post(range), 'InvalidParameterValueException', message);
  });

  it.each([
    '0-1048575',
    '0-7340154',
    '1048576-3145727',
    '4194304-7340154',
    '7340032-7340154',
    '6291456-7340031',
  ])('takes %s', async (range) => {
    const reply = await post(range);
    checkEmpty(reply, 202);
    const job = await firn.client.describeJob(stored.vault, reply.header('x-amz-job-id') ?? '');
    expect(job.RetrievalByteRange).toBe(range);
  });

  it('takes the whole of a small archive, and nothing else', async () => {
    checkEmpty(await postArchiveJob({ RetrievalByteRange: '0-4' }), 202);
    for (const range of ['0-3', '1-4', '0-5', '4-4', '0-1048575']) {
      const reply = await postArchiveJob({ RetrievalByteRange: range });
      checkError(reply, 'InvalidParameterValueException', `Invalid byte range: ${range}`);
    }
  });
});

describe.skipIf(isRemote)('InitiateJob in profile aws', () => {
  const daily = useServer({ arguments: ['--profile', 'aws'] });

  it('has no inventory before the first was generated', async () => {
    const { client } = daily;
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'hello');
    const reply = await client.postJob(vault, { Type: 'inventory-retrieval' });
    checkError(
      reply,
      'ResourceNotFoundException',
      `Inventory retrieval jobs for vault ${client.arn(vault)} cannot be initiated yet, as ` +
        'Amazon Glacier has not yet generated an initial inventory for this vault.',
    );
  });

  it('retrieves an archive at once by its id, but not quickly', async () => {
    const { client } = daily;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobId = await client.retrieveArchive(vault, archiveId);
    expect(await client.describeJob(vault, jobId)).toMatchObject({ StatusCode: 'InProgress' });
  });
});

/** The whole story with version 2 of the AWS SDK for JavaScript, and what only it has. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { uniqueName } from '../support/client.ts';
import { content, contentVectors } from '../support/content.ts';
import type { Target } from '../support/server.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useOwnServer } from './support/own-server.ts';
import { tellStory } from './support/story.ts';
import type { Fields, StoryClient } from './support/story-client.ts';

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
const { default: Glacier } = await import('aws-sdk/clients/glacier.js');
type Glacier = InstanceType<typeof Glacier>;

/** Every method of the client is an operation, and gives a request that promises an output. */
type Operations = Readonly<Record<string, (input: Fields) => { promise(): Promise<Fields> }>>;

const own = useOwnServer();

function connect({ endpoint, region, accessKeyId, secretAccessKey }: Target): Glacier {
  return new Glacier({ endpoint, region, accessKeyId, secretAccessKey, maxRetries: 0 });
}

function makeClient(target: Target): StoryClient {
  const client = connect(target);
  const operations = client as unknown as Operations;
  return {
    call: async (operation, input) => {
      const method = operation.charAt(0).toLowerCase() + operation.slice(1);
      const output = await operations[method]?.call(client, input).promise();
      if (output === undefined) throw new Error(`the SDK has no ${method}`);
      return output;
    },
    refusal(error) {
      const { code, message, statusCode } = error as {
        code: string;
        message: string;
        statusCode?: number;
      };
      if (statusCode === undefined) throw error;
      return { code, message };
    },
    treeHash: (bytes) => String(client.computeChecksums(bytes).treeHash),
    close: () => undefined,
  };
}

tellStory({ own, makeClient, atOnce: 4 });

describe('aws-sdk version 2', () => {
  let client: Glacier;
  beforeAll(() => {
    client = connect(own.server);
  });

  it('computes the hashes that the server computes', async () => {
    const vaultName = await own.client.freshVault();
    for (const { sizeBytes, treeHash: hash, linearHash } of contentVectors.slice(0, 8)) {
      const bytes = content(sizeBytes);
      expect(client.computeChecksums(bytes)).toEqual({ treeHash: hash, linearHash });
      const output = await client
        .uploadArchive({ accountId: '-', vaultName, body: bytes })
        .promise();
      expect(output.checksum).toBe(hash);
    }
  });

  it('completes parts with the checksum of the whole, sent out of order', async () => {
    const vaultName = await own.client.freshVault();
    const bytes = content(9 * MIB + 5, 43);
    const input = { accountId: '-', vaultName };
    const { uploadId = '' } = await client
      .initiateMultipartUpload({ ...input, partSize: String(4 * MIB) })
      .promise();
    for (const startByte of [8 * MIB, 0, 4 * MIB]) {
      const body = bytes.subarray(startByte, startByte + 4 * MIB);
      const range = `bytes ${startByte}-${startByte + body.length - 1}/*`;
      await client.uploadMultipartPart({ ...input, uploadId, range, body }).promise();
    }
    const { treeHash: checksum } = client.computeChecksums(bytes);
    expect(checksum).toBe(treeHash(bytes));
    const complete = { ...input, uploadId, archiveSize: String(bytes.length), checksum };
    const { archiveId = '' } = await client.completeMultipartUpload(complete).promise();
    const again = await client.completeMultipartUpload(complete).promise();
    expect(again.archiveId).toBe(archiveId);
    const jobId = await own.client.retrievedArchive(vaultName, archiveId);
    const { body } = await client.getJobOutput({ ...input, jobId }).promise();
    expect(bytes.equals(body as Buffer)).toBe(true);
  });

  it('streams the output', async () => {
    const vaultName = await own.client.freshVault();
    const bytes = content(3 * MIB + 1, 47);
    const archiveId = await own.client.uploadArchive(vaultName, bytes);
    const jobId = await own.client.retrievedArchive(vaultName, archiveId);
    const stream = client.getJobOutput({ accountId: '-', vaultName, jobId }).createReadStream();
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(stream, 'end');
    expect(bytes.equals(Buffer.concat(chunks))).toBe(true);
  });

  it('waits until a vault exists, and until it does not', async () => {
    const input = { accountId: '-', vaultName: uniqueName() };
    const waiting = { ...input, $waiter: { delay: 1, maxAttempts: 15 } };
    const exists = client.waitFor('vaultExists', waiting).promise();
    await delay(100);
    await own.client.createVault(input.vaultName);
    expect(await exists).toMatchObject({ VaultName: input.vaultName });
    const gone = client.waitFor('vaultNotExists', waiting).promise();
    await delay(100);
    await client.deleteVault(input).promise();
    await gone;
  });

  it('pages through jobs', async () => {
    const vaultName = await own.client.freshVault();
    const archiveId = await own.client.uploadArchive(vaultName, 'hello');
    const jobIds: string[] = [];
    for (let i = 0; i < 5; i++) {
      jobIds.push(await own.client.retrieveArchive(vaultName, archiveId));
    }
    const pages: (string | undefined)[][] = [];
    await new Promise<void>((resolve, reject) => {
      client.listJobs({ accountId: '-', vaultName, limit: '2' }).eachPage((error, page) => {
        if (error) reject(error);
        else if (page === null) resolve();
        else pages.push((page.JobList ?? []).map((job) => job.JobId));
        return true;
      });
    });
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual(jobIds.reverse());
  });
});

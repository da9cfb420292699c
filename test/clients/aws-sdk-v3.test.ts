/** The whole story with the current AWS SDK for JavaScript, and what only it has. */
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import * as sdk from '@aws-sdk/client-glacier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uniqueName } from '../support/client.ts';
import { content } from '../support/content.ts';
import type { Target } from '../support/server.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useOwnServer } from './support/own-server.ts';
import { tellStory } from './support/story.ts';
import type { StoryClient } from './support/story-client.ts';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const own = useOwnServer();

function connect({ endpoint, region, accessKeyId, secretAccessKey }: Target): sdk.GlacierClient {
  const credentials = { accessKeyId, secretAccessKey };
  return new sdk.GlacierClient({ endpoint, region, credentials, maxAttempts: 1 });
}

/** The classes of all commands, by operation. */
const commands = sdk as unknown as Readonly<
  Record<string, new (input: object) => Parameters<sdk.GlacierClient['send']>[0]>
>;

function makeClient(target: Target): StoryClient {
  const client = connect(target);
  return {
    async call(operation, input) {
      const Command = commands[`${operation}Command`];
      if (Command === undefined) throw new Error(`the SDK has no ${operation}`);
      const output = (await client.send(new Command(input))) as unknown as Record<string, unknown>;
      if (operation !== 'GetJobOutput') return output;
      const body = output.body as { transformToByteArray(): Promise<Uint8Array> };
      return { ...output, body: Buffer.from(await body.transformToByteArray()) };
    },
    refusal(error) {
      if (!(error instanceof sdk.GlacierServiceException)) throw error;
      return { code: error.name, message: error.message };
    },
    treeHash,
    close: () => client.destroy(),
  };
}

tellStory({ own, makeClient, atOnce: 4 });

describe('@aws-sdk/client-glacier', () => {
  let client: sdk.GlacierClient;
  beforeAll(() => {
    client = connect(own.server);
  });
  afterAll(() => client.destroy());
  const freshVault = () => own.client.freshVault();

  it('streams a file up and the output down', async () => {
    const vaultName = await freshVault();
    const bytes = content(5 * MIB + 1, 41);
    const path = join(own.folder, 'archive');
    writeFileSync(path, bytes);
    const { archiveId } = await client.send(
      new sdk.UploadArchiveCommand({ accountId: '-', vaultName, body: createReadStream(path) }),
    );
    const { jobId } = await client.send(
      new sdk.InitiateJobCommand({
        accountId: '-',
        vaultName,
        jobParameters: { Type: 'archive-retrieval', ArchiveId: archiveId },
      }),
    );
    await own.client.waitForJob(vaultName, String(jobId));
    const output = await client.send(
      new sdk.GetJobOutputCommand({ accountId: '-', vaultName, jobId }),
    );
    expect(output.body).toBeInstanceOf(Readable);
    const chunks: Buffer[] = [];
    for await (const chunk of output.body as unknown as Readable) chunks.push(chunk as Buffer);
    expect(chunks.length).toBeGreaterThan(1);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    expect(output.checksum).toBe(treeHash(bytes));
  });

  it('names modelled errors by their class', async () => {
    const missing = client.send(
      new sdk.DescribeVaultCommand({ accountId: '-', vaultName: 'nosuch' }),
    );
    const error = (await missing.catch((thrown: unknown) => thrown)) as sdk.GlacierServiceException;
    expect(error).toBeInstanceOf(sdk.ResourceNotFoundException);
    expect(error.$metadata.httpStatusCode).toBe(404);
    expect(error.$metadata.requestId).toMatch(/^[\w-]{47}$/);
    expect(error).toMatchObject({ code: 'ResourceNotFoundException', type: 'Client' });
    const wrong = client.send(
      new sdk.ListJobsCommand({ accountId: '-', vaultName: await freshVault(), statuscode: 'x' }),
    );
    await expect(wrong).rejects.toThrow(sdk.InvalidParameterValueException);
  });

  it('waits until a vault exists, and until it does not', async () => {
    const vaultName = uniqueName();
    const waiting = { client, maxWaitTime: 15, minDelay: 1, maxDelay: 1 };
    const input = { accountId: '-', vaultName };
    const exists = sdk.waitUntilVaultExists(waiting, input);
    await delay(100);
    await own.client.createVault(vaultName);
    expect(await exists).toMatchObject({ state: 'SUCCESS' });
    const gone = sdk.waitUntilVaultNotExists(waiting, input);
    await delay(100);
    await client.send(new sdk.DeleteVaultCommand(input));
    expect(await gone).toMatchObject({ state: 'SUCCESS' });
  });

  it('pages through vaults', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `paged-${String(i).padStart(2, '0')}`);
    await Promise.all(names.map((name) => own.client.createVault(name)));
    const found: (string | undefined)[] = [];
    let pages = 0;
    for await (const page of sdk.paginateListVaults({ client }, { accountId: '-' })) {
      pages += 1;
      found.push(...(page.VaultList ?? []).map((vault) => vault.VaultName));
    }
    expect(found.filter((name) => name?.startsWith('paged-'))).toEqual(names);
    expect(pages).toBe(Math.ceil(found.length / 10));
  });

  it('pages through uploads, parts and jobs', async () => {
    const vaultName = await freshVault();
    const uploadIds: string[] = [];
    for (let i = 0; i < 3; i++) uploadIds.push(await own.client.initiateUpload(vaultName, MIB));
    const [uploadId = ''] = uploadIds;
    await own.client.uploadParts(vaultName, uploadId, MIB, content(6 * MIB + 1));
    const archiveId = await own.client.uploadArchive(vaultName, 'hello');
    const jobIds: string[] = [];
    for (let i = 0; i < 5; i++) {
      jobIds.push(await own.client.retrieveArchive(vaultName, archiveId));
    }
    // The paginators leave their markers in the input, so each gets its own.
    const input = () => ({ accountId: '-', vaultName });
    const sizes: Record<string, number[]> = { uploads: [], parts: [], jobs: [] };
    const found: Record<string, unknown[]> = { uploads: [], parts: [], jobs: [] };
    const note = (kind: string, items: readonly unknown[] = []): void => {
      sizes[kind]?.push(items.length);
      found[kind]?.push(...items);
    };
    const config = { client, pageSize: 2 };
    for await (const page of sdk.paginateListMultipartUploads(config, input())) {
      note(
        'uploads',
        page.UploadsList?.map((upload) => upload.MultipartUploadId),
      );
    }
    for await (const page of sdk.paginateListParts(config, { ...input(), uploadId })) {
      note(
        'parts',
        page.Parts?.map((part) => part.RangeInBytes),
      );
    }
    for await (const page of sdk.paginateListJobs(config, input())) {
      note(
        'jobs',
        page.JobList?.map((job) => job.JobId),
      );
    }
    expect(sizes).toEqual({ uploads: [2, 1], parts: [2, 2, 2, 1], jobs: [2, 2, 1] });
    expect(new Set(found.uploads)).toEqual(new Set(uploadIds));
    expect(found.jobs).toEqual(jobIds.reverse());
    expect(found.parts?.at(-1)).toBe(`${6 * MIB}-${6 * MIB}`);
  });

  it('takes the longest names, texts and ids', async () => {
    const vaultName = `${'v'.repeat(251)}.-_Z`;
    const text = Array.from({ length: 1024 }, (_, i) => String.fromCharCode(0x21 + (i % 94))).join(
      '',
    );
    const input = { accountId: '-', vaultName };
    await client.send(new sdk.CreateVaultCommand(input));
    const { archiveId = '' } = await client.send(
      new sdk.UploadArchiveCommand({
        ...input,
        body: Buffer.from('hello'),
        archiveDescription: text,
      }),
    );
    const { jobId } = await client.send(
      new sdk.InitiateJobCommand({
        ...input,
        jobParameters: { Type: 'archive-retrieval', ArchiveId: archiveId, Description: text },
      }),
    );
    const job = await client.send(new sdk.DescribeJobCommand({ ...input, jobId }));
    expect(job).toMatchObject({ ArchiveId: archiveId, JobDescription: text });
    await own.client.waitForJob(vaultName, String(jobId));
    const output = await client.send(new sdk.GetJobOutputCommand({ ...input, jobId }));
    expect(output.archiveDescription).toBe(text);
    await client.send(new sdk.DeleteArchiveCommand({ ...input, archiveId }));
    await client.send(new sdk.DeleteVaultCommand(input));
  });
});

/** A small store with one of everything, and all that can be asked about it, to be compared. */
import type { Client, Inventory, JsonObject } from '../../support/client.ts';
import { MIB, treeHash } from '../../support/tree-hash.ts';
import { bytesOf } from './bytes.ts';
import { listAll } from './verify.ts';

export interface Sample {
  readonly vault: string;
  /** Archive id to its bytes. */
  readonly archives: ReadonlyMap<string, Buffer>;
  /** An upload in progress, with its first part replaced and its second part there. */
  readonly uploadId: string;
  readonly completed: { readonly uploadId: string; readonly archiveId: string };
  readonly deletedId: string;
  readonly jobIds: readonly string[];
}

const partSizeBytes = MIB;
export const completedBytes = bytesOf({ number: 104, sizeBytes: 2 * MIB + 9 });

export async function makeSample(client: Client): Promise<Sample> {
  const vault = await client.freshVault('sample');
  const archives = new Map<string, Buffer>();
  for (const [number, sizeBytes] of [1, 300, MIB / 4, MIB / 4 + 1, 3 * MIB].entries()) {
    const bytes = bytesOf({ number, sizeBytes });
    const description = `sample ${number}`;
    archives.set(await client.uploadArchive(vault, bytes, { description }), bytes);
  }
  const completedId = await client.initiateUpload(vault, partSizeBytes, 'in parts');
  await client.uploadParts(vault, completedId, partSizeBytes, completedBytes);
  const reply = await complete(client, vault, completedId);
  const archiveId = reply.header('x-amz-archive-id') ?? '';
  archives.set(archiveId, completedBytes);
  const deletedId = await client.uploadArchive(vault, 'to be deleted');
  await client.deleteArchive(vault, deletedId);
  const uploadId = await client.initiateUpload(vault, partSizeBytes, 'in progress');
  for (const number of [100, 101]) {
    await client.uploadPart(vault, uploadId, 0, bytesOf({ number, sizeBytes: MIB }));
  }
  await client.uploadPart(vault, uploadId, MIB, bytesOf({ number: 102, sizeBytes: 77 }));
  const aborted = await client.initiateUpload(vault, partSizeBytes);
  await client.abortUpload(vault, aborted);
  const jobIds = [await client.retrievedInventory(vault, { Description: 'an inventory' })];
  for (const id of archives.keys()) jobIds.push(await client.retrievedArchive(vault, id));
  return {
    vault,
    archives,
    uploadId,
    completed: { uploadId: completedId, archiveId },
    deletedId,
    jobIds,
  };
}

export function complete(client: Client, vault: string, uploadId: string) {
  const hash = treeHash(completedBytes);
  return client.completeUpload(vault, uploadId, completedBytes.length, hash);
}

/** Everything that the lists and descriptions say, and the bytes of the inventory job. */
export async function describeSample(client: Client, sample: Sample): Promise<JsonObject> {
  const vault = `/-/vaults/${sample.vault}`;
  const [inventoryJob = ''] = sample.jobIds;
  return {
    vaults: await listAll(client, '/-/vaults', 'VaultList'),
    uploads: await listAll(client, `${vault}/multipart-uploads`, 'UploadsList'),
    parts: await listAll(client, `${vault}/multipart-uploads/${sample.uploadId}`, 'Parts'),
    jobs: await listAll(client, `${vault}/jobs`, 'JobList'),
    inventory: (await client.getJobOutput(sample.vault, inventoryJob)).text,
  };
}

/** What is wrong with the sample: archives that are missing, others, or not the bytes that they were. */
export async function problemsOf(client: Client, sample: Sample): Promise<string[]> {
  const problems: string[] = [];
  const { ArchiveList }: Inventory = await client.inventory(sample.vault);
  const listed = new Map(ArchiveList.map((entry) => [entry.ArchiveId, entry.SHA256TreeHash]));
  for (const [archiveId, bytes] of sample.archives) {
    const name = `${archiveId.slice(0, 8)} of ${bytes.length} bytes`;
    if (listed.get(archiveId) !== treeHash(bytes)) problems.push(`${name} is not listed`);
    listed.delete(archiveId);
    const reply = await client.postJob(sample.vault, {
      Type: 'archive-retrieval',
      ArchiveId: archiveId,
    });
    const jobId = reply.header('x-amz-job-id');
    if (jobId === undefined) {
      problems.push(`${name}: ${reply.text}`);
      continue;
    }
    const { StatusCode } = await client.waitForJob(sample.vault, jobId);
    const output = await client.getJobOutput(sample.vault, jobId);
    if (StatusCode !== 'Succeeded' || !output.body.equals(bytes)) {
      problems.push(
        `${name}: ${String(StatusCode)}, ${output.status}, ${output.body.length} bytes`,
      );
    }
  }
  for (const archiveId of listed.keys()) problems.push(`${archiveId} is listed`);
  return problems;
}

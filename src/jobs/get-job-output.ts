/**
 * The operation that everything else exists for: the bytes that went in come out, whole or by range,
 * each MiB compared with its hash before it leaves.
 *
 * Offsets are of the job's output, that is relative to its RetrievalByteRange. The tree hash header
 * is that of exactly the bytes sent, when they are tree-hash aligned in the archive (documented).
 */
import { invalidParameter } from '../api/errors.ts';
import type { OutgoingBytes } from '../api/operations.ts';
import { hashContent, locateContent } from '../archives/locate-content.ts';
import { inventoryWriter, toInventoryItem } from '../inventory/document.ts';
import { renderInventory } from '../inventory/read-inventory.ts';
import { type ByteRange, rangeLength, resolveRangeHeader, wholeRange } from '../lib/byte-range.ts';
import { toInventoryDate } from '../lib/clock.ts';
import { slicePieces } from '../lib/pieces.ts';
import type { Handler, VaultCall } from '../operation.ts';
import { readInOrder } from '../storage/blobs/blob-store.ts';
import { getArchive } from '../storage/metadata/queries/archives.ts';
import type { ArchiveRow, JobRow } from '../storage/metadata/schema.ts';
import { BlobDamagedError } from '../storage/store-errors.ts';
import { arnOfVault } from '../vaults/vault.ts';
import {
  checkArchive,
  checkInventoryDate,
  checkVaultArn,
  includesItem,
  isNarrowing,
  type Narrowing,
} from './narrowing.ts';
import { requireJob } from './require-job.ts';

export const getJobOutput: Handler<'GetJobOutput'> = async (input, call) => {
  const job = await requireJob(call, input.jobId);
  // Of a select job too: its output lies in a bucket (chosen).
  if (job.status !== 'Succeeded' || job.action === 'Select') {
    throw invalidParameter(`The job is not currently available for download: ${job.job_id}`);
  }
  checkVaultArn(input, arnOfVault(call.vault, call.settings.region));
  const output =
    job.action === 'ArchiveRetrieval'
      ? await archiveOutput(call, job, input)
      : await inventoryOutput(call, job, input);
  const range = chooseRange(input.range, output.sizeBytes);
  return {
    acceptRanges: 'bytes',
    contentRange: input.range && `bytes ${range.startByte}-${range.endByte}/${output.sizeBytes}`,
    contentType: output.contentType,
    archiveDescription: output.archiveDescription,
    treeHash: await output.hash(range),
    bytes: { sizeBytes: rangeLength(range), pieces: output.read(range) },
  };
};

/** What a job has made ready: ranges of it can be read. */
interface Output {
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly archiveDescription: string | undefined;
  /** The tree hash to be sent with a range, if any. */
  hash(range: ByteRange): Promise<string | undefined>;
  read(range: ByteRange): OutgoingBytes['pieces'];
}

function chooseRange(header: string | undefined, sizeBytes: number): ByteRange {
  if (header === undefined) return wholeRange(sizeBytes);
  const range = resolveRangeHeader(header, sizeBytes);
  if (!range) throw invalidParameter(`Invalid range: ${header}`);
  return range;
}

async function archiveOutput(call: VaultCall, job: JobRow, narrowing: Narrowing): Promise<Output> {
  const archive = await archiveOf(call, job);
  const jobRange = { startByte: job.start_byte ?? 0, endByte: job.end_byte ?? 0 };
  const sizeBytes = rangeLength(jobRange);
  checkArchive(narrowing, {
    ...toInventoryItem(archive),
    Size: sizeBytes,
    SHA256TreeHash: job.range_tree_hash?.toString('hex') ?? '',
  });
  const inArchive = (range: ByteRange) => ({
    startByte: jobRange.startByte + range.startByte,
    endByte: jobRange.startByte + range.endByte,
  });
  return {
    sizeBytes,
    contentType: 'application/octet-stream',
    archiveDescription: archive.description === '' ? undefined : archive.description,
    hash: async (range) => {
      if (job.range_tree_hash === null) return undefined;
      return (await hashContent(call, archive, inArchive(range)))?.toString('hex');
    },
    read: (range) =>
      readInOrder(call.blobs, locateContent(call.metadata, archive, inArchive(range))),
  };
}

/** Rows of archives stay when they are deleted, and their bytes as long as a job needs them. */
async function archiveOf(call: VaultCall, job: JobRow): Promise<ArchiveRow> {
  const sequence = job.archive_sequence ?? 0;
  const archive = await call.metadata.read((tx) => tx.first(getArchive, { sequence }));
  if (archive) return archive;
  throw new BlobDamagedError(`The archive of job ${job.job_id} is missing`);
}

async function inventoryOutput(
  call: VaultCall,
  job: JobRow,
  narrowing: Narrowing,
): Promise<Output> {
  checkInventoryDate(narrowing, toInventoryDate(job.inventory_date ?? 0));
  const { contentType } = inventoryWriter(job.format);
  const content = isNarrowing(narrowing)
    ? await narrowedDocument(call, job, narrowing)
    : storedDocument(call, job);
  return {
    ...content,
    contentType,
    archiveDescription: undefined,
    hash: async () => undefined,
  };
}

function storedDocument(call: VaultCall, job: JobRow): Pick<Output, 'sizeBytes' | 'read'> {
  const { output_blob_id: blobId, output_tree_hash: treeHash } = job;
  const sizeBytes = job.output_size_bytes ?? 0;
  if (blobId === null || treeHash === null) {
    throw new BlobDamagedError(`The output of job ${job.job_id} is missing`);
  }
  return { sizeBytes, read: (range) => call.blobs.read({ blobId, sizeBytes, treeHash }, range) };
}

/** Rendered twice, once to know its size: the rows of the time are still there. */
async function narrowedDocument(
  call: VaultCall,
  job: JobRow,
  narrowing: Narrowing,
): Promise<Pick<Output, 'sizeBytes' | 'read'>> {
  const render = () =>
    renderInventory(call.metadata, {
      job,
      vaultArn: arnOfVault(call.vault, call.settings.region),
      isIncluded: (item) => includesItem(narrowing, item),
    });
  let sizeBytes = 0;
  for await (const piece of render()) sizeBytes += piece.length;
  return { sizeBytes, read: (range) => slicePieces(render(), range) };
}

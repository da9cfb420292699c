/** Prepares a select job: its results are written to a bucket, and nothing of them is kept here. */
import { GlacierError } from '../api/errors.ts';
import { locateContent } from '../archives/locate-content.ts';
import { describeJob, selectParametersOf } from '../jobs/job.ts';
import { vaultArn } from '../lib/arn.ts';
import { wholeRange } from '../lib/byte-range.ts';
import { untilAborted } from '../lib/pieces.ts';
import type { Service } from '../operation.ts';
import { ResultWriteError, type ResultWriter, writeResults } from '../select/result-objects.ts';
import { runSelect } from '../select/run-select.ts';
import { readSelectRequest } from '../select/select-request.ts';
import { readInOrder } from '../storage/blobs/blob-store.ts';
import { getArchive } from '../storage/metadata/queries/archives.ts';
import { type DueJobRow, findJob } from '../storage/metadata/queries/jobs.ts';
import { BlobDamagedError } from '../storage/store-errors.ts';

/** A bucket that cannot be reached is tried so often, after 1, 2, 4 … seconds. */
const attempts = 6;
const firstPauseMs = 1_000;

/** Why a job has failed, or undefined when its results are written. */
export async function writeSelectResults(
  service: Pick<Service, 'metadata' | 'blobs' | 'clock' | 'settings'>,
  writer: ResultWriter,
  job: DueJobRow,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const outcome = await attemptSelect(service, writer, job, signal);
      return outcome === 'Failed' ? 'The expression failed: see errors/ beside job.txt' : undefined;
    } catch (error) {
      // What was judged when the job was asked for may be judged otherwise by a later version.
      if (error instanceof GlacierError) return error.message;
      if (!(error instanceof ResultWriteError) || signal.aborted) throw error;
      if (error.isRefusal || attempt === attempts) return error.message;
    }
    await service.clock.sleep(firstPauseMs * 2 ** (attempt - 1), signal);
  }
}

async function attemptSelect(
  { metadata, blobs, settings }: Pick<Service, 'metadata' | 'blobs' | 'settings'>,
  writer: ResultWriter,
  job: DueJobRow,
  signal: AbortSignal,
): Promise<'Succeeded' | 'Failed'> {
  const jobId = job.job_id;
  const sequence = job.archive_sequence ?? 0;
  const archive = await metadata.read((tx) => tx.first(getArchive, { sequence }));
  const described = await metadata.read((tx) => tx.first(findJob, { jobId }));
  if (!archive || !described) throw new BlobDamagedError('The archive is missing');
  const { account_id: accountId, vault_name: vaultName } = job;
  const arn = vaultArn({ region: settings.region, accountId, vaultName });
  const request = readSelectRequest(selectParametersOf(job));
  checkBucket(request.location.bucketName, settings.selectBucket);
  const located = locateContent(metadata, archive, wholeRange(archive.size_bytes));
  const bytes = untilAborted(readInOrder(blobs, located), signal);
  const description = describeJob(described, arn);
  const pieces = runSelect(bytes, request);
  return writeResults({ writer, jobId, request, description, pieces, signal });
}

/** The settings may name another bucket than when the job was accepted. */
function checkBucket(bucketName: string, current: string | undefined): void {
  if (bucketName === current) return;
  const message = `The bucket ${bucketName} was asked for, and the server writes to ${current} now`;
  throw new ResultWriteError(message, { isRefusal: true });
}

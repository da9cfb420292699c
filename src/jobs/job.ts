/**
 * A retrieval job: how far it has come, how long it lives, and what it shows of itself.
 *
 * InProgress becomes Succeeded or Failed, once and never back. When its output expires the job is
 * gone (observed: it then answers as if it had never been).
 */
import { type GlacierError, notFound } from '../api/errors.ts';
import type { OutputLocation, SelectParameters } from '../api/select-shapes.ts';
import type { JobDescription } from '../api/shapes.ts';
import { formatByteRange } from '../lib/byte-range.ts';
import { type Milliseconds, toIsoDate } from '../lib/clock.ts';
import type { MarkerKind } from '../lib/marker.ts';
import { resultPath } from '../select/select-request.ts';
import type { DescribedJobRow } from '../storage/metadata/queries/jobs.ts';
import type { JobRow } from '../storage/metadata/schema.ts';

/** Position of a job: its sequence number. */
export const jobMarker: MarkerKind = { kind: 3, numbers: 1, lengthBytes: 69 };

export function jobNotFound(jobId: string): GlacierError {
  return notFound(`The job ID was not found: ${jobId}`);
}

export function isExpired(job: JobRow, now: Milliseconds): boolean {
  return job.expires_at !== null && job.expires_at <= now;
}

/**
 * All keys, whatever the job: boto 2 fails on a missing one (observed). The message of a job in
 * progress is null; of an ended one it is exactly the status, which the Java helper compares.
 */
export function describeJob(job: DescribedJobRow, vaultArn: string): JobDescription {
  const { status } = job;
  const isSelect = job.action === 'Select';
  return {
    Action: job.action,
    ArchiveId: job.archive_id,
    ArchiveSHA256TreeHash: isSelect ? null : hex(job.archive_tree_hash),
    ArchiveSizeInBytes: job.archive_size_bytes,
    Completed: status !== 'InProgress',
    CompletionDate: job.completed_at === null ? null : toIsoDate(job.completed_at),
    CreationDate: toIsoDate(job.created_at),
    InventoryRetrievalParameters: describeInventoryParameters(job),
    InventorySizeInBytes: job.output_size_bytes,
    JobDescription: job.description,
    JobId: job.job_id,
    RetrievalByteRange: describeRange(job),
    SHA256TreeHash: hex(job.range_tree_hash),
    SNSTopic: job.sns_topic,
    StatusCode: status,
    StatusMessage: status === 'InProgress' ? null : status,
    Tier: job.tier,
    VaultARN: vaultArn,
    ...(isSelect && describeSelect(job)),
  };
}

function describeSelect(job: JobRow) {
  const parameters = selectParametersOf(job);
  const prefix = parameters.OutputLocation.S3?.Prefix ?? '';
  return { JobOutputPath: resultPath(prefix, job.job_id), ...parameters };
}

/** What a select job was asked for, as it was given. */
export function selectParametersOf(job: JobRow) {
  return {
    OutputLocation: JSON.parse(job.output_location ?? '{}') as OutputLocation,
    SelectParameters: JSON.parse(job.select_parameters ?? '{}') as SelectParameters,
  };
}

function describeInventoryParameters(job: JobRow): JobDescription['InventoryRetrievalParameters'] {
  if (job.format === null) return null;
  return {
    EndDate: job.end_date,
    Format: job.format,
    Limit: job.item_limit,
    Marker: job.next_marker,
    StartDate: job.start_date,
  };
}

function describeRange({ start_byte: startByte, end_byte: endByte }: JobRow): string | null {
  return startByte === null || endByte === null ? null : formatByteRange({ startByte, endByte });
}

function hex(hash: Buffer | null): string | null {
  return hash?.toString('hex') ?? null;
}

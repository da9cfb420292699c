/** The job that a call names. */
import type { VaultCall } from '../operation.ts';
import { type DescribedJobRow, findJob } from '../storage/metadata/queries/jobs.ts';
import { isExpired, jobNotFound } from './job.ts';

/** @throws GlacierError 404 when it is unknown, expired, or another vault's */
export async function requireJob(call: VaultCall, jobId: string): Promise<DescribedJobRow> {
  const job = await call.metadata.read((tx) => tx.first(findJob, { jobId }));
  const isHere = job?.vault_sequence === call.vault.sequence;
  if (job && isHere && !isExpired(job, call.clock.now())) return job;
  throw jobNotFound(jobId);
}

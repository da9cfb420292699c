import { invalidParameter } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import { cutPage, readPosition } from '../lib/page.ts';
import type { Handler } from '../operation.ts';
import { listJobs as query } from '../storage/metadata/queries/jobs.ts';
import { arnOfVault } from '../vaults/vault.ts';
import { describeJob, jobMarker } from './job.ts';

/** Jobs that have not expired, newest first (observed). */
export const listJobs: Handler<'ListJobs'> = async (input, call) => {
  const { vault } = call;
  const limit = input.limit ?? limits.itemsPerPage;
  const beforeSequence = readPosition(jobMarker, input.marker, Number.MAX_SAFE_INTEGER);
  if (beforeSequence === undefined) throw invalidParameter(`Invalid marker: ${input.marker}`);
  const jobs = await call.metadata.read((tx) =>
    tx.all(query, {
      vaultSequence: vault.sequence,
      beforeSequence,
      now: call.clock.now(),
      status: input.statusCode ?? null,
      isCompleted: input.completed === undefined ? null : Number(input.completed),
      limit: limit + 1,
    }),
  );
  const page = cutPage(jobs, limit, jobMarker, (job) => job.sequence);
  const arn = arnOfVault(vault, call.settings.region);
  return { body: { JobList: page.rows.map((job) => describeJob(job, arn)), Marker: page.marker } };
};

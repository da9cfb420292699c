/** Retrieval jobs, from the request until their output has expired. */
import { sql } from 'kysely';
import { query } from '../query.ts';
import type { JobRow, VaultRow } from '../schema.ts';

/** A literal, not a parameter: the partial index is found only by it. */
const inProgress = sql.lit('InProgress');

/** A job with what its description says of the archive; null for an inventory. */
export type DescribedJobRow = JobRow & {
  archive_id: string | null;
  archive_size_bytes: number | null;
  archive_tree_hash: Buffer | null;
};

const archiveColumns = [
  'archives.archive_id',
  'archives.size_bytes as archive_size_bytes',
  'archives.tree_hash as archive_tree_hash',
] as const;

export const findJob = query<{ jobId: string }, DescribedJobRow>((schema, p) =>
  schema
    .selectFrom('jobs')
    .leftJoin('archives', 'archives.sequence', 'jobs.archive_sequence')
    .selectAll('jobs')
    .select(archiveColumns)
    .where('jobs.job_id', '=', p.jobId),
);

/**
 * Jobs of a vault, newest first, from the one before `beforeSequence`, which have not expired at
 * `now`. A filter that is null does not apply.
 */
export const listJobs = query<
  {
    vaultSequence: number;
    beforeSequence: number;
    now: number;
    status: string | null;
    isCompleted: number | null;
    limit: number;
  },
  DescribedJobRow
>((schema, p) =>
  schema
    .selectFrom('jobs')
    .leftJoin('archives', 'archives.sequence', 'jobs.archive_sequence')
    .selectAll('jobs')
    .select(archiveColumns)
    .where('jobs.vault_sequence', '=', p.vaultSequence)
    .where('jobs.sequence', '<', p.beforeSequence)
    .where((eb) => eb.or([eb('jobs.expires_at', 'is', null), eb('jobs.expires_at', '>', p.now)]))
    .where(sql<boolean>`(${p.status} is null or jobs.status = ${p.status})`)
    .where(
      sql<boolean>`(${p.isCompleted} is null or ${p.isCompleted} = (case when jobs.status = 'InProgress' then 0 else 1 end))`,
    )
    .orderBy('jobs.sequence', 'desc')
    .limit(p.limit),
);

/** A job that may complete now, with the vault it belongs to; jobs of deleted vaults are left out. */
export type DueJobRow = JobRow & Pick<VaultRow, 'account_id' | 'vault_name'>;

/** Select jobs, or all others: what waits for somebody else's store does not hold up the rest. */
export const listDueJobs = query<{ now: number; isSelect: number; limit: number }, DueJobRow>(
  (schema, p) =>
    schema
      .selectFrom('jobs')
      .innerJoin('vaults', 'vaults.sequence', 'jobs.vault_sequence')
      .selectAll('jobs')
      .select(['vaults.account_id', 'vaults.vault_name'])
      .where('jobs.status', '=', inProgress as never)
      .where('jobs.not_before', '<=', p.now)
      .where(sql<boolean>`(jobs.action = 'Select') = ${p.isSelect}`)
      .where('vaults.deleted_sequence', 'is', null)
      .orderBy('jobs.not_before')
      .orderBy('jobs.sequence')
      .limit(p.limit),
);

export const listExpiredJobs = query<{ now: number; limit: number }, JobRow>((schema, p) =>
  schema
    .selectFrom('jobs')
    .selectAll()
    .where('expires_at', '<=', p.now)
    .orderBy('expires_at')
    .limit(p.limit),
);

/** Jobs whose vault was deleted go with it. */
export const listJobsOfDeletedVaults = query<{ limit: number }, JobRow>((schema, p) =>
  schema
    .selectFrom('jobs')
    .selectAll()
    .where('vault_sequence', 'in', (eb) =>
      eb.selectFrom('vaults').select('sequence').where('deleted_sequence', 'is not', null),
    )
    .limit(p.limit),
);

export const insertJob = query<
  Omit<
    JobRow,
    | 'status'
    | 'completed_at'
    | 'expires_at'
    | 'next_marker'
    | 'output_blob_id'
    | 'output_size_bytes'
    | 'output_tree_hash'
  >,
  never
>((schema, p) =>
  schema.insertInto('jobs').values({
    sequence: p.sequence,
    job_id: p.job_id,
    vault_sequence: p.vault_sequence,
    action: p.action,
    description: p.description,
    sns_topic: p.sns_topic,
    created_at: p.created_at,
    not_before: p.not_before,
    status: 'InProgress',
    archive_sequence: p.archive_sequence,
    start_byte: p.start_byte,
    end_byte: p.end_byte,
    tier: p.tier,
    range_tree_hash: p.range_tree_hash,
    format: p.format,
    start_date: p.start_date,
    end_date: p.end_date,
    item_limit: p.item_limit,
    select_parameters: p.select_parameters,
    output_location: p.output_location,
    up_to_sequence: p.up_to_sequence,
    inventory_date: p.inventory_date,
    after_sequence: p.after_sequence,
  }),
);

export const completeJob = query<
  Pick<
    JobRow,
    | 'job_id'
    | 'status'
    | 'completed_at'
    | 'expires_at'
    | 'next_marker'
    | 'output_blob_id'
    | 'output_size_bytes'
    | 'output_tree_hash'
  >,
  never
>((schema, p) =>
  schema
    .updateTable('jobs')
    .set({
      status: p.status,
      completed_at: p.completed_at,
      expires_at: p.expires_at,
      next_marker: p.next_marker,
      output_blob_id: p.output_blob_id,
      output_size_bytes: p.output_size_bytes,
      output_tree_hash: p.output_tree_hash,
    })
    .where('job_id', '=', p.job_id),
);

export const deleteJob = query<{ jobId: string }, never>((schema, p) =>
  schema.deleteFrom('jobs').where('job_id', '=', p.jobId),
);

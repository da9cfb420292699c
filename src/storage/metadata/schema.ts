/**
 * The rows that the journal is shown as.
 *
 * A row is known by the sequence number of the entry that made it: short, unique over the whole
 * store, and a pointer to who did it and when. Times are milliseconds since 1970, sizes are bytes,
 * hashes are 32 raw bytes. Nothing here is the only copy of anything: when these definitions change,
 * `viewVersion` does too, and the view is built anew from the journal.
 */
import { type Kysely, sql } from 'kysely';
import type { AccessKeyStatus } from './entries.ts';

export const viewVersion = 4;

export interface AccountRow {
  account_id: string;
  created_at: number;
}

export interface UserRow {
  account_id: string;
  user_name: string;
  user_id: string;
  created_at: number;
}

/** Identity policies: JSON, as they were set. */
export interface UserPolicyRow {
  account_id: string;
  user_name: string;
  policy_name: string;
  policy: string;
}

export interface AccessKeyRow {
  access_key_id: string;
  account_id: string;
  /** null: the root's. */
  user_name: string | null;
  sealed_secret: string;
  status: AccessKeyStatus;
  created_at: number;
  /** Of temporary credentials: SHA-256 of the session token (hex), and when they end. */
  token_hash: string | null;
  expires_at: number | null;
}

export interface VaultRow {
  sequence: number;
  account_id: string;
  vault_name: string;
  created_at: number;
  /** As of now, not of the last inventory. */
  number_of_archives: number;
  size_bytes: number;
  /** When and by which entry an archive was last stored or deleted. */
  written_at: number | null;
  written_sequence: number | null;
  /** The last inventory: when, up to which entry, and what it counted. */
  inventory_at: number | null;
  inventory_sequence: number | null;
  inventory_number_of_archives: number;
  inventory_size_bytes: number;
  notification_topic: string | null;
  /** Names of events with commas between them. */
  notification_events: string | null;
  access_policy: string | null;
  lock_policy: string | null;
  lock_state: 'InProgress' | 'Locked' | null;
  lock_id: string | null;
  /** When the trial began: on the wall clock, and on the clock that it is judged by. */
  lock_created_at: number | null;
  lock_created_lock_time: number | null;
  deleted_sequence: number | null;
}

export interface TagRow {
  vault_sequence: number;
  tag_key: string;
  tag_value: string;
}

/** How much an account may retrieve. Accounts without a row are not limited. */
export interface RetrievalPolicyRow {
  account_id: string;
  strategy: string;
  bytes_per_hour: string | null;
}

/** Bytes that standard retrievals have asked for on a day (UTC, `2026-01-05`). */
export interface RetrievalUsageRow {
  account_id: string;
  day: string;
  size_bytes: number;
}

export interface CapacityRow {
  sequence: number;
  capacity_id: string;
  account_id: string;
  started_at: number;
  expires_at: number;
}

export interface ArchiveRow {
  sequence: number;
  archive_id: string;
  vault_sequence: number;
  description: string;
  created_at: number;
  /** The same moment on the clock that retention is judged by. */
  created_lock_time: number;
  size_bytes: number;
  tree_hash: Buffer;
  /** The archive's bytes, or null when they are the parts of the upload. */
  blob_id: string | null;
  upload_sequence: number | null;
  deleted_sequence: number | null;
}

export interface UploadRow {
  sequence: number;
  upload_id: string;
  vault_sequence: number;
  description: string;
  part_size_bytes: number;
  created_at: number;
  /** Initiation or the last part: what keeps an upload alive. */
  active_at: number;
  state: 'InProgress' | 'Completed' | 'Aborted' | 'Expired';
  ended_at: number | null;
  /** What a completed upload became. */
  archive_id: string | null;
}

export interface PartRow {
  upload_sequence: number;
  start_byte: number;
  size_bytes: number;
  tree_hash: Buffer;
  blob_id: string;
}

export interface JobRow {
  sequence: number;
  job_id: string;
  vault_sequence: number;
  action: 'ArchiveRetrieval' | 'InventoryRetrieval';
  description: string | null;
  sns_topic: string | null;
  created_at: number;
  not_before: number;
  status: 'InProgress' | 'Succeeded' | 'Failed';
  completed_at: number | null;
  expires_at: number | null;
  archive_sequence: number | null;
  start_byte: number | null;
  end_byte: number | null;
  /** Tree hash of the range; null when it has none. */
  range_tree_hash: Buffer | null;
  tier: string | null;
  format: string | null;
  start_date: string | null;
  end_date: string | null;
  item_limit: string | null;
  up_to_sequence: number | null;
  inventory_date: number | null;
  after_sequence: number | null;
  next_marker: string | null;
  output_blob_id: string | null;
  output_size_bytes: number | null;
  output_tree_hash: Buffer | null;
}

/** Blobs that nothing names any more; removed after a while, unless a job's output needs them. */
export interface ReleasedBlobRow {
  blob_id: string;
  released_at: number;
  archive_sequence: number | null;
}

/** One row: how far into the journal the view has come. */
export interface ProgressRow {
  id: 1;
  sequence: number;
  lock_time: number;
  file_number: number;
  line_start_byte: number;
  line_end_byte: number;
  hash: string;
}

export interface Schema {
  accounts: AccountRow;
  users: UserRow;
  user_policies: UserPolicyRow;
  access_keys: AccessKeyRow;
  vaults: VaultRow;
  tags: TagRow;
  retrieval_policies: RetrievalPolicyRow;
  retrieval_usage: RetrievalUsageRow;
  capacity: CapacityRow;
  archives: ArchiveRow;
  uploads: UploadRow;
  parts: PartRow;
  jobs: JobRow;
  released_blobs: ReleasedBlobRow;
  progress: ProgressRow;
}

/** The statements that make an empty view, for the engine of `schema`. */
export function createViewStatements(schema: Kysely<Schema>): string[] {
  const build = schema.schema;
  const statements = [
    build
      .createTable('accounts')
      .addColumn('account_id', 'text', (c) => c.primaryKey())
      .addColumn('created_at', 'bigint', (c) => c.notNull()),
    build
      .createTable('users')
      .addColumn('account_id', 'text', (c) => c.notNull())
      .addColumn('user_name', 'text', (c) => c.notNull())
      .addColumn('user_id', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('users_key', ['account_id', 'user_name']),
    build
      .createTable('user_policies')
      .addColumn('account_id', 'text', (c) => c.notNull())
      .addColumn('user_name', 'text', (c) => c.notNull())
      .addColumn('policy_name', 'text', (c) => c.notNull())
      .addColumn('policy', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('user_policies_key', ['account_id', 'user_name', 'policy_name']),
    build
      .createTable('access_keys')
      .addColumn('access_key_id', 'text', (c) => c.primaryKey())
      .addColumn('account_id', 'text', (c) => c.notNull())
      .addColumn('user_name', 'text')
      .addColumn('sealed_secret', 'text', (c) => c.notNull())
      .addColumn('status', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('token_hash', 'text')
      .addColumn('expires_at', 'bigint'),
    build.createIndex('access_keys_by_user').on('access_keys').columns(['account_id', 'user_name']),
    build
      .createTable('vaults')
      .addColumn('sequence', 'integer', (c) => c.primaryKey())
      .addColumn('account_id', 'text', (c) => c.notNull())
      .addColumn('vault_name', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('number_of_archives', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('size_bytes', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('written_at', 'bigint')
      .addColumn('written_sequence', 'bigint')
      .addColumn('inventory_at', 'bigint')
      .addColumn('inventory_sequence', 'bigint')
      .addColumn('inventory_number_of_archives', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('inventory_size_bytes', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('notification_topic', 'text')
      .addColumn('notification_events', 'text')
      .addColumn('access_policy', 'text')
      .addColumn('lock_policy', 'text')
      .addColumn('lock_state', 'text')
      .addColumn('lock_id', 'text')
      .addColumn('lock_created_at', 'bigint')
      .addColumn('lock_created_lock_time', 'bigint')
      .addColumn('deleted_sequence', 'bigint'),
    build
      .createIndex('vaults_by_name')
      .on('vaults')
      .columns(['account_id', 'vault_name'])
      .unique()
      .where(sql.ref('deleted_sequence'), 'is', null),
    build
      .createTable('tags')
      .addColumn('vault_sequence', 'bigint', (c) => c.notNull())
      .addColumn('tag_key', 'text', (c) => c.notNull())
      .addColumn('tag_value', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('tags_key', ['vault_sequence', 'tag_key']),
    build
      .createTable('retrieval_policies')
      .addColumn('account_id', 'text', (c) => c.primaryKey())
      .addColumn('strategy', 'text', (c) => c.notNull())
      .addColumn('bytes_per_hour', 'text'),
    build
      .createTable('retrieval_usage')
      .addColumn('account_id', 'text', (c) => c.notNull())
      .addColumn('day', 'text', (c) => c.notNull())
      .addColumn('size_bytes', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('retrieval_usage_key', ['account_id', 'day']),
    build
      .createTable('capacity')
      .addColumn('sequence', 'integer', (c) => c.primaryKey())
      .addColumn('capacity_id', 'text', (c) => c.notNull())
      .addColumn('account_id', 'text', (c) => c.notNull())
      .addColumn('started_at', 'bigint', (c) => c.notNull())
      .addColumn('expires_at', 'bigint', (c) => c.notNull()),
    build
      .createTable('archives')
      .addColumn('sequence', 'integer', (c) => c.primaryKey())
      .addColumn('archive_id', 'text', (c) => c.notNull().unique())
      .addColumn('vault_sequence', 'bigint', (c) => c.notNull())
      .addColumn('description', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('created_lock_time', 'bigint', (c) => c.notNull())
      .addColumn('size_bytes', 'bigint', (c) => c.notNull())
      .addColumn('tree_hash', 'blob', (c) => c.notNull())
      .addColumn('blob_id', 'text')
      .addColumn('upload_sequence', 'bigint')
      .addColumn('deleted_sequence', 'bigint'),
    build.createIndex('archives_by_vault').on('archives').columns(['vault_sequence', 'sequence']),
    build
      .createTable('uploads')
      .addColumn('sequence', 'integer', (c) => c.primaryKey())
      .addColumn('upload_id', 'text', (c) => c.notNull().unique())
      .addColumn('vault_sequence', 'bigint', (c) => c.notNull())
      .addColumn('description', 'text', (c) => c.notNull())
      .addColumn('part_size_bytes', 'bigint', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('active_at', 'bigint', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull())
      .addColumn('ended_at', 'bigint')
      .addColumn('archive_id', 'text'),
    build
      .createIndex('uploads_in_progress')
      .on('uploads')
      .columns(['vault_sequence', 'sequence'])
      .where(sql.ref('state'), '=', 'InProgress'),
    build
      .createTable('parts')
      .addColumn('upload_sequence', 'bigint', (c) => c.notNull())
      .addColumn('start_byte', 'bigint', (c) => c.notNull())
      .addColumn('size_bytes', 'bigint', (c) => c.notNull())
      .addColumn('tree_hash', 'blob', (c) => c.notNull())
      .addColumn('blob_id', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('parts_key', ['upload_sequence', 'start_byte']),
    build
      .createTable('jobs')
      .addColumn('sequence', 'integer', (c) => c.primaryKey())
      .addColumn('job_id', 'text', (c) => c.notNull().unique())
      .addColumn('vault_sequence', 'bigint', (c) => c.notNull())
      .addColumn('action', 'text', (c) => c.notNull())
      .addColumn('description', 'text')
      .addColumn('sns_topic', 'text')
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('not_before', 'bigint', (c) => c.notNull())
      .addColumn('status', 'text', (c) => c.notNull())
      .addColumn('completed_at', 'bigint')
      .addColumn('expires_at', 'bigint')
      .addColumn('archive_sequence', 'bigint')
      .addColumn('start_byte', 'bigint')
      .addColumn('end_byte', 'bigint')
      .addColumn('range_tree_hash', 'blob')
      .addColumn('tier', 'text')
      .addColumn('format', 'text')
      .addColumn('start_date', 'text')
      .addColumn('end_date', 'text')
      .addColumn('item_limit', 'text')
      .addColumn('up_to_sequence', 'bigint')
      .addColumn('inventory_date', 'bigint')
      .addColumn('after_sequence', 'bigint')
      .addColumn('next_marker', 'text')
      .addColumn('output_blob_id', 'text')
      .addColumn('output_size_bytes', 'bigint')
      .addColumn('output_tree_hash', 'blob'),
    build.createIndex('jobs_by_vault').on('jobs').columns(['vault_sequence', 'sequence']),
    build
      .createIndex('jobs_in_progress')
      .on('jobs')
      .columns(['not_before', 'sequence'])
      .where(sql.ref('status'), '=', 'InProgress'),
    build.createIndex('jobs_by_archive').on('jobs').column('archive_sequence'),
    build.createIndex('jobs_by_expiry').on('jobs').column('expires_at'),
    build
      .createTable('released_blobs')
      .addColumn('blob_id', 'text', (c) => c.primaryKey())
      .addColumn('released_at', 'bigint', (c) => c.notNull())
      .addColumn('archive_sequence', 'bigint'),
    build.createIndex('released_blobs_by_age').on('released_blobs').column('released_at'),
    build
      .createTable('progress')
      .addColumn('id', 'integer', (c) => c.primaryKey())
      .addColumn('sequence', 'bigint', (c) => c.notNull())
      .addColumn('lock_time', 'bigint', (c) => c.notNull())
      .addColumn('file_number', 'bigint', (c) => c.notNull())
      .addColumn('line_start_byte', 'bigint', (c) => c.notNull())
      .addColumn('line_end_byte', 'bigint', (c) => c.notNull())
      .addColumn('hash', 'text', (c) => c.notNull()),
  ];
  return statements.map((statement) => statement.compile().sql);
}

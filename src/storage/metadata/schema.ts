/**
 * The rows that the journal is shown as.
 *
 * A row is known by the sequence number of the entry that made it: short, unique over the whole
 * store, and a pointer to who did it and when. Times are milliseconds since 1970, sizes are bytes,
 * hashes are 32 raw bytes. Nothing here is the only copy of anything: when these definitions change,
 * `viewVersion` does too, and the view is built anew from the journal.
 */
import type { AccessKeyStatus, JobAction } from './entries.ts';

export const viewVersion = 11;

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
  /** When an archive was stored for the first time. */
  first_written_at: number | null;
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
  /** See `row-seal.ts`; null for no longer than it takes to apply an entry. */
  seal: Buffer | null;
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
  seal: Buffer;
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
  action: JobAction;
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
  /** JSON, as they were given. */
  select_parameters: string | null;
  output_location: string | null;
  up_to_sequence: number | null;
  inventory_date: number | null;
  after_sequence: number | null;
  next_marker: string | null;
  output_blob_id: string | null;
  output_size_bytes: number | null;
  output_tree_hash: Buffer | null;
}

/** The outbox: notifications that no receiver has taken yet. */
export interface NotificationRow {
  sequence: number;
  notification_id: string;
  job_id: string;
  topic_arn: string;
  message: string;
  created_at: number;
}

/** One row, once there is one. */
export interface SigningCertificateRow {
  id: 1;
  certificate: string;
  sealed_private_key: string;
}

/** Blobs that nothing names any more; removed after a while, unless a job's output needs them. */
export interface ReleasedBlobRow {
  blob_id: string;
  released_at: number;
  archive_sequence: number | null;
}

/** One row, on a store with a test clock: how far it is from the real one, or where it stands. */
export interface ClockRow {
  id: 1;
  offset_ms: number;
  frozen_at: number | null;
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
  /** Of the seals of all vaults, in hex. */
  vault_digest: string;
  seal: Buffer;
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
  notifications: NotificationRow;
  signing_certificate: SigningCertificateRow;
  released_blobs: ReleasedBlobRow;
  clock: ClockRow;
  progress: ProgressRow;
}

/** The tables and indexes of the view. Who changes them changes `viewVersion` in `schema.ts`. */
import { type Kysely, sql } from 'kysely';
import type { Schema } from './schema.ts';

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
      .addColumn('first_written_at', 'bigint')
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
      .addColumn('deleted_sequence', 'bigint')
      .addColumn('seal', 'blob'),
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
      .addColumn('deleted_sequence', 'bigint')
      .addColumn('seal', 'blob', (c) => c.notNull()),
    build.createIndex('archives_by_vault').on('archives').columns(['vault_sequence', 'sequence']),
    build.createIndex('archives_by_blob').on('archives').column('blob_id'),
    build
      .createIndex('archives_by_upload')
      .on('archives')
      .column('upload_sequence')
      .where(sql.ref('upload_sequence'), 'is not', null),
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
    build.createIndex('parts_by_blob').on('parts').column('blob_id'),
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
      .addColumn('select_parameters', 'text')
      .addColumn('output_location', 'text')
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
    build
      .createIndex('jobs_by_output')
      .on('jobs')
      .column('output_blob_id')
      .where(sql.ref('output_blob_id'), 'is not', null),
    build.createIndex('jobs_by_expiry').on('jobs').column('expires_at'),
    build
      .createTable('notifications')
      .addColumn('sequence', 'integer', (c) => c.primaryKey())
      .addColumn('notification_id', 'text', (c) => c.notNull().unique())
      .addColumn('job_id', 'text', (c) => c.notNull())
      .addColumn('topic_arn', 'text', (c) => c.notNull())
      .addColumn('message', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull()),
    build
      .createIndex('notifications_by_topic')
      .on('notifications')
      .columns(['topic_arn', 'sequence']),
    build
      .createTable('signing_certificate')
      .addColumn('id', 'integer', (c) => c.primaryKey())
      .addColumn('certificate', 'text', (c) => c.notNull())
      .addColumn('sealed_private_key', 'text', (c) => c.notNull()),
    build
      .createTable('released_blobs')
      .addColumn('blob_id', 'text', (c) => c.primaryKey())
      .addColumn('released_at', 'bigint', (c) => c.notNull())
      .addColumn('archive_sequence', 'bigint'),
    build.createIndex('released_blobs_by_age').on('released_blobs').column('released_at'),
    build
      .createTable('clock')
      .addColumn('id', 'integer', (c) => c.primaryKey())
      .addColumn('offset_ms', 'bigint', (c) => c.notNull())
      .addColumn('frozen_at', 'bigint'),
    build
      .createTable('progress')
      .addColumn('id', 'integer', (c) => c.primaryKey())
      .addColumn('sequence', 'bigint', (c) => c.notNull())
      .addColumn('lock_time', 'bigint', (c) => c.notNull())
      .addColumn('file_number', 'bigint', (c) => c.notNull())
      .addColumn('line_start_byte', 'bigint', (c) => c.notNull())
      .addColumn('line_end_byte', 'bigint', (c) => c.notNull())
      .addColumn('hash', 'text', (c) => c.notNull())
      .addColumn('vault_digest', 'text', (c) => c.notNull())
      .addColumn('seal', 'blob', (c) => c.notNull()),
  ];
  return statements.map((statement) => statement.compile().sql);
}

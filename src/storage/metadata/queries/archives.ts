/**
 * Archives. A deleted archive's row stays as a tombstone: its id is never used again, and inventories
 * of the time before still list it.
 */
import { query } from '../query.ts';
import type { ArchiveRow } from '../schema.ts';

export const findArchive = query<{ archiveId: string }, ArchiveRow>((schema, p) =>
  schema.selectFrom('archives').selectAll().where('archive_id', '=', p.archiveId),
);

export const getArchive = query<{ sequence: number }, ArchiveRow>((schema, p) =>
  schema.selectFrom('archives').selectAll().where('sequence', '=', p.sequence),
);

/**
 * The archives of a vault as it was after entry `upToSequence`, in the order of their creation, from
 * the one behind `afterSequence`, created in [createdFrom, createdBefore).
 */
export const listArchivesAsOf = query<
  {
    vaultSequence: number;
    upToSequence: number;
    afterSequence: number;
    createdFrom: number;
    createdBefore: number;
    limit: number;
  },
  ArchiveRow
>((schema, p) =>
  schema
    .selectFrom('archives')
    .selectAll()
    .where('vault_sequence', '=', p.vaultSequence)
    .where('sequence', '>', p.afterSequence)
    .where('sequence', '<=', p.upToSequence)
    .where((eb) =>
      eb.or([eb('deleted_sequence', 'is', null), eb('deleted_sequence', '>', p.upToSequence)]),
    )
    .where('created_at', '>=', p.createdFrom)
    .where('created_at', '<', p.createdBefore)
    .orderBy('sequence')
    .limit(p.limit),
);

/** The archive that an upload has become. */
export const findArchiveOfUpload = query<{ uploadSequence: number }, ArchiveRow>((schema, p) =>
  schema.selectFrom('archives').selectAll().where('upload_sequence', '=', p.uploadSequence),
);

/** Any that is not deleted. */
export const findLiveArchive = query<{ vaultSequence: number }, ArchiveRow>((schema, p) =>
  schema
    .selectFrom('archives')
    .selectAll()
    .where('vault_sequence', '=', p.vaultSequence)
    .where('deleted_sequence', 'is', null)
    .limit(1),
);

/** In the order in which they were made, deleted ones too. */
export const listArchivesAfter = query<{ afterSequence: number; limit: number }, ArchiveRow>(
  (schema, p) =>
    schema
      .selectFrom('archives')
      .selectAll()
      .where('sequence', '>', p.afterSequence)
      .orderBy('sequence')
      .limit(p.limit),
);

export const insertArchive = query<ArchiveRow, never>((schema, p) =>
  schema.insertInto('archives').values({
    sequence: p.sequence,
    archive_id: p.archive_id,
    vault_sequence: p.vault_sequence,
    description: p.description,
    created_at: p.created_at,
    created_lock_time: p.created_lock_time,
    size_bytes: p.size_bytes,
    tree_hash: p.tree_hash,
    blob_id: p.blob_id,
    upload_sequence: p.upload_sequence,
    deleted_sequence: p.deleted_sequence,
    seal: p.seal,
  }),
);

export const markArchiveDeleted = query<
  Pick<ArchiveRow, 'sequence' | 'deleted_sequence' | 'seal'>,
  never
>((schema, p) =>
  schema
    .updateTable('archives')
    .set({ deleted_sequence: p.deleted_sequence, seal: p.seal })
    .where('sequence', '=', p.sequence),
);

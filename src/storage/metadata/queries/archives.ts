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

export const insertArchive = query<
  {
    sequence: number;
    archiveId: string;
    vaultSequence: number;
    description: string;
    createdAt: number;
    createdLockTime: number;
    sizeBytes: number;
    treeHash: Buffer;
    blobId: string | null;
    uploadSequence: number | null;
  },
  never
>((schema, p) =>
  schema.insertInto('archives').values({
    sequence: p.sequence,
    archive_id: p.archiveId,
    vault_sequence: p.vaultSequence,
    description: p.description,
    created_at: p.createdAt,
    created_lock_time: p.createdLockTime,
    size_bytes: p.sizeBytes,
    tree_hash: p.treeHash,
    blob_id: p.blobId,
    upload_sequence: p.uploadSequence,
  }),
);

export const markArchiveDeleted = query<{ sequence: number; archiveSequence: number }, never>(
  (schema, p) =>
    schema
      .updateTable('archives')
      .set({ deleted_sequence: p.sequence })
      .where('sequence', '=', p.archiveSequence),
);

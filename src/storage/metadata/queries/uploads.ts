/** Multipart uploads and their parts. The parts of a completed upload are the archive's bytes. */
import { sql } from 'kysely';
import { query } from '../query.ts';
import type { PartRow, UploadRow } from '../schema.ts';

/** A literal, not a parameter: the partial indexes are found only by it. */
const inProgress = sql.lit('InProgress');

export const findUpload = query<{ uploadId: string }, UploadRow>((schema, p) =>
  schema.selectFrom('uploads').selectAll().where('upload_id', '=', p.uploadId),
);

/** Uploads in progress in the order of their initiation, active after `activeAfter`. */
export const listUploads = query<
  { vaultSequence: number; afterSequence: number; activeAfter: number; limit: number },
  UploadRow
>((schema, p) =>
  schema
    .selectFrom('uploads')
    .selectAll()
    .where('vault_sequence', '=', p.vaultSequence)
    .where('state', '=', inProgress as never)
    .where('sequence', '>', p.afterSequence)
    .where('active_at', '>', p.activeAfter)
    .orderBy('sequence')
    .limit(p.limit),
);

/** Uploads in progress without activity since `activeBefore`, or whose vault is gone. */
export const listExpiredUploads = query<{ activeBefore: number; limit: number }, UploadRow>(
  (schema, p) =>
    schema
      .selectFrom('uploads')
      .innerJoin('vaults', 'vaults.sequence', 'uploads.vault_sequence')
      .selectAll('uploads')
      .where('uploads.state', '=', inProgress as never)
      .where((eb) =>
        eb.or([
          eb('uploads.active_at', '<=', p.activeBefore),
          eb('vaults.deleted_sequence', 'is not', null),
        ]),
      )
      .limit(p.limit),
);

export const insertUpload = query<
  {
    sequence: number;
    uploadId: string;
    vaultSequence: number;
    description: string;
    partSizeBytes: number;
    time: number;
  },
  never
>((schema, p) =>
  schema.insertInto('uploads').values({
    sequence: p.sequence,
    upload_id: p.uploadId,
    vault_sequence: p.vaultSequence,
    description: p.description,
    part_size_bytes: p.partSizeBytes,
    created_at: p.time,
    active_at: p.time,
    state: 'InProgress',
  }),
);

export const touchUpload = query<{ uploadSequence: number; time: number }, never>((schema, p) =>
  schema.updateTable('uploads').set({ active_at: p.time }).where('sequence', '=', p.uploadSequence),
);

export const endUpload = query<
  {
    uploadSequence: number;
    state: UploadRow['state'];
    time: number;
    archiveId: string | null;
  },
  never
>((schema, p) =>
  schema
    .updateTable('uploads')
    .set({ state: p.state, ended_at: p.time, archive_id: p.archiveId })
    .where('sequence', '=', p.uploadSequence),
);

/** Parts in the order of their ranges, from the one that begins at or behind `fromByte`. */
export const listParts = query<
  { uploadSequence: number; fromByte: number; limit: number },
  PartRow
>((schema, p) =>
  schema
    .selectFrom('parts')
    .selectAll()
    .where('upload_sequence', '=', p.uploadSequence)
    .where('start_byte', '>=', p.fromByte)
    .orderBy('start_byte')
    .limit(p.limit),
);

export const findPart = query<{ uploadSequence: number; startByte: number }, PartRow>((schema, p) =>
  schema
    .selectFrom('parts')
    .selectAll()
    .where('upload_sequence', '=', p.uploadSequence)
    .where('start_byte', '=', p.startByte),
);

/** The parts that hold the bytes from `startByte` to `endByte`, in order. */
export const listPartsInRange = query<
  { uploadSequence: number; startByte: number; endByte: number; limit: number },
  PartRow
>((schema, p) =>
  schema
    .selectFrom('parts')
    .selectAll()
    .where('upload_sequence', '=', p.uploadSequence)
    .where('start_byte', '>=', (eb) =>
      eb
        .selectFrom('parts')
        .select((part) => part.fn.max('start_byte').as('first_start_byte'))
        .where('upload_sequence', '=', p.uploadSequence)
        .where('start_byte', '<=', p.startByte),
    )
    .where('start_byte', '<=', p.endByte)
    .orderBy('start_byte')
    .limit(p.limit),
);

export const putPart = query<
  {
    uploadSequence: number;
    startByte: number;
    sizeBytes: number;
    treeHash: Buffer;
    blobId: string;
  },
  never
>((schema, p) =>
  schema
    .insertInto('parts')
    .values({
      upload_sequence: p.uploadSequence,
      start_byte: p.startByte,
      size_bytes: p.sizeBytes,
      tree_hash: p.treeHash,
      blob_id: p.blobId,
    })
    .onConflict((conflict) =>
      conflict.columns(['upload_sequence', 'start_byte']).doUpdateSet({
        size_bytes: p.sizeBytes,
        tree_hash: p.treeHash,
        blob_id: p.blobId,
      }),
    ),
);

export const deleteParts = query<{ uploadSequence: number }, never>((schema, p) =>
  schema.deleteFrom('parts').where('upload_sequence', '=', p.uploadSequence),
);

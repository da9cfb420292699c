/** Blobs that nothing names any more. */
import { sql } from 'kysely';
import { query } from '../query.ts';
import type { ReleasedBlobRow } from '../schema.ts';

export const releaseBlob = query<ReleasedBlobRow, never>((schema, p) =>
  schema.insertInto('released_blobs').values({
    blob_id: p.blob_id,
    released_at: p.released_at,
    archive_sequence: p.archive_sequence,
  }),
);

/** All parts of an upload at once. */
export const releaseParts = query<
  { uploadSequence: number; releasedAt: number; archiveSequence: number | null },
  never
>((schema, p) =>
  schema
    .insertInto('released_blobs')
    .columns(['blob_id', 'released_at', 'archive_sequence'])
    .expression((eb) =>
      eb
        .selectFrom('parts')
        .select((part) => [
          'blob_id',
          part.val(p.releasedAt).as('released_at'),
          part.val(p.archiveSequence).as('archive_sequence'),
        ])
        .where('upload_sequence', '=', p.uploadSequence),
    ),
);

/** Released before `releasedBefore`, and not the bytes behind a job that has not expired. */
export const listRemovableBlobs = query<{ releasedBefore: number; limit: number }, ReleasedBlobRow>(
  (schema, p) =>
    schema
      .selectFrom('released_blobs')
      .selectAll()
      .where('released_at', '<=', p.releasedBefore)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('jobs')
              .select('jobs.sequence')
              .whereRef('jobs.archive_sequence', '=', 'released_blobs.archive_sequence'),
          ),
        ),
      )
      .orderBy('released_at')
      .limit(p.limit),
);

/**
 * What still names a blob: an archive that is not deleted, one whose parts it is among, an upload in
 * progress, or the output of a job.
 */
export const findBlobUse = query<{ blobId: string }, { use: string }>((schema, p) =>
  schema
    .selectFrom('archives')
    .select(sql<string>`'archive'`.as('use'))
    .where('blob_id', '=', p.blobId)
    .where('deleted_sequence', 'is', null)
    .unionAll(
      schema
        .selectFrom('parts')
        .leftJoin('archives', 'archives.upload_sequence', 'parts.upload_sequence')
        .select(sql<string>`'part'`.as('use'))
        .where('parts.blob_id', '=', p.blobId)
        .where('archives.deleted_sequence', 'is', null),
    )
    .unionAll(
      schema
        .selectFrom('jobs')
        .select(sql<string>`'output'`.as('use'))
        .where('output_blob_id', '=', p.blobId),
    ),
);

export const forgetBlob = query<{ blobId: string }, never>((schema, p) =>
  schema.deleteFrom('released_blobs').where('blob_id', '=', p.blobId),
);

/** What entries about archives, uploads and blobs do to rows. */
import { StoreDamagedError } from '../../store-errors.ts';
import type { RecordedEntry } from '../entries.ts';
import * as archives from '../queries/archives.ts';
import * as blobs from '../queries/blobs.ts';
import * as uploads from '../queries/uploads.ts';
import * as vaults from '../queries/vaults.ts';
import type { ArchiveRow, UploadRow, VaultRow } from '../schema.ts';
import { type Appliers, known, type RowWriter, releaseBlob, vaultOf } from './applier.ts';

type Kind =
  | 'ArchiveStored'
  | 'ArchiveDeleted'
  | 'UploadInitiated'
  | 'PartStored'
  | 'UploadCompleted'
  | 'UploadAborted'
  | 'UploadExpired'
  | 'BlobsRemoved';

export const archiveAppliers: Appliers<Kind> = {
  ArchiveStored: async (rows, entry) => {
    const { archiveId, description, blob } = entry.data;
    const vault = await vaultOf(rows, entry);
    await storeArchive(rows, entry, vault, {
      archiveId,
      description,
      sizeBytes: blob.sizeBytes,
      treeHash: Buffer.from(blob.treeHash, 'hex'),
      blobId: blob.blobId,
      uploadSequence: null,
    });
  },

  ArchiveDeleted: async (rows, entry) => {
    const vault = await vaultOf(rows, entry);
    const archive = known(
      await rows.first(archives.findArchive, { archiveId: entry.data.archiveId }),
      entry,
    );
    const deleted = { ...archive, deleted_sequence: entry.sequence };
    await rows.run(archives.markArchiveDeleted, {
      ...deleted,
      seal: rows.seal.ofArchive(deleted),
    });
    await releaseArchive(rows, entry, archive);
    await rows.run(vaults.countArchiveWrite, {
      vaultSequence: vault.sequence,
      archives: -1,
      sizeBytes: -archive.size_bytes,
      sequence: entry.sequence,
      time: entry.time,
    });
  },

  UploadInitiated: async (rows, entry) => {
    const vault = await vaultOf(rows, entry);
    await rows.run(uploads.insertUpload, {
      sequence: entry.sequence,
      uploadId: entry.data.uploadId,
      vaultSequence: vault.sequence,
      description: entry.data.description,
      partSizeBytes: entry.data.partSizeBytes,
      time: entry.time,
    });
  },

  PartStored: async (rows, entry) => {
    const { uploadId, startByte, blob } = entry.data;
    const upload = await uploadOf(rows, entry, uploadId);
    const place = { uploadSequence: upload.sequence, startByte };
    const replaced = await rows.first(uploads.findPart, place);
    if (replaced) await releaseBlob(rows, entry, replaced.blob_id, null);
    await rows.run(uploads.putPart, {
      ...place,
      sizeBytes: blob.sizeBytes,
      treeHash: Buffer.from(blob.treeHash, 'hex'),
      blobId: blob.blobId,
    });
    await rows.run(uploads.touchUpload, { uploadSequence: upload.sequence, time: entry.time });
  },

  UploadCompleted: async (rows, entry) => {
    const { uploadId, archiveId, sizeBytes, treeHash } = entry.data;
    const vault = await vaultOf(rows, entry);
    const upload = await uploadOf(rows, entry, uploadId);
    await rows.run(uploads.endUpload, {
      uploadSequence: upload.sequence,
      state: 'Completed',
      time: entry.time,
      archiveId,
    });
    await storeArchive(rows, entry, vault, {
      archiveId,
      description: upload.description,
      sizeBytes,
      treeHash: Buffer.from(treeHash, 'hex'),
      blobId: null,
      uploadSequence: upload.sequence,
    });
  },

  UploadAborted: (rows, entry) => dropUpload(rows, entry, 'Aborted'),

  UploadExpired: (rows, entry) => dropUpload(rows, entry, 'Expired'),

  BlobsRemoved: async (rows, entry) => {
    for (const blobId of entry.data.blobIds) await rows.run(blobs.forgetBlob, { blobId });
  },
};

async function uploadOf(
  rows: RowWriter,
  entry: RecordedEntry,
  uploadId: string,
): Promise<UploadRow> {
  return known(await rows.first(uploads.findUpload, { uploadId }), entry);
}

async function storeArchive(
  rows: RowWriter,
  entry: RecordedEntry,
  vault: VaultRow,
  archive: {
    archiveId: string;
    description: string;
    sizeBytes: number;
    treeHash: Buffer;
    blobId: string | null;
    uploadSequence: number | null;
  },
): Promise<void> {
  const row = {
    sequence: entry.sequence,
    archive_id: archive.archiveId,
    vault_sequence: vault.sequence,
    description: archive.description,
    created_at: entry.time,
    created_lock_time: entry.lockTime,
    size_bytes: archive.sizeBytes,
    tree_hash: archive.treeHash,
    blob_id: archive.blobId,
    upload_sequence: archive.uploadSequence,
    deleted_sequence: null,
  };
  await rows.run(archives.insertArchive, { ...row, seal: rows.seal.ofArchive(row) });
  await rows.run(vaults.countArchiveWrite, {
    vaultSequence: vault.sequence,
    archives: 1,
    sizeBytes: archive.sizeBytes,
    sequence: entry.sequence,
    time: entry.time,
  });
}

async function releaseArchive(
  rows: RowWriter,
  entry: RecordedEntry,
  archive: ArchiveRow,
): Promise<void> {
  if (archive.blob_id) await releaseBlob(rows, entry, archive.blob_id, archive.sequence);
  if (archive.upload_sequence === null) return;
  await rows.run(blobs.releaseParts, {
    uploadSequence: archive.upload_sequence,
    releasedAt: entry.time,
    archiveSequence: archive.sequence,
  });
}

async function dropUpload(
  rows: RowWriter,
  entry: RecordedEntry<'UploadAborted' | 'UploadExpired'>,
  state: 'Aborted' | 'Expired',
): Promise<void> {
  const upload = await uploadOf(rows, entry, entry.data.uploadId);
  const uploadSequence = upload.sequence;
  // Its parts are the archive's bytes.
  if (await rows.first(archives.findArchiveOfUpload, { uploadSequence })) {
    throw new StoreDamagedError(
      `The upload ${upload.upload_id} has become an archive, and its record says that it goes on: view.sqlite was changed`,
    );
  }
  await rows.run(blobs.releaseParts, {
    uploadSequence,
    releasedAt: entry.time,
    archiveSequence: null,
  });
  await rows.run(uploads.deleteParts, { uploadSequence });
  await rows.run(uploads.endUpload, { uploadSequence, state, time: entry.time, archiveId: null });
}

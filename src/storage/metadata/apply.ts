/**
 * What each kind of entry does to the rows.
 *
 * The same functions run when an entry is made and when the journal is read again at start, so the
 * view can be thrown away at any time. They decide nothing: whoever recorded the entry has.
 */
import { toIsoDate } from '../../lib/clock.ts';
import { StoreDamagedError } from '../store-errors.ts';
import type { EntryKind, RecordedEntry } from './entries.ts';
import type { Reader } from './metadata-store.ts';
import * as accounts from './queries/accounts.ts';
import * as archives from './queries/archives.ts';
import * as blobs from './queries/blobs.ts';
import * as capacity from './queries/capacity.ts';
import * as jobs from './queries/jobs.ts';
import * as tags from './queries/tags.ts';
import * as uploads from './queries/uploads.ts';
import * as vaults from './queries/vaults.ts';
import type { Query } from './query.ts';
import type { ArchiveRow, UploadRow, VaultRow } from './schema.ts';

/** Rows inside the one transaction that may change them. */
export interface RowWriter extends Reader {
  run<Parameters>(query: Query<Parameters, never>, parameters: Parameters): Promise<void>;
}

type Apply<Kind extends EntryKind> = (rows: RowWriter, entry: RecordedEntry<Kind>) => Promise<void>;

const applyByKind: { readonly [Kind in EntryKind]: Apply<Kind> } = {
  StoreCreated: async () => {},

  AccountCreated: (rows, entry) =>
    rows.run(accounts.insertAccount, { account_id: entry.accountId }),

  AccessKeyCreated: (rows, entry) =>
    rows.run(accounts.putAccessKey, {
      access_key_id: entry.data.accessKeyId,
      account_id: entry.accountId,
      principal_arn: entry.data.principalArn,
      sealed_secret: entry.data.sealedSecret,
      created_at: entry.time,
    }),

  VaultCreated: (rows, entry) =>
    rows.run(vaults.insertVault, {
      sequence: entry.sequence,
      accountId: entry.accountId,
      vaultName: entry.data.vaultName,
      createdAt: entry.time,
    }),

  VaultDeleted: async (rows, entry) => {
    const vault = await vaultOf(rows, entry);
    await rows.run(vaults.markVaultDeleted, {
      sequence: entry.sequence,
      vaultSequence: vault.sequence,
    });
  },

  InventoryTaken: async (rows, entry) => {
    const vault = await vaultOf(rows, entry);
    await rows.run(vaults.recordInventory, {
      vaultSequence: vault.sequence,
      time: entry.time,
      upToSequence: entry.data.upToSequence,
    });
  },

  TagsAdded: async (rows, entry) => {
    const vault = await vaultOf(rows, entry);
    for (const [tag_key, tag_value] of Object.entries(entry.data.tags)) {
      await rows.run(tags.putTag, { vault_sequence: vault.sequence, tag_key, tag_value });
    }
  },

  TagsRemoved: async (rows, entry) => {
    const vault = await vaultOf(rows, entry);
    for (const tagKey of entry.data.tagKeys) {
      await rows.run(tags.deleteTag, { vaultSequence: vault.sequence, tagKey });
    }
  },

  NotificationsSet: async (rows, entry) => {
    const { snsTopic, events } = entry.data;
    const vaultSequence = (await vaultOf(rows, entry)).sequence;
    const configuration = { topic: snsTopic, events: events.join(',') };
    await rows.run(vaults.setNotifications, { vaultSequence, ...configuration });
  },

  NotificationsDeleted: async (rows, entry) => {
    const vaultSequence = (await vaultOf(rows, entry)).sequence;
    await rows.run(vaults.setNotifications, { vaultSequence, topic: null, events: null });
  },

  DataRetrievalPolicySet: (rows, entry) =>
    rows.run(capacity.putRetrievalPolicy, {
      account_id: entry.accountId,
      strategy: entry.data.strategy,
      bytes_per_hour: entry.data.bytesPerHour ?? null,
    }),

  CapacityPurchased: (rows, entry) =>
    rows.run(capacity.insertCapacity, {
      sequence: entry.sequence,
      capacity_id: entry.data.capacityId,
      account_id: entry.accountId,
      started_at: entry.time,
      expires_at: Date.parse(entry.data.expiresAt),
    }),

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
    await rows.run(archives.markArchiveDeleted, {
      sequence: entry.sequence,
      archiveSequence: archive.sequence,
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

  JobInitiated: async (rows, entry) => {
    const { jobId, archive, inventory } = entry.data;
    const vault = await vaultOf(rows, entry);
    const archiveRow = archive
      ? known(await rows.first(archives.findArchive, { archiveId: archive.archiveId }), entry)
      : undefined;
    await rows.run(jobs.insertJob, {
      sequence: entry.sequence,
      job_id: jobId,
      vault_sequence: vault.sequence,
      action: entry.data.action,
      description: entry.data.description ?? null,
      sns_topic: entry.data.snsTopic ?? null,
      created_at: entry.time,
      not_before: Date.parse(entry.data.notBefore),
      archive_sequence: archiveRow?.sequence ?? null,
      start_byte: archive?.startByte ?? null,
      end_byte: archive?.endByte ?? null,
      range_tree_hash: archive?.treeHash ? Buffer.from(archive.treeHash, 'hex') : null,
      tier: archive?.tier ?? null,
      format: inventory?.format ?? null,
      start_date: inventory?.startDate ?? null,
      end_date: inventory?.endDate ?? null,
      item_limit: inventory?.limit ?? null,
      up_to_sequence: inventory?.upToSequence ?? null,
      inventory_date: inventory ? Date.parse(inventory.inventoryDate) : null,
      after_sequence: inventory?.afterSequence ?? null,
    });
    if (archive?.tier === 'Standard') {
      await rows.run(capacity.addRetrievalUsage, {
        account_id: entry.accountId,
        day: toIsoDate(entry.time).slice(0, 10),
        size_bytes: archive.endByte - archive.startByte + 1,
      });
    }
  },

  JobSucceeded: (rows, entry) => {
    const { output, nextMarker } = entry.data;
    return rows.run(jobs.completeJob, {
      job_id: entry.data.jobId,
      status: 'Succeeded',
      completed_at: entry.time,
      expires_at: Date.parse(entry.data.expiresAt),
      next_marker: nextMarker ?? null,
      output_blob_id: output?.blobId ?? null,
      output_size_bytes: output?.sizeBytes ?? null,
      output_tree_hash: output ? Buffer.from(output.treeHash, 'hex') : null,
    });
  },

  JobFailed: (rows, entry) =>
    rows.run(jobs.completeJob, {
      job_id: entry.data.jobId,
      status: 'Failed',
      completed_at: entry.time,
      expires_at: Date.parse(entry.data.expiresAt),
      next_marker: null,
      output_blob_id: null,
      output_size_bytes: null,
      output_tree_hash: null,
    }),

  JobExpired: async (rows, entry) => {
    const { jobId } = entry.data;
    const job = known(await rows.first(jobs.findJob, { jobId }), entry);
    await rows.run(jobs.deleteJob, { jobId });
    if (job.output_blob_id) await releaseBlob(rows, entry, job.output_blob_id, null);
  },

  BlobsRemoved: async (rows, entry) => {
    for (const blobId of entry.data.blobIds) await rows.run(blobs.forgetBlob, { blobId });
  },
};

/**
 * Changes the rows as the entry says.
 *
 * @throws StoreDamagedError when the entry speaks of something that no entry before it has made, or
 *   is of a kind that this version does not know.
 */
export async function applyEntry(rows: RowWriter, entry: RecordedEntry): Promise<void> {
  const apply = applyByKind[entry.kind] as Apply<EntryKind> | undefined;
  if (!apply) {
    throw new StoreDamagedError(
      `Journal entry ${entry.sequence} is of the kind ${JSON.stringify(entry.kind)}, which this version does not know: it was written by a newer one`,
    );
  }
  await apply(rows, entry);
}

function known<Row>(row: Row | undefined, entry: RecordedEntry): Row {
  if (row) return row;
  throw new StoreDamagedError(
    `Journal entry ${entry.sequence} (${entry.kind}) speaks of something that does not exist`,
  );
}

async function vaultOf(
  rows: RowWriter,
  entry: RecordedEntry & { readonly data: { readonly vaultName: string } },
): Promise<VaultRow> {
  const { accountId, data } = entry;
  return known(await rows.first(vaults.findVault, { accountId, vaultName: data.vaultName }), entry);
}

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
  await rows.run(archives.insertArchive, {
    sequence: entry.sequence,
    vaultSequence: vault.sequence,
    createdAt: entry.time,
    ...archive,
  });
  await rows.run(vaults.countArchiveWrite, {
    vaultSequence: vault.sequence,
    archives: 1,
    sizeBytes: archive.sizeBytes,
    sequence: entry.sequence,
    time: entry.time,
  });
}

function releaseBlob(
  rows: RowWriter,
  entry: RecordedEntry,
  blobId: string,
  archiveSequence: number | null,
): Promise<void> {
  return rows.run(blobs.releaseBlob, {
    blob_id: blobId,
    released_at: entry.time,
    archive_sequence: archiveSequence,
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
  await rows.run(blobs.releaseParts, {
    uploadSequence,
    releasedAt: entry.time,
    archiveSequence: null,
  });
  await rows.run(uploads.deleteParts, { uploadSequence });
  await rows.run(uploads.endUpload, { uploadSequence, state, time: entry.time, archiveId: null });
}

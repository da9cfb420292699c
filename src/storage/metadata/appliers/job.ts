/** What entries about jobs do to rows. */
import { toIsoDate } from '../../../lib/clock.ts';
import * as archives from '../queries/archives.ts';
import * as capacity from '../queries/capacity.ts';
import * as jobs from '../queries/jobs.ts';
import { type Appliers, known, releaseBlob, vaultOf } from './applier.ts';

type Kind = 'JobInitiated' | 'JobSucceeded' | 'JobFailed' | 'JobExpired';

export const jobAppliers: Appliers<Kind> = {
  JobInitiated: async (rows, entry) => {
    const { jobId, archive, select, inventory } = entry.data;
    const vault = await vaultOf(rows, entry);
    const archiveId = (archive ?? select)?.archiveId;
    const archiveRow =
      archiveId === undefined
        ? undefined
        : known(await rows.first(archives.findArchive, { archiveId }), entry);
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
      tier: (archive ?? select)?.tier ?? null,
      format: inventory?.format ?? null,
      start_date: inventory?.startDate ?? null,
      end_date: inventory?.endDate ?? null,
      item_limit: inventory?.limit ?? null,
      select_parameters: select ? JSON.stringify(select.parameters) : null,
      output_location: select ? JSON.stringify(select.outputLocation) : null,
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
};

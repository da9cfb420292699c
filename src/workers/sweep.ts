/**
 * Removes what has expired: jobs with their output, uploads without activity, sessions, and the bytes
 * that nothing names any more, after a grace.
 *
 * Removal goes backwards: first the journal says that a thing is gone, then its bytes go, then the
 * journal says that they went. Only blobs that an entry has released are touched.
 */
import { endedSessionMs } from '../accounts/access-key.ts';
import { isExpired } from '../jobs/job.ts';
import type { Service } from '../operation.ts';
import type { Reader } from '../storage/metadata/metadata-store.ts';
import { findAccessKey, listEndedSessions } from '../storage/metadata/queries/access-keys.ts';
import { findArchiveOfUpload } from '../storage/metadata/queries/archives.ts';
import { findBlobUse, listRemovableBlobs } from '../storage/metadata/queries/blobs.ts';
import {
  findJob,
  listExpiredJobs,
  listJobsOfDeletedVaults,
} from '../storage/metadata/queries/jobs.ts';
import { findUpload, listExpiredUploads } from '../storage/metadata/queries/uploads.ts';
import type { UploadRow } from '../storage/metadata/schema.ts';
import { type Worker, workerActor } from './worker.ts';

const itemsPerStep = 200;

export interface SweepOptions {
  readonly service: Pick<Service, 'metadata' | 'blobs' | 'clock' | 'settings' | 'raiseAlarm'>;
  /** The account in whose name the sweep is recorded. */
  readonly accountId: string;
  /** How long released bytes are kept. */
  readonly graceSeconds: number;
}

export class Sweep implements Worker {
  readonly name = 'sweep';
  readonly idleMs = 2_000;
  readonly #options: SweepOptions;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  async step(): Promise<'worked' | 'idle'> {
    const removed =
      (await this.#expireJobs()) +
      (await this.#expireUploads()) +
      (await this.#removeSessions()) +
      (await this.#removeBlobs());
    return removed > 0 ? 'worked' : 'idle';
  }

  async #expireJobs(): Promise<number> {
    const { metadata, clock } = this.#options.service;
    const now = clock.now();
    const limit = itemsPerStep;
    const expired = await metadata.read((tx) => tx.all(listExpiredJobs, { now, limit }));
    const orphaned = await metadata.read((tx) => tx.all(listJobsOfDeletedVaults, { limit }));
    const orphanedIds = new Set(orphaned.map((job) => job.job_id));
    const jobIds = new Set([...expired.map((job) => job.job_id), ...orphanedIds]);
    if (jobIds.size === 0) return 0;
    await metadata.write(this.#actor(), async (tx) => {
      for (const jobId of jobIds) {
        const job = await tx.first(findJob, { jobId });
        const isOver = job && (isExpired(job, now) || orphanedIds.has(jobId));
        if (isOver) await tx.record({ kind: 'JobExpired', data: { jobId } });
      }
    });
    return jobIds.size;
  }

  async #expireUploads(): Promise<number> {
    const { metadata, clock, settings } = this.#options.service;
    const activeBefore = clock.now() - settings.uploadIdleSeconds * 1000;
    const expired = await metadata.read((tx) =>
      tx.all(listExpiredUploads, { activeBefore, limit: itemsPerStep }),
    );
    let ended = 0;
    for (const { upload_id: uploadId, active_at: activeAt } of expired) {
      await metadata.write(this.#actor(), async (tx) => {
        const upload = await tx.first(findUpload, { uploadId });
        const isIdle = upload?.state === 'InProgress' && upload.active_at === activeAt;
        if (!upload || !isIdle || (await this.#hasBecomeArchive(tx, upload))) return;
        await tx.record({ kind: 'UploadExpired', data: { uploadId } });
        ended += 1;
      });
    }
    return ended;
  }

  async #removeSessions(): Promise<number> {
    const { metadata, clock } = this.#options.service;
    const endedBefore = clock.now() - endedSessionMs;
    const ended = await metadata.read((tx) =>
      tx.all(listEndedSessions, { endedBefore, limit: itemsPerStep }),
    );
    for (const { account_id: accountId, access_key_id: accessKeyId } of ended) {
      await metadata.write(workerActor(this.name, accountId), async (tx) => {
        const isThere = await tx.first(findAccessKey, { accessKeyId });
        if (isThere) await tx.record({ kind: 'AccessKeyDeleted', data: { accessKeyId } });
      });
    }
    return ended.length;
  }

  async #removeBlobs(): Promise<number> {
    const { metadata, blobs, clock } = this.#options.service;
    const releasedBefore = clock.now() - this.#options.graceSeconds * 1000;
    const released = await metadata.read((tx) =>
      tx.all(listRemovableBlobs, { releasedBefore, limit: itemsPerStep }),
    );
    if (released.length === 0) return 0;
    const blobIds: string[] = [];
    for (const { blob_id: blobId } of released) {
      if (await this.#isNamed(blobId)) continue;
      await blobs.delete(blobId);
      blobIds.push(blobId);
    }
    if (blobIds.length === 0) return 0;
    await metadata.write(this.#actor(), async (tx) => {
      await tx.record({ kind: 'BlobsRemoved', data: { blobIds } });
    });
    return blobIds.length;
  }

  async #hasBecomeArchive(tx: Reader, upload: UploadRow): Promise<boolean> {
    const { sequence: uploadSequence, upload_id: uploadId } = upload;
    const archive = await tx.first(findArchiveOfUpload, { uploadSequence });
    if (!archive) return false;
    const { raiseAlarm } = this.#options.service;
    raiseAlarm('records-changed', `The upload ${uploadId} has become an archive, and goes on`);
    return true;
  }

  /** Whatever the list of released blobs says: what something names stays, and somebody hears of it. */
  async #isNamed(blobId: string): Promise<boolean> {
    const { metadata, raiseAlarm } = this.#options.service;
    const used = await metadata.read((tx) => tx.first(findBlobUse, { blobId }));
    if (used)
      raiseAlarm('records-changed', `Blob ${blobId} is released, and an ${used.use} needs it`);
    return used !== undefined;
  }

  #actor() {
    return workerActor(this.name, this.#options.accountId);
  }
}

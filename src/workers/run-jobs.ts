/**
 * Prepares the output of jobs: reads and checks every MiB of what was asked for, or writes the
 * inventory's document, and then records that the job has completed. A job that was being prepared
 * when the server stopped is begun again.
 */
import { locateContent } from '../archives/locate-content.ts';
import { toFields } from '../archives/receive-content.ts';
import { encodeInventoryMarker } from '../inventory/inventory-range.ts';
import { renderInventory } from '../inventory/read-inventory.ts';
import { vaultArn } from '../lib/arn.ts';
import { type Milliseconds, toIsoDate } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { untilAborted } from '../lib/pieces.ts';
import type { Service } from '../operation.ts';
import type { ResultWriter } from '../select/result-objects.ts';
import { readInOrder } from '../storage/blobs/blob-store.ts';
import type { Entry, EntryData } from '../storage/metadata/entries.ts';
import type { Writer } from '../storage/metadata/metadata-store.ts';
import { getArchive } from '../storage/metadata/queries/archives.ts';
import { type DueJobRow, findJob, listDueJobs } from '../storage/metadata/queries/jobs.ts';
import { BlobDamagedError } from '../storage/store-errors.ts';
import { type Worker, workerActor } from './worker.ts';
import { writeSelectResults } from './write-select-results.ts';

/** Which jobs a runner prepares. */
interface Kind {
  readonly name: string;
  readonly isSelect: 0 | 1;
  /** How many are prepared side by side, so that a small one does not wait for a large one. */
  readonly atOnce: number;
}

export const retrievals: Kind = { name: 'run-jobs', isSelect: 0, atOnce: 4 };
/** They wait for somebody else's store, and each takes the memory of an object of results. */
export const selects: Kind = { name: 'run-select-jobs', isSelect: 1, atOnce: 2 };

type Outcome = Omit<EntryData['JobSucceeded'], 'jobId' | 'expiresAt'>;

/** The job cannot succeed, whatever is tried. The message says why. */
class JobFailedError extends Error {
  override readonly name = 'JobFailedError';
}

export interface JobRunnerService extends Omit<Service, 'jobAdded'> {
  readonly log: Log;
  /** Undefined where select jobs are refused. */
  readonly resultWriter?: ResultWriter | undefined;
}

/** Who is told that a job has completed. */
export interface JobCompletion {
  /** Within the change that completes it. */
  record(tx: Writer, job: DueJobRow): Promise<void>;
  /** When that change is durable. */
  committed(): void;
}

/** A job that can be neither completed nor failed is begun again after this long. */
const restMs = 5_000;

export class JobRunner implements Worker {
  readonly name: string;
  readonly idleMs = 1_000;
  readonly #kind: Kind;
  readonly #service: JobRunnerService;
  readonly #completion: JobCompletion;
  readonly #running = new Map<string, Promise<void>>();
  readonly #waiters = new Map<string, () => void>();
  /** Until when, on the clock that never jumps. */
  readonly #resting = new Map<string, Milliseconds>();

  constructor(kind: Kind, service: JobRunnerService, completion: JobCompletion) {
    this.#kind = kind;
    this.name = kind.name;
    this.#service = service;
    this.#completion = completion;
  }

  async step(signal: AbortSignal): Promise<'worked' | 'idle'> {
    try {
      return await this.#look(signal);
    } catch (error) {
      // The loop rests now, and a stop would not wait for them.
      await Promise.all(this.#running.values());
      throw error;
    }
  }

  async #look(signal: AbortSignal): Promise<'worked' | 'idle'> {
    this.#endRests();
    const { isSelect, atOnce } = this.#kind;
    const due = await this.#service.metadata.read((tx) =>
      tx.all(listDueJobs, {
        now: this.#service.clock.now(),
        isSelect,
        limit: atOnce + this.#running.size + this.#resting.size,
      }),
    );
    const begun = due.filter((job) => this.#running.size < atOnce && this.#begin(job, signal));
    if (begun.length === 0 && this.#running.size === 0) return 'idle';
    await this.#waitForNews();
    if (signal.aborted) await Promise.all(this.#running.values());
    return 'worked';
  }

  /** Resolves when the job has completed, or after `patienceMs`; at once when it is not due yet. */
  async waitFor(jobId: string, patienceMs: number): Promise<void> {
    const waiting = new AbortController();
    this.#waiters.set(jobId, () => waiting.abort());
    const job = await this.#service.metadata.read((tx) => tx.first(findJob, { jobId }));
    const isDue = job?.status === 'InProgress' && job.not_before <= this.#service.clock.now();
    if (isDue) await this.#service.clock.sleep(patienceMs, waiting.signal);
    this.#waiters.delete(jobId);
  }

  /** Until a job ends (a stop ends all of them), or a while has passed and another may be due. */
  async #waitForNews(): Promise<void> {
    const waiting = new AbortController();
    const pause = this.#service.clock.sleep(this.idleMs / 4, waiting.signal);
    await Promise.race([...this.#running.values(), pause]);
    waiting.abort();
  }

  #begin(job: DueJobRow, signal: AbortSignal): boolean {
    if (this.#running.has(job.job_id) || this.#resting.has(job.job_id)) return false;
    const running = this.#run(job, signal)
      // A stop gives the job up; it is begun again after the next start.
      .catch((error: Error) => {
        if (!signal.aborted) this.#rest(job, error);
      })
      .finally(() => {
        this.#running.delete(job.job_id);
        this.#waiters.get(job.job_id)?.();
      });
    this.#running.set(job.job_id, running);
    return true;
  }

  #rest({ job_id: jobId }: DueJobRow, { message, stack }: Error): void {
    const { clock, log } = this.#service;
    log.error({ jobId, error: { message, stack } }, 'a job could not be run: it is tried again');
    this.#resting.set(jobId, clock.monotonic() + restMs);
  }

  #endRests(): void {
    const now = this.#service.clock.monotonic();
    for (const [jobId, until] of this.#resting) if (until <= now) this.#resting.delete(jobId);
  }

  async #run(job: DueJobRow, signal: AbortSignal): Promise<void> {
    const jobId = job.job_id;
    const { settings, clock } = this.#service;
    const expiry = () => toIsoDate(clock.now() + settings.jobOutputSeconds * 1000);
    try {
      const ordered = this.#service.faults?.takeForJob(job.vault_name);
      if (ordered !== undefined) throw new JobFailedError(ordered);
      const outcome = await this.#prepare(job, signal);
      await this.#complete(job, {
        kind: 'JobSucceeded',
        data: { jobId, expiresAt: expiry(), ...outcome },
      });
    } catch (error) {
      const isFailure = error instanceof BlobDamagedError || error instanceof JobFailedError;
      if (!isFailure) throw error;
      const reason = error.message;
      await this.#complete(job, {
        kind: 'JobFailed',
        data: { jobId, expiresAt: expiry(), reason },
      });
    }
  }

  #prepare(job: DueJobRow, signal: AbortSignal): Promise<Outcome> {
    switch (job.action) {
      case 'ArchiveRetrieval':
        return this.#verifyArchive(job, signal);
      case 'InventoryRetrieval':
        return this.#writeInventory(job, signal);
      case 'Select':
        return this.#select(job, signal);
    }
  }

  async #select(job: DueJobRow, signal: AbortSignal): Promise<Outcome> {
    const { resultWriter } = this.#service;
    if (!resultWriter) throw new JobFailedError('The server has no bucket for results any more');
    const reason = await writeSelectResults(this.#service, resultWriter, job, signal);
    if (reason !== undefined) throw new JobFailedError(reason);
    return {};
  }

  /** Nothing is copied: the output is the archive's own bytes, now known to be good. */
  async #verifyArchive(job: DueJobRow, signal: AbortSignal): Promise<Outcome> {
    const { metadata, blobs } = this.#service;
    const sequence = job.archive_sequence ?? 0;
    const archive = await metadata.read((tx) => tx.first(getArchive, { sequence }));
    if (!archive) throw new BlobDamagedError('The archive is missing');
    const range = { startByte: job.start_byte ?? 0, endByte: job.end_byte ?? 0 };
    const pieces = readInOrder(blobs, locateContent(metadata, archive, range));
    for await (const piece of untilAborted(pieces, signal)) void piece;
    return {};
  }

  async #writeInventory(job: DueJobRow, signal: AbortSignal): Promise<Outcome> {
    const { metadata, blobs, settings } = this.#service;
    let nextMarker: string | undefined;
    const pieces = renderInventory(metadata, {
      job,
      vaultArn: vaultArn({
        region: settings.region,
        accountId: job.account_id,
        vaultName: job.vault_name,
      }),
      isIncluded: () => true,
      onEnd: ({ lastSequence, hasMore }) => {
        if (hasMore) nextMarker = markerAfter(job, lastSequence);
      },
    });
    const output = toFields(await blobs.put(untilAborted(pieces, signal)));
    return nextMarker === undefined ? { output } : { output, nextMarker };
  }

  /** A vault may have been deleted with its jobs meanwhile: then there is nothing to record. */
  async #complete(job: DueJobRow, entry: Entry): Promise<void> {
    const actor = workerActor(this.name, job.account_id);
    await this.#service.metadata.write(actor, async (tx) => {
      const current = await tx.first(findJob, { jobId: job.job_id });
      if (current?.status !== 'InProgress') return;
      await tx.record(entry);
      await this.#completion.record(tx, job);
    });
    this.#completion.committed();
  }
}

function markerAfter(job: DueJobRow, afterSequence: number): string {
  return encodeInventoryMarker({
    vaultSequence: job.vault_sequence,
    upToSequence: job.up_to_sequence ?? 0,
    inventoryDate: job.inventory_date ?? 0,
    afterSequence,
  });
}

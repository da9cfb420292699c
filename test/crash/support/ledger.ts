/**
 * What the clients know: every thing that they asked for, and what they were told of it. A request
 * whose answer was lost may have happened or not, until a look at the store decides it; from then on
 * it has to stay as it was found.
 */
import type { Digest } from './bytes.ts';

/**
 * `asked`: sent, not answered. `never`: was refused, was not sent whole, or was found missing after a
 * restart: must not appear. `deleting`: the answer to the delete is open.
 */
export type Fate = 'asked' | 'stored' | 'never' | 'deleting' | 'deleted';

/** The order of what the clients saw: greater is later. */
export type Tick = number;

export interface LedgerArchive {
  readonly vault: string;
  /** Its own alone, so that it is known again when the answer with the id was lost. */
  readonly description: string;
  readonly digest: Digest;
  readonly askedAt: Tick;
  fate: Fate;
  archiveId?: string;
  storedAt?: Tick;
  deleteAskedAt?: Tick;
  deletedAt?: Tick;
}

export interface LedgerPart {
  /** Of the last part that was acknowledged. */
  acknowledged?: string;
  /** Tree hash of one sent after it and not answered. */
  asked?: string;
}

/** `completing` and `aborting`: the answer is open. */
export type UploadState =
  | 'asked'
  | 'open'
  | 'completing'
  | 'completed'
  | 'aborting'
  | 'aborted'
  | 'never';

export interface LedgerUpload {
  readonly vault: string;
  readonly description: string;
  readonly partSizeBytes: number;
  /** What is uploaded: its bytes can be made again. */
  readonly content: { readonly number: number; readonly sizeBytes: number };
  readonly parts: Map<number, LedgerPart>;
  state: UploadState;
  uploadId?: string;
  /** What it becomes, from the moment when its completion is asked for. */
  archive?: LedgerArchive;
}

export interface LedgerJob {
  readonly vault: string;
  readonly description: string;
  /** Absent: an inventory. */
  readonly archive?: LedgerArchive;
  readonly askedAt: Tick;
  /** Not ready before this time, of the wall clock. */
  readonly notBefore: number;
  state: 'asked' | 'accepted' | 'never';
  jobId?: string;
  acceptedAt?: Tick;
  /** Was seen as succeeded: has to stay so. */
  isSucceeded?: boolean;
  /** Its output was compared. */
  isChecked?: boolean;
}

export class Ledger {
  readonly archives: LedgerArchive[] = [];
  readonly uploads: LedgerUpload[] = [];
  readonly jobs: LedgerJob[] = [];
  /** What nobody should have seen: answers that were wrong, connections lost while it ran. */
  readonly faults: string[] = [];
  /** Set just before the server is ended: from then on lost connections are expected. */
  isEnding = false;
  #ticks = 0;
  #numbers = 0;

  /** A number that was not drawn before. */
  number(): number {
    return ++this.#numbers;
  }

  tick(): Tick {
    return ++this.#ticks;
  }

  newArchive(vault: string, description: string, digest: Digest): LedgerArchive {
    const archive: LedgerArchive = {
      vault,
      description,
      digest,
      askedAt: this.tick(),
      fate: 'asked',
    };
    this.archives.push(archive);
    return archive;
  }

  /** What is up in the air at this moment. */
  open(): { readonly unanswered: number; readonly inProgress: number } {
    const inParts = ['asked', 'completing', 'aborting'];
    const whole = ['asked', 'deleting'];
    const jobs = this.jobs.filter((job) => job.state === 'accepted');
    return {
      unanswered:
        this.archives.filter((archive) => whole.includes(archive.fate)).length +
        this.uploads.filter((upload) => inParts.includes(upload.state)).length +
        this.uploads.filter((upload) => [...upload.parts.values()].some((part) => part.asked))
          .length,
      inProgress: jobs.filter((job) => job.notBefore > Date.now()).length,
    };
  }
}

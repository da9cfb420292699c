/**
 * Load: writers that do all at once what clients do, each with archives, uploads and jobs of its own,
 * until the server goes away. Whatever they are told goes into the ledger.
 */
import { type Client, hashHeaders } from '../../support/client.ts';
import type { Reply } from '../../support/http.ts';
import { MIB, treeHash } from '../../support/tree-hash.ts';
import { bytesOf, digestOf } from './bytes.ts';
import type { Ledger, LedgerArchive, LedgerUpload } from './ledger.ts';
import type { Random } from './random.ts';

const actions = {
  uploadSmall: 30,
  uploadAtEdge: 8,
  uploadLarge: 12,
  breakUploadOff: 4,
  uploadWrongHash: 3,
  goOnInParts: 30,
  deleteArchive: 12,
  startArchiveJob: 8,
  startInventoryJob: 3,
};

type Action = keyof typeof actions;

/** How long a Bulk job is in progress at least; the server is told the same. */
export const bulkMs = 1_000;

/** The way a request ended: an answer, or none. */
type Outcome = Reply | undefined;

export interface LoadOptions {
  readonly client: Client;
  readonly vaults: readonly string[];
  readonly ledger: Ledger;
}

export class Writer {
  readonly #client: Client;
  readonly #vaults: readonly string[];
  readonly #ledger: Ledger;
  readonly #name: string;
  readonly #random: Random;
  #upload: LedgerUpload | undefined;
  #mine: LedgerArchive[] = [];

  constructor({ client, vaults, ledger }: LoadOptions, name: string, random: Random) {
    this.#client = client;
    this.#vaults = vaults;
    this.#ledger = ledger;
    this.#name = name;
    this.#random = random;
  }

  /** Goes on until the ledger says that the server is being ended. */
  async run(): Promise<void> {
    while (!this.#ledger.isEnding) await this.step();
  }

  async step(): Promise<void> {
    const action = this.#random.weighted<Action>(actions);
    await this[action]();
  }

  // -- archives in one request ------------------------------------------------------------------

  uploadSmall(): Promise<void> {
    return this.#uploadWhole(this.#random.whole(1, 200 * 1024));
  }

  uploadAtEdge(): Promise<void> {
    const sizes = [1, MIB / 4 - 1, MIB / 4, MIB / 4 + 1, MIB - 1, MIB, MIB + 1];
    return this.#uploadWhole(this.#random.pick(sizes) ?? 1);
  }

  uploadLarge(): Promise<void> {
    return this.#uploadWhole(this.#random.whole(MIB, 3 * MIB));
  }

  async #uploadWhole(sizeBytes: number): Promise<void> {
    const { bytes, archive } = this.#newArchive(sizeBytes);
    const reply = await this.#send('UploadArchive', 201, () =>
      this.#client.postArchive(archive.vault, bytes, describedAs(archive)),
    );
    if (reply?.status === 201) this.#acknowledge(archive, reply);
  }

  /** The connection breaks before the declared length was sent: nothing of it may stay. */
  async breakUploadOff(): Promise<void> {
    const { bytes, archive } = this.#newArchive(this.#random.whole(1024, 2 * MIB));
    archive.fate = 'never';
    const stopAfterBytes = this.#random.whole(0, bytes.length - 1);
    const options = { ...describedAs(archive), stopAfterBytes, breakOff: true };
    await this.#client.postArchive(archive.vault, bytes, options).catch(() => undefined);
  }

  async uploadWrongHash(): Promise<void> {
    const { bytes, archive } = this.#newArchive(this.#random.whole(1, MIB));
    archive.fate = 'never';
    const wrong = { ...hashHeaders(bytes), 'x-amz-sha256-tree-hash': '0'.repeat(63).concat('1') };
    const headers = { ...describedAs(archive).headers, ...wrong };
    await this.#send('an upload with a wrong hash', 400, () =>
      this.#client.postArchive(archive.vault, bytes, { headers }),
    );
  }

  #newArchive(sizeBytes: number): { bytes: Buffer; archive: LedgerArchive } {
    const number = this.#ledger.number();
    const bytes = bytesOf({ number, sizeBytes });
    const description = `${this.#name} ${number}`;
    return {
      bytes,
      archive: this.#ledger.newArchive(this.#vault(), description, digestOf(bytes)),
    };
  }

  #acknowledge(archive: LedgerArchive, reply: Reply): void {
    archive.fate = 'stored';
    archive.archiveId = reply.header('x-amz-archive-id') ?? '';
    archive.storedAt = this.#ledger.tick();
    this.#mine.push(archive);
    if (reply.header('x-amz-sha256-tree-hash') !== archive.digest.treeHash) {
      this.#ledger.faults.push(`${archive.description}: acknowledged with another tree hash`);
    }
  }

  async deleteArchive(): Promise<void> {
    const archive = this.#takeMine();
    if (archive === undefined) return;
    archive.fate = 'deleting';
    archive.deleteAskedAt = this.#ledger.tick();
    const reply = await this.#send('DeleteArchive', 204, () =>
      this.#client.deleteArchive(archive.vault, archive.archiveId ?? ''),
    );
    if (reply?.status !== 204) return;
    archive.fate = 'deleted';
    archive.deletedAt = this.#ledger.tick();
  }

  #takeMine(): LedgerArchive | undefined {
    const archive = this.#random.pick(this.#mine);
    this.#mine = this.#mine.filter((one) => one !== archive);
    return archive;
  }

  // -- archives in parts ------------------------------------------------------------------------

  async goOnInParts(): Promise<void> {
    const upload = this.#upload;
    if (upload?.state !== 'open') {
      await this.#initiate();
      return;
    }
    const missing = partsOf(upload).filter(({ startByte, hash }) => {
      return upload.parts.get(startByte)?.acknowledged !== hash;
    });
    const next = this.#random.pick(missing);
    if (next !== undefined) {
      await this.#putPart(upload, next.startByte, this.#partBytes(upload, next.startByte));
    } else if (this.#random.chance(0.15)) {
      await this.#abort(upload);
    } else {
      await this.#complete(upload);
    }
  }

  async #initiate(): Promise<void> {
    const number = this.#ledger.number();
    const upload: LedgerUpload = {
      vault: this.#vault(),
      description: `${this.#name} in parts ${number}`,
      partSizeBytes: MIB,
      content: { number, sizeBytes: this.#random.whole(1, 4 * MIB) },
      parts: new Map(),
      state: 'asked',
    };
    this.#ledger.uploads.push(upload);
    this.#upload = upload;
    const target = `/-/vaults/${upload.vault}/multipart-uploads`;
    const headers = {
      'x-amz-part-size': String(upload.partSizeBytes),
      'x-amz-archive-description': upload.description,
    };
    const reply = await this.#send('InitiateMultipartUpload', 201, () =>
      this.#client.request('POST', target, { headers }),
    );
    if (reply?.status !== 201) return;
    upload.state = 'open';
    upload.uploadId = reply.header('x-amz-multipart-upload-id') ?? '';
  }

  /** Now and then another content than the right one, to be replaced later. */
  #partBytes(upload: LedgerUpload, startByte: number): Buffer {
    const right = partBytes(upload, startByte);
    return this.#random.chance(0.2)
      ? bytesOf({ number: this.#ledger.number(), sizeBytes: right.length })
      : right;
  }

  async #putPart(upload: LedgerUpload, startByte: number, bytes: Buffer): Promise<void> {
    const part = upload.parts.get(startByte) ?? {};
    upload.parts.set(startByte, part);
    part.asked = treeHash(bytes);
    const reply = await this.#send('UploadMultipartPart', 204, () =>
      this.#client.putPart(upload.vault, upload.uploadId ?? '', startByte, bytes),
    );
    if (reply?.status !== 204) return;
    part.acknowledged = part.asked;
    delete part.asked;
  }

  async #complete(upload: LedgerUpload): Promise<void> {
    const { vault, description } = upload;
    const digest = digestOf(bytesOf(upload.content));
    const archive = this.#ledger.newArchive(vault, description, digest);
    upload.state = 'completing';
    upload.archive = archive;
    const reply = await this.#send('CompleteMultipartUpload', 201, () =>
      this.#client.completeUpload(vault, upload.uploadId ?? '', digest.sizeBytes, digest.treeHash),
    );
    if (reply?.status !== 201) return;
    upload.state = 'completed';
    this.#acknowledge(archive, reply);
  }

  async #abort(upload: LedgerUpload): Promise<void> {
    upload.state = 'aborting';
    const reply = await this.#send('AbortMultipartUpload', 204, () =>
      this.#client.abortUpload(upload.vault, upload.uploadId ?? ''),
    );
    if (reply?.status === 204) upload.state = 'aborted';
  }

  // -- jobs -------------------------------------------------------------------------------------

  async startArchiveJob(Tier = this.#random.chance(0.7) ? 'Bulk' : 'Expedited'): Promise<void> {
    const archive = this.#random.pick(this.#mine);
    if (archive === undefined) return;
    await this.#startJob(archive.vault, archive, {
      Type: 'archive-retrieval',
      ArchiveId: archive.archiveId,
      Tier,
    });
  }

  async startInventoryJob(): Promise<void> {
    const vault = this.#vault();
    const hasUpload = this.#ledger.archives.some(
      (archive) => archive.vault === vault && archive.storedAt !== undefined,
    );
    // A vault that never had an upload has no inventory.
    if (hasUpload) await this.#startJob(vault, undefined, { Type: 'inventory-retrieval' });
  }

  async #startJob(
    vault: string,
    archive: LedgerArchive | undefined,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const description = `${this.#name} job ${this.#ledger.number()}`;
    const job = {
      vault,
      description,
      ...(archive && { archive }),
      askedAt: this.#ledger.tick(),
      notBefore: parameters.Tier === 'Bulk' ? Date.now() + bulkMs : 0,
      state: 'asked' as 'asked' | 'accepted',
      jobId: '',
      acceptedAt: 0,
    };
    this.#ledger.jobs.push(job);
    const reply = await this.#send('InitiateJob', 202, () =>
      this.#client.postJob(vault, { ...parameters, Description: description }),
    );
    if (reply?.status !== 202) return;
    job.state = 'accepted';
    job.jobId = reply.header('x-amz-job-id') ?? '';
    job.acceptedAt = this.#ledger.tick();
  }

  // -- all --------------------------------------------------------------------------------------

  /** Sends a request. An answer other than the expected one, or none while it ran, is a fault. */
  async #send(what: string, status: number, request: () => Promise<Reply>): Promise<Outcome> {
    try {
      const reply = await request();
      if (reply.status === status) return reply;
      this.#ledger.faults.push(`${this.#name}: ${what}: ${reply.status} ${reply.text}`);
      return reply;
    } catch (error) {
      if (!this.#ledger.isEnding) {
        this.#ledger.faults.push(`${this.#name}: ${what}: ${(error as Error).message}`);
      }
      return undefined;
    }
  }

  #vault(): string {
    return this.#random.pick(this.#vaults) ?? '';
  }
}

function describedAs({ description }: LedgerArchive) {
  return { headers: { 'x-amz-archive-description': description } };
}

export interface PlannedPart {
  readonly startByte: number;
  readonly endByte: number;
  readonly hash: string;
}

const plannedParts = new WeakMap<LedgerUpload, readonly PlannedPart[]>();

/** The parts that an upload should have in the end. */
export function partsOf(upload: LedgerUpload): readonly PlannedPart[] {
  const known = plannedParts.get(upload);
  if (known !== undefined) return known;
  const bytes = bytesOf(upload.content);
  const count = Math.ceil(bytes.length / upload.partSizeBytes);
  const parts = Array.from({ length: count }, (_, index) => {
    const startByte = index * upload.partSizeBytes;
    const part = bytes.subarray(startByte, startByte + upload.partSizeBytes);
    return { startByte, endByte: startByte + part.length - 1, hash: treeHash(part) };
  });
  plannedParts.set(upload, parts);
  return parts;
}

/** The right bytes of a part. */
export function partBytes({ content, partSizeBytes }: LedgerUpload, startByte: number): Buffer {
  return bytesOf(content).subarray(startByte, startByte + partSizeBytes);
}

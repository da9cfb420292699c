/**
 * Compares a store, after it was started again, with what the clients were told: nothing that was
 * acknowledged is missing or other than it was, nothing that was not is half there. What was open is
 * decided by what is found, and has to stay so.
 */
import { mapFew } from '../../clients/support/map-few.ts';
import {
  type Client,
  type Inventory,
  type InventoryEntry,
  type JsonObject,
  pollUntil,
} from '../../support/client.ts';
import { sha256 } from '../../support/sign.ts';
import { bytesOf, digestOf } from './bytes.ts';
import type { Ledger, LedgerArchive, LedgerJob, LedgerUpload } from './ledger.ts';
import { partBytes, partsOf } from './load.ts';
import type { Random } from './random.ts';

const requestsAtOnce = 8;

interface ListedUpload {
  readonly ArchiveDescription: string | null;
  readonly MultipartUploadId: string;
  readonly PartSizeInBytes: number;
}

interface ListedPart {
  readonly RangeInBytes: string;
  readonly SHA256TreeHash: string;
}

interface ListedJob {
  readonly JobId: string;
  readonly JobDescription: string | null;
  readonly StatusCode: string;
}

export interface VerifyOptions {
  readonly client: Client;
  readonly vaults: readonly string[];
  readonly ledger: Ledger;
  readonly random: Random;
}

/** Everything of a list, page by page. */
export async function listAll<Item>(client: Client, target: string, key: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let marker: string | null = ''; marker !== null; ) {
    const query = marker === '' ? '' : `?marker=${encodeURIComponent(marker)}`;
    const reply = await client.expect(200, 'GET', `${target}${query}`);
    const page = reply.json() as { Marker: string | null } & Record<string, Item[]>;
    items.push(...(page[key] ?? []));
    marker = page.Marker;
  }
  return items;
}

export class Verifier {
  readonly problems: string[] = [];
  readonly #client: Client;
  readonly #vaults: readonly string[];
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #compared = new WeakSet<LedgerArchive>();

  constructor({ client, vaults, ledger, random }: VerifyOptions) {
    this.#client = client;
    this.#vaults = vaults;
    this.#ledger = ledger;
    this.#random = random;
  }

  /**
   * One look at everything that is listed, at all bytes that are new since the last look, and at some
   * older ones (`isFinal`: at all).
   */
  async verify(isFinal: boolean): Promise<void> {
    for (const vault of this.#vaults) await this.#settleVault(vault);
    await this.#finishUploads(isFinal);
    await this.#settleJobs();
    await this.#compareArchives(isFinal);
  }

  #blame(problem: string): void {
    this.problems.push(problem);
  }

  // -- what is listed ---------------------------------------------------------------------------

  async #settleVault(vault: string): Promise<void> {
    const target = `/-/vaults/${vault}/multipart-uploads`;
    const [inventory, uploads] = await Promise.all([
      this.#client.inventory(vault),
      listAll<ListedUpload>(this.#client, target, 'UploadsList'),
    ]);
    const listed = new Map(uploads.map((upload) => [upload.MultipartUploadId, upload]));
    for (const upload of this.#ledger.uploads) {
      if (upload.vault === vault) await this.#settleUpload(upload, listed, inventory);
    }
    for (const id of listed.keys()) this.#blame(`an upload that nobody asked for: ${id}`);
    this.#settleArchives(vault, inventory);
  }

  #settleArchives(vault: string, { ArchiveList }: Inventory): void {
    const left = new Set(ArchiveList);
    for (const archive of this.#ledger.archives) {
      if (archive.vault !== vault) continue;
      const found = ArchiveList.filter((entry) => isEntryOf(entry, archive));
      for (const entry of found) left.delete(entry);
      if (found.length > 1) this.#blame(`${archive.description} is listed ${found.length} times`);
      this.#settleArchive(archive, found[0]);
    }
    for (const entry of left) this.#blame(`an archive that nobody sent: ${JSON.stringify(entry)}`);
  }

  #settleArchive(archive: LedgerArchive, entry: InventoryEntry | undefined): void {
    const { fate, digest, description } = archive;
    if (entry === undefined) {
      if (fate === 'stored') this.#blame(`${description} was acknowledged and is not listed`);
      if (fate === 'asked') archive.fate = 'never';
      if (fate === 'deleting') this.#noteDeleted(archive);
      return;
    }
    if (entry.Size !== digest.sizeBytes || entry.SHA256TreeHash !== digest.treeHash) {
      this.#blame(`${description} is listed as ${entry.Size} bytes, ${entry.SHA256TreeHash}`);
    }
    if (fate === 'never') this.#blame(`${description} was not acknowledged whole and is listed`);
    if (fate === 'deleted') this.#blame(`${description} was deleted and is listed`);
    if (fate === 'deleting') archive.fate = 'stored';
    if (fate === 'asked') {
      archive.fate = 'stored';
      archive.archiveId = entry.ArchiveId;
      archive.storedAt = this.#ledger.tick();
    }
  }

  #noteDeleted(archive: LedgerArchive): void {
    archive.fate = 'deleted';
    archive.deletedAt = this.#ledger.tick();
  }

  // -- uploads ----------------------------------------------------------------------------------

  async #settleUpload(
    upload: LedgerUpload,
    listed: Map<string, ListedUpload>,
    inventory: Inventory,
  ): Promise<void> {
    const { description, state } = upload;
    if (state === 'asked') {
      const found = [...listed.values()].find((one) => one.ArchiveDescription === description);
      upload.state = found === undefined ? 'never' : 'open';
      if (found !== undefined) upload.uploadId = found.MultipartUploadId;
    }
    const found = listed.get(upload.uploadId ?? '');
    listed.delete(upload.uploadId ?? '');
    if (state === 'completing') this.#settleCompletion(upload, found, inventory);
    else if (state === 'aborting') upload.state = found === undefined ? 'aborted' : 'open';
    if (upload.state !== 'open') {
      if (found !== undefined) this.#blame(`${description} is ${upload.state} and is listed`);
      return;
    }
    if (found === undefined) {
      this.#blame(`${description} was acknowledged and is not listed`);
      return;
    }
    if (
      found.PartSizeInBytes !== upload.partSizeBytes ||
      found.ArchiveDescription !== description
    ) {
      this.#blame(`${description} is listed as ${JSON.stringify(found)}`);
    }
    await this.#settleParts(upload);
  }

  /** It has happened wholly or not at all. */
  #settleCompletion(
    upload: LedgerUpload,
    found: ListedUpload | undefined,
    inventory: Inventory,
  ): void {
    const isArchive = inventory.ArchiveList.some(
      (entry) => entry.ArchiveDescription === upload.description,
    );
    if (isArchive === (found !== undefined)) {
      this.#blame(`${upload.description} is ${isArchive ? 'both' : 'neither'} upload and archive`);
    }
    upload.state = isArchive ? 'completed' : 'open';
    if (isArchive) return;
    // It will be an archive of the same description later.
    const { archives } = this.#ledger;
    if (upload.archive) archives.splice(archives.indexOf(upload.archive), 1);
    delete upload.archive;
  }

  async #settleParts(upload: LedgerUpload): Promise<void> {
    const { vault, uploadId, description, parts } = upload;
    const target = `/-/vaults/${vault}/multipart-uploads/${uploadId}`;
    const listed = await listAll<ListedPart>(this.#client, target, 'Parts');
    const hashes = new Map(listed.map((part) => [part.RangeInBytes, part.SHA256TreeHash]));
    for (const { startByte, endByte } of partsOf(upload)) {
      const range = `${startByte}-${endByte}`;
      const hash = hashes.get(range);
      hashes.delete(range);
      const { acknowledged, asked } = parts.get(startByte) ?? {};
      const isLegal = hash === acknowledged || (hash !== undefined && hash === asked);
      if (!isLegal) this.#blame(`part ${range} of ${description}: ${hash} is not ${acknowledged}`);
      if (hash === undefined) parts.delete(startByte);
      else parts.set(startByte, { acknowledged: hash });
    }
    for (const range of hashes.keys()) this.#blame(`${description} has a part ${range}`);
  }

  /** Completes some of the open uploads, and asks again for what was completed before. */
  async #finishUploads(isFinal: boolean): Promise<void> {
    for (const upload of this.#ledger.uploads) {
      const isChosen = isFinal || this.#random.chance(0.4);
      if (upload.state === 'open' && isChosen) await this.#finishUpload(upload);
      else if (upload.state === 'completed' && isChosen) await this.#completeAgain(upload);
      else if (upload.state === 'aborted' && isChosen) await this.#abortAgain(upload);
    }
  }

  async #finishUpload(upload: LedgerUpload): Promise<void> {
    const { vault, uploadId = '', description } = upload;
    for (const { startByte, hash } of partsOf(upload)) {
      if (upload.parts.get(startByte)?.acknowledged === hash) continue;
      await this.#client.uploadPart(vault, uploadId, startByte, partBytes(upload, startByte));
    }
    const digest = digestOf(bytesOf(upload.content));
    const archive = this.#ledger.newArchive(vault, description, digest);
    const { sizeBytes, treeHash } = digest;
    const reply = await this.#client.completeUpload(vault, uploadId, sizeBytes, treeHash);
    upload.state = 'completed';
    upload.archive = archive;
    archive.fate = reply.status === 201 ? 'stored' : 'never';
    archive.archiveId = reply.header('x-amz-archive-id') ?? '';
    archive.storedAt = this.#ledger.tick();
    if (reply.status !== 201) this.#blame(`completing ${description}: ${reply.text}`);
  }

  async #completeAgain({ vault, uploadId = '', archive, description }: LedgerUpload) {
    if (archive === undefined) return;
    const { sizeBytes, treeHash } = archive.digest;
    const reply = await this.#client.completeUpload(vault, uploadId, sizeBytes, treeHash);
    const archiveId = reply.header('x-amz-archive-id');
    if (reply.status !== 201 || archiveId !== archive.archiveId) {
      this.#blame(`completing ${description} again: ${reply.status} ${reply.text} ${archiveId}`);
    }
  }

  async #abortAgain({ vault, uploadId = '', description }: LedgerUpload): Promise<void> {
    const reply = await this.#client.abortUpload(vault, uploadId);
    if (reply.status !== 204) this.#blame(`aborting ${description} again: ${reply.text}`);
  }

  // -- jobs -------------------------------------------------------------------------------------

  async #settleJobs(): Promise<void> {
    const listed = new Map<string, ListedJob>();
    for (const vault of this.#vaults) {
      const jobs = await listAll<ListedJob>(this.#client, `/-/vaults/${vault}/jobs`, 'JobList');
      for (const job of jobs) listed.set(job.JobId, job);
    }
    for (const job of this.#ledger.jobs) this.#settleJob(job, listed);
    const open = this.#ledger.jobs.filter((job) => job.state === 'accepted' && !job.isChecked);
    await mapFew(open, requestsAtOnce, (job) => this.#checkJob(job));
  }

  #settleJob(job: LedgerJob, listed: ReadonlyMap<string, ListedJob>): void {
    const { description } = job;
    if (job.state === 'accepted') {
      const found = listed.get(job.jobId ?? '');
      if (found === undefined) this.#blame(`${description} was accepted and is not listed`);
      else if (job.isSucceeded && found.StatusCode !== 'Succeeded') {
        this.#blame(`${description} was Succeeded and is ${found.StatusCode}`);
      }
      return;
    }
    const found = [...listed.values()].find((one) => one.JobDescription === description);
    if (found === undefined) {
      job.state = 'never';
    } else if (job.state === 'never') {
      this.#blame(`${description} was not there and is listed now`);
    } else {
      job.state = 'accepted';
      job.jobId = found.JobId;
      job.acceptedAt = this.#ledger.tick();
    }
  }

  async #checkJob(job: LedgerJob): Promise<void> {
    const { vault, jobId = '', archive, description } = job;
    const { StatusCode } = await this.#client.waitForJob(vault, jobId);
    job.isChecked = true;
    // A job for an archive that was deleted meanwhile may fail (wire page, DeleteArchive).
    if (StatusCode !== 'Succeeded') {
      const mayFail = archive?.deleteAskedAt !== undefined;
      if (!mayFail)
        this.#blame(`${description} of ${archive?.description} is ${String(StatusCode)}`);
      return;
    }
    job.isSucceeded = true;
    const reply = await this.#client.getJobOutput(vault, jobId);
    if (archive) this.#compare(archive, reply.body, description);
    else this.#checkSnapshot(job, reply.json() as Inventory);
  }

  /** An inventory is the vault as it was when the job was asked for. */
  #checkSnapshot(job: LedgerJob, { ArchiveList }: Inventory): void {
    const { askedAt, acceptedAt = Number.POSITIVE_INFINITY, description, vault } = job;
    const left = new Set(ArchiveList);
    for (const archive of this.#ledger.archives.filter((one) => one.vault === vault)) {
      const entry = ArchiveList.find((one) => isEntryOf(one, archive));
      if (entry) left.delete(entry);
      const { storedAt, deleteAskedAt, deletedAt, fate } = archive;
      const wasThere = storedAt !== undefined && storedAt < askedAt;
      const isDeletedLater = deleteAskedAt === undefined || deleteAskedAt > acceptedAt;
      const isTooLate = archive.askedAt > acceptedAt;
      const wasDeleted = deletedAt !== undefined && deletedAt < askedAt;
      if (entry && (isTooLate || wasDeleted || fate === 'never')) {
        this.#blame(`the inventory of ${description} holds ${archive.description} (${fate})`);
      }
      if (!entry && wasThere && isDeletedLater) {
        this.#blame(`the inventory of ${description} is without ${archive.description}`);
      }
    }
    for (const entry of left) {
      this.#blame(`the inventory of ${description} holds a stranger: ${JSON.stringify(entry)}`);
    }
  }

  // -- bytes ------------------------------------------------------------------------------------

  async #compareArchives(isFinal: boolean): Promise<void> {
    const archives = this.#ledger.archives.filter((archive) => {
      if (archive.fate === 'deleted') return this.#random.chance(isFinal ? 1 : 0.1);
      if (archive.fate !== 'stored') return false;
      return isFinal || !this.#compared.has(archive) || this.#random.chance(0.05);
    });
    await mapFew(archives, requestsAtOnce, (archive) =>
      archive.fate === 'deleted' ? this.#expectGone(archive) : this.#retrieve(archive),
    );
  }

  async #retrieve(archive: LedgerArchive): Promise<void> {
    const { vault, archiveId = '', description } = archive;
    const jobId = await this.#client.retrieveArchive(vault, archiveId, { Tier: 'Expedited' });
    const job: JsonObject = await this.#client.waitForJob(vault, jobId);
    if (job.StatusCode !== 'Succeeded') {
      this.#blame(`the retrieval of ${description} is ${String(job.StatusCode)}`);
      return;
    }
    const reply = await this.#client.getJobOutput(vault, jobId);
    const name = reply.header('x-amz-archive-description');
    if (name !== description) this.#blame(`${description} is called ${name}`);
    const hash = reply.header('x-amz-sha256-tree-hash');
    if (hash !== archive.digest.treeHash) this.#blame(`${description} comes with ${hash}`);
    this.#compare(archive, reply.body, 'a new job');
    this.#compared.add(archive);
  }

  #compare({ digest, description }: LedgerArchive, bytes: Buffer, job: string): void {
    if (sha256(bytes) !== digest.sha256) {
      this.#blame(`${description} came as ${bytes.length} other bytes from ${job}`);
    }
  }

  async #expectGone({ vault, archiveId = '', description }: LedgerArchive): Promise<void> {
    const parameters = { Type: 'archive-retrieval', ArchiveId: archiveId };
    const reply = await this.#client.postJob(vault, parameters);
    if (reply.status !== 404) this.#blame(`${description} is deleted: ${reply.status}`);
    const again = await this.#client.deleteArchive(vault, archiveId);
    if (again.status !== 204) this.#blame(`deleting ${description} again: ${again.text}`);
  }
}

/** By its id, or by its description as long as the id was never told. */
function isEntryOf(entry: InventoryEntry, archive: LedgerArchive): boolean {
  return archive.archiveId === undefined
    ? entry.ArchiveDescription === archive.description
    : entry.ArchiveId === archive.archiveId;
}

/** Resolves when the server says that it is ready. */
export async function expectReady(client: Client): Promise<void> {
  await pollUntil(
    () => client.request('GET', '/readyz', { signing: 'none' }),
    (reply) => reply.status === 200,
  );
}

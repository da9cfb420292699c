/**
 * The whole story, told by every client in its own words against a real server: vault, archives whole
 * and in parts, inventories, retrievals, ranges, a restart, refusals, and everything deleted again.
 * What must come out is computed here, by nothing of `src/` (wire page, sections 3 and 4).
 */
import { describe, expect, it } from 'vitest';
import { ARCHIVE_ID, DATE, INVENTORY_DATE, JOB_ID, UPLOAD_ID } from '../../support/check.ts';
import { pollUntil, uniqueName } from '../../support/client.ts';
import { content, partVectors, SEVEN_MIB_123 } from '../../support/content.ts';
import { MIB, treeHash } from '../../support/tree-hash.ts';
import { mapFew } from './map-few.ts';
import type { OwnServer } from './own-server.ts';
import type { Fields, MakeClient, Operation, StoryClient } from './story-client.ts';

export interface PlannedArchive {
  readonly sizeBytes: number;
  /** Uploaded in parts of this size; absent: in one request. */
  readonly partSizeBytes?: number;
  readonly description?: string;
  /** Where in the content it begins, so that no two archives are alike. */
  readonly startByte?: number;
}

/** Sizes around every edge: of a segment, of a leaf, of a part. */
const everyEdge: readonly PlannedArchive[] = [
  { sizeBytes: 1, description: 'one byte', startByte: 7 },
  { sizeBytes: MIB / 4, startByte: 11 },
  { sizeBytes: MIB / 4 + 1, description: 'two  inner spaces', startByte: 13 },
  { sizeBytes: MIB, description: 'say "so", then \\ stop', startByte: 17 },
  { sizeBytes: MIB + 1, description: '=1+1', startByte: 19 },
  { sizeBytes: 7 * MIB + 123, description: `${'x'.repeat(1023)}~`, startByte: 23 },
  { sizeBytes: 7 * MIB + 123, partSizeBytes: MIB, description: 'eight parts', startByte: 29 },
  { sizeBytes: SEVEN_MIB_123.sizeBytes, partSizeBytes: 4 * MIB, description: 'the vectors' },
  { sizeBytes: 3 * MIB, partSizeBytes: MIB, startByte: 31 },
  { sizeBytes: 1, partSizeBytes: 4 * MIB, description: 'one short part', startByte: 37 },
];

const fewEdges: readonly PlannedArchive[] = [
  { sizeBytes: 1, startByte: 7 },
  { sizeBytes: MIB + 1, description: 'say "so",  then \\ stop', startByte: 19 },
  { sizeBytes: SEVEN_MIB_123.sizeBytes, partSizeBytes: 4 * MIB, description: 'the vectors' },
];

export interface StoryOptions {
  readonly own: OwnServer;
  readonly makeClient: MakeClient;
  /** Requests in flight at the same time. */
  readonly atOnce: number;
  /** Every step, but in as few requests as can be, for a client that takes half a second for each. */
  readonly isBrief?: boolean;
}

interface StoredArchive extends PlannedArchive {
  readonly archiveId: string;
  readonly bytes: Buffer;
  readonly treeHash: string;
  /** The job whose output is read, before the restart and after it. */
  jobId?: string;
}

interface InventoryItem {
  readonly ArchiveId: string;
  readonly ArchiveDescription: string;
  readonly CreationDate: string;
  readonly Size: number;
  readonly SHA256TreeHash: string;
}

/** Bytes `startByte` to `endByte` of a job's output, and the hash that must come with them. */
interface Download {
  readonly range: string;
  readonly startByte: number;
  readonly endByte: number;
  readonly treeHash: string | undefined;
}

const vectorDownloads: readonly Download[] = [
  ...(partVectors.get(4 * MIB) ?? []).map((part) => ({
    ...part,
    range: `bytes=${part.startByte}-${part.endByte}`,
  })),
  // A Range is answered by its own rules: MiB-aligned without a hash, not aligned, open, from the end.
  { range: 'bytes=1048576-3145727', startByte: MIB, endByte: 3 * MIB - 1, treeHash: undefined },
  { range: 'bytes=1048575-1048576', startByte: MIB - 1, endByte: MIB, treeHash: undefined },
  {
    range: 'bytes=7340032-',
    startByte: 7 * MIB,
    endByte: SEVEN_MIB_123.sizeBytes - 1,
    treeHash: partVectors.get(MIB)?.at(-1)?.treeHash,
  },
  {
    range: 'bytes=-1',
    startByte: SEVEN_MIB_123.sizeBytes - 1,
    endByte: SEVEN_MIB_123.sizeBytes - 1,
    treeHash: undefined,
  },
];

function partsOf({ bytes, partSizeBytes = 0 }: { bytes: Buffer; partSizeBytes?: number }) {
  const count = Math.ceil(bytes.length / partSizeBytes);
  return Array.from({ length: count }, (_, index) => {
    const startByte = index * partSizeBytes;
    const part = bytes.subarray(startByte, startByte + partSizeBytes);
    return { range: `${startByte}-${startByte + part.length - 1}`, bytes: part };
  });
}

/** The description as an inventory in CSV shows it: always quoted, a quote escaped, nothing else. */
function csvLine(item: InventoryItem): string {
  const description = item.ArchiveDescription.replaceAll('"', '\\"');
  return `${item.ArchiveId},"${description}",${item.CreationDate},${item.Size},${item.SHA256TreeHash}\n`;
}

/** One telling: the state that its steps share. */
class Story {
  readonly vault = uniqueName('story');
  readonly archives: StoredArchive[] = [];
  readonly #options: StoryOptions;
  readonly #isBrief: boolean;
  readonly #plan: readonly PlannedArchive[];
  #client: StoryClient | undefined;

  constructor(options: StoryOptions) {
    this.#options = options;
    this.#isBrief = options.isBrief ?? false;
    this.#plan = this.#isBrief ? fewEdges : everyEdge;
  }

  get #server() {
    return this.#options.own.server;
  }

  get client(): StoryClient {
    this.#client ??= this.#options.makeClient(this.#server);
    return this.#client;
  }

  get #arn(): string {
    const { region, accountId } = this.#server;
    return `arn:aws:glacier:${region}:${accountId}:vaults/${this.vault}`;
  }

  get #path(): string {
    return `/${this.#server.accountId}/vaults/${this.vault}`;
  }

  call(operation: Operation, input: Fields = {}): Promise<Fields> {
    return this.client.call(operation, { accountId: '-', vaultName: this.vault, ...input });
  }

  #each<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>) {
    return mapFew(items, this.#options.atOnce, work);
  }

  async #refusal(operation: Operation, input: Fields, client = this.client) {
    const all = { accountId: '-', vaultName: this.vault, ...input };
    try {
      await client.call(operation, all);
    } catch (error) {
      return client.refusal(error);
    }
    return { code: 'none', message: 'it was accepted' };
  }

  // -- the steps --------------------------------------------------------------------------------

  async makeVault(): Promise<void> {
    const created = await this.call('CreateVault');
    expect(created.location).toBe(this.#path);
    const again = this.#isBrief ? created : await this.call('CreateVault');
    expect(again.location).toBe(this.#path);
    await this.#expectVault({ NumberOfArchives: 0, SizeInBytes: 0 });
    const { VaultList } = await this.client.call('ListVaults', { accountId: '-' });
    expect(VaultList).toEqual([expect.objectContaining({ VaultName: this.vault })]);
  }

  async #expectVault(counts: Fields): Promise<void> {
    const vault = await this.call('DescribeVault');
    expect(vault).toMatchObject({ VaultName: this.vault, VaultARN: this.#arn, ...counts });
    expect(vault.CreationDate).toMatch(DATE);
  }

  async uploadWhole(): Promise<void> {
    const planned = this.#plan.filter((archive) => archive.partSizeBytes === undefined);
    const stored = await this.#each(planned, async (archive) => {
      const bytes = content(archive.sizeBytes, archive.startByte);
      const output = await this.call('UploadArchive', {
        archiveDescription: archive.description,
        body: bytes,
      });
      return this.#stored(archive, bytes, output);
    });
    this.archives.push(...stored);
  }

  #stored(archive: PlannedArchive, bytes: Buffer, output: Fields): StoredArchive {
    const archiveId = String(output.archiveId);
    const hash = treeHash(bytes);
    expect(archiveId).toMatch(ARCHIVE_ID);
    expect(output.checksum).toBe(hash);
    expect(this.client.treeHash(bytes)).toBe(hash);
    expect(output.location).toBe(`${this.#path}/archives/${archiveId}`);
    return { ...archive, archiveId, bytes, treeHash: hash };
  }

  async uploadInParts(): Promise<void> {
    const planned = this.#plan.filter((archive) => archive.partSizeBytes !== undefined);
    for (const archive of planned) this.archives.push(await this.#uploadOneInParts(archive));
    if (this.#isBrief) return;
    const { UploadsList } = await this.call('ListMultipartUploads');
    expect(UploadsList).toEqual([]);
  }

  /** Is interrupted before the first part, finds out by itself what is missing, and goes on. */
  async #uploadOneInParts(archive: PlannedArchive): Promise<StoredArchive> {
    const bytes = content(archive.sizeBytes, archive.startByte);
    const parts = partsOf({ ...archive, bytes });
    const begun = await this.call('InitiateMultipartUpload', {
      archiveDescription: archive.description,
      partSize: String(archive.partSizeBytes),
    });
    const uploadId = String(begun.uploadId);
    expect(uploadId).toMatch(UPLOAD_ID);
    expect(begun.location).toBe(`${this.#path}/multipart-uploads/${uploadId}`);
    await this.#uploadParts(uploadId, parts.slice(1));
    await this.#expectUploadListed(uploadId, archive);
    const listed = await this.#listedParts(uploadId);
    const expected = parts.slice(1).map((part) => [part.range, this.client.treeHash(part.bytes)]);
    expect([...listed]).toEqual(expected);
    await this.#uploadParts(
      uploadId,
      parts.filter((part) => !listed.has(part.range)),
    );
    const output = await this.call('CompleteMultipartUpload', {
      uploadId,
      archiveSize: String(bytes.length),
      checksum: this.client.treeHash(bytes),
    });
    if (!this.#isBrief) {
      expect(await this.#refusal('ListParts', { uploadId })).toEqual({
        code: 'ResourceNotFoundException',
        message: `The upload ID was not found: ${uploadId}`,
      });
    }
    return this.#stored(archive, bytes, output);
  }

  async #uploadParts(uploadId: string, parts: ReturnType<typeof partsOf>): Promise<void> {
    await this.#each(parts, async ({ range, bytes }) => {
      const output = await this.call('UploadMultipartPart', {
        uploadId,
        range: `bytes ${range}/*`,
        body: bytes,
      });
      expect(output.checksum).toBe(treeHash(bytes));
    });
  }

  async #expectUploadListed(uploadId: string, archive: PlannedArchive): Promise<void> {
    const { UploadsList } = await this.call('ListMultipartUploads');
    expect(UploadsList).toEqual([
      expect.objectContaining({
        MultipartUploadId: uploadId,
        PartSizeInBytes: archive.partSizeBytes,
        VaultARN: this.#arn,
        CreationDate: expect.stringMatching(DATE),
      }),
    ]);
    const [upload] = UploadsList as Fields[];
    expect(upload?.ArchiveDescription ?? undefined).toBe(archive.description);
  }

  async #listedParts(uploadId: string): Promise<ReadonlyMap<string, string>> {
    const output = await this.call('ListParts', { uploadId });
    const parts = output.Parts as { RangeInBytes: string; SHA256TreeHash: string }[];
    return new Map(parts.map((part) => [part.RangeInBytes, part.SHA256TreeHash]));
  }

  async takeInventories(): Promise<void> {
    const sizeBytes = this.archives.reduce((sum, { bytes }) => sum + bytes.length + 32_768, 0);
    await this.#expectVault({ NumberOfArchives: this.archives.length, SizeInBytes: sizeBytes });
    const [json, csv] = await this.#each(['JSON', 'CSV'], (format) => this.#inventory(format));
    const text = String(json);
    const inventory = JSON.parse(text) as {
      readonly InventoryDate: string;
      readonly ArchiveList: readonly InventoryItem[];
    };
    const { InventoryDate, ArchiveList } = inventory;
    expect(InventoryDate).toMatch(INVENTORY_DATE);
    expect(new Set(ArchiveList)).toEqual(new Set(this.archives.map((one) => this.#item(one))));
    const dates = ArchiveList.map((item) => item.CreationDate);
    expect(dates).toEqual([...dates].sort());
    const head = 'ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\n';
    expect(csv).toBe(`${head}${ArchiveList.map(csvLine).join('')}`);
    expect(text).toBe(JSON.stringify({ VaultARN: this.#arn, InventoryDate, ArchiveList }));
  }

  #item({ archiveId, bytes, treeHash: hash, description = '' }: StoredArchive): unknown {
    return {
      ArchiveId: archiveId,
      ArchiveDescription: description,
      CreationDate: expect.stringMatching(INVENTORY_DATE),
      Size: bytes.length,
      SHA256TreeHash: hash,
    };
  }

  async #inventory(format: string): Promise<string> {
    const jobId = await this.#startJob({ Type: 'inventory-retrieval', Format: format });
    const job = await this.#completedJob(jobId);
    expect(job).toMatchObject({ Action: 'InventoryRetrieval', StatusCode: 'Succeeded' });
    const output = await this.call('GetJobOutput', { jobId });
    const body = output.body as Buffer;
    expect(output.contentType).toBe(format === 'CSV' ? 'text/csv' : 'application/json');
    expect(job.InventorySizeInBytes).toBe(body.length);
    expect(output.checksum).toBeUndefined();
    return body.toString('utf8');
  }

  async #startJob(jobParameters: Fields): Promise<string> {
    const output = await this.call('InitiateJob', { jobParameters });
    const jobId = String(output.jobId);
    expect(jobId).toMatch(JOB_ID);
    expect(output.location).toBe(`${this.#path}/jobs/${jobId}`);
    return jobId;
  }

  #completedJob(jobId: string): Promise<Fields> {
    return pollUntil(
      () => this.call('DescribeJob', { jobId }),
      (job) => job.Completed === true,
    );
  }

  async retrieve(): Promise<void> {
    await this.#each(this.archives, async (archive) => {
      archive.jobId = await this.#startJob({
        Type: 'archive-retrieval',
        ArchiveId: archive.archiveId,
        Description: `of ${archive.bytes.length} bytes`,
        Tier: 'Expedited',
      });
    });
    const wanted = this.archives.map((archive) => archive.jobId);
    const jobs = await pollUntil(
      async () => (await this.call('ListJobs', { limit: '50' })).JobList as Fields[],
      (list) => wanted.every((id) => list.some((job) => job.JobId === id && job.Completed)),
    );
    for (const archive of this.archives) {
      expect(jobs.find((job) => job.JobId === archive.jobId)).toMatchObject({
        Action: 'ArchiveRetrieval',
        ArchiveId: archive.archiveId,
        ArchiveSHA256TreeHash: archive.treeHash,
        ArchiveSizeInBytes: archive.bytes.length,
        CompletionDate: expect.stringMatching(DATE),
        JobDescription: `of ${archive.bytes.length} bytes`,
        RetrievalByteRange: `0-${archive.bytes.length - 1}`,
        SHA256TreeHash: archive.treeHash,
        StatusCode: 'Succeeded',
        StatusMessage: 'Succeeded',
        Tier: 'Expedited',
        VaultARN: this.#arn,
      });
    }
  }

  /** Every byte of every archive, and the hash that comes with them. */
  async download(): Promise<void> {
    await this.#each(this.archives, async (archive) => {
      const output = await this.call('GetJobOutput', { jobId: archive.jobId });
      const body = output.body as Buffer;
      expect(body.equals(archive.bytes)).toBe(true);
      expect(output.checksum).toBe(archive.treeHash);
      expect(this.client.treeHash(body)).toBe(archive.treeHash);
      expect(output.archiveDescription).toBe(archive.description);
      expect(output).toMatchObject({
        status: 200,
        contentType: 'application/octet-stream',
        acceptRanges: 'bytes',
      });
      expect(output.contentRange).toBeUndefined();
    });
  }

  get #vectorArchive(): StoredArchive {
    const archive = this.archives.find((one) => one.treeHash === SEVEN_MIB_123.treeHash);
    if (archive === undefined) throw new Error('no plan is without the archive of the vectors');
    return archive;
  }

  async downloadRanges(): Promise<void> {
    const { jobId, bytes } = this.#vectorArchive;
    const downloads = this.#isBrief ? vectorDownloads.slice(1, 3) : vectorDownloads;
    await this.#each(downloads, async (download) => {
      const { startByte, endByte, range } = download;
      const output = await this.call('GetJobOutput', { jobId, range });
      const body = output.body as Buffer;
      expect(body.equals(bytes.subarray(startByte, endByte + 1))).toBe(true);
      expect(output.status).toBe(206);
      expect(output.contentRange).toBe(`bytes ${startByte}-${endByte}/${bytes.length}`);
      expect(output.checksum).toBe(download.treeHash);
      if (download.treeHash !== undefined) {
        expect(this.client.treeHash(body)).toBe(download.treeHash);
      }
    });
  }

  /** A job for a part of the archive: offsets of its downloads are the output's own. */
  async retrieveRange(): Promise<void> {
    const { archiveId, bytes } = this.#vectorArchive;
    const tail = partVectors.get(4 * MIB)?.at(-1);
    const jobId = await this.#startJob({
      Type: 'archive-retrieval',
      ArchiveId: archiveId,
      RetrievalByteRange: `${4 * MIB}-${bytes.length - 1}`,
    });
    expect(await this.#completedJob(jobId)).toMatchObject({
      ArchiveSHA256TreeHash: SEVEN_MIB_123.treeHash,
      RetrievalByteRange: `${4 * MIB}-${bytes.length - 1}`,
      SHA256TreeHash: tail?.treeHash,
      StatusCode: 'Succeeded',
      Tier: 'Standard',
    });
    const whole = await this.call('GetJobOutput', { jobId });
    expect((whole.body as Buffer).equals(bytes.subarray(4 * MIB))).toBe(true);
    expect(whole.checksum).toBe(tail?.treeHash);
    const piece = await this.call('GetJobOutput', { jobId, range: 'bytes=0-2097151' });
    expect((piece.body as Buffer).equals(bytes.subarray(4 * MIB, 6 * MIB))).toBe(true);
    expect(piece.contentRange).toBe(`bytes 0-2097151/${bytes.length - 4 * MIB}`);
    expect(piece.checksum).toBe(partVectors.get(2 * MIB)?.[2]?.treeHash);
  }

  async restart(): Promise<void> {
    expect(await this.#server.stop()).toBe(0);
    await this.close();
    await this.#server.restart();
  }

  /** What the service refuses, by the names that this client gives to it. */
  async beRefused(): Promise<void> {
    const [archive] = this.archives;
    const bytes = Buffer.from('hello');
    const wrong = '0'.repeat(64);
    const own = treeHash(bytes);
    const cases: readonly (readonly [Operation, Fields, string, string])[] = [
      [
        'DescribeVault',
        { vaultName: 'nosuch' },
        'ResourceNotFoundException',
        `Vault not found for ARN: ${this.#arn.replace(this.vault, 'nosuch')}`,
      ],
      [
        'GetJobOutput',
        { jobId: 'nosuch' },
        'ResourceNotFoundException',
        'The job ID was not found: nosuch',
      ],
      [
        'UploadArchive',
        { body: bytes, checksum: wrong },
        'InvalidParameterValueException',
        `Checksum mismatch: expected ${wrong}, computed ${own}`,
      ],
      [
        'InitiateMultipartUpload',
        { partSize: '12345' },
        'InvalidParameterValueException',
        'Invalid part size: 12345. Part size must not be null, must be a power of two and be between 1048576 and 4294967296 bytes.',
      ],
      [
        'InitiateJob',
        { jobParameters: { Type: 'nonsense' } },
        'InvalidParameterValueException',
        'Invalid job type: nonsense',
      ],
      [
        'InitiateJob',
        { jobParameters: { Type: 'archive-retrieval' } },
        'MissingParameterValueException',
        'Required parameter missing: archiveId',
      ],
      [
        'GetJobOutput',
        { jobId: archive?.jobId, range: 'bytes=1048576-' },
        'InvalidParameterValueException',
        'Invalid range: bytes=1048576-',
      ],
      [
        'DeleteVault',
        {},
        'InvalidParameterValueException',
        `Vault not empty or recently written to: ${this.#arn}`,
      ],
      [
        'DescribeVault',
        { accountId: '999999999999' },
        'AccessDeniedException',
        'Access denied for account ID: 999999999999',
      ],
    ];
    const tried = this.#isBrief ? cases.slice(0, 3) : cases;
    const refusals = await this.#each(tried, ([operation, input]) =>
      this.#refusal(operation, input),
    );
    expect(refusals).toEqual(tried.map(([, , code, message]) => ({ code, message })));
  }

  async beUnknown(): Promise<void> {
    const server = this.#server;
    const target = {
      endpoint: server.endpoint,
      accountId: server.accountId,
      region: server.region,
      accessKeyId: server.accessKeyId,
      secretAccessKey: server.secretAccessKey,
    };
    const everyImposter = [
      { ...target, secretAccessKey: 'not-the-secret' },
      { ...target, accessKeyId: 'AKIANOBODY' },
      { ...target, region: 'eu-west-3' },
    ];
    const imposters = this.#isBrief ? everyImposter.slice(0, 1) : everyImposter;
    const codes = await this.#each(imposters, async (imposter) => {
      const client = this.#options.makeClient(imposter);
      const refusal = await this.#refusal('DescribeVault', {}, client);
      await client.close();
      return refusal.code;
    });
    const expected = [
      'InvalidSignatureException',
      'UnrecognizedClientException',
      'InvalidSignatureException',
    ];
    expect(codes).toEqual(expected.slice(0, imposters.length));
  }

  async deleteEverything(): Promise<void> {
    const [first] = this.archives;
    await this.#each(this.archives, ({ archiveId }) => this.call('DeleteArchive', { archiveId }));
    await this.#expectVault({ NumberOfArchives: 0, SizeInBytes: 0 });
    if (!this.#isBrief && first !== undefined) await this.#expectDeleted(first);
    await this.call('DeleteVault');
    const { VaultList } = await this.client.call('ListVaults', { accountId: '-' });
    expect(VaultList).toEqual([]);
  }

  /** Gone for whoever asks now; what was made ready before stays. */
  async #expectDeleted({ archiveId, jobId, bytes }: StoredArchive): Promise<void> {
    await this.call('DeleteArchive', { archiveId });
    const jobParameters = { Type: 'archive-retrieval', ArchiveId: archiveId };
    expect(await this.#refusal('InitiateJob', { jobParameters })).toEqual({
      code: 'ResourceNotFoundException',
      message: `The archive ID was not found: ${archiveId}`,
    });
    const kept = await this.call('GetJobOutput', { jobId });
    expect((kept.body as Buffer).equals(bytes)).toBe(true);
    expect(JSON.parse(await this.#inventory('JSON'))).toMatchObject({ ArchiveList: [] });
  }

  async close(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
  }
}

/** Declares the story's tests, one a step; each builds on those before it. */
export function tellStory(options: StoryOptions): void {
  describe('the whole story', () => {
    const story = new Story(options);
    it('makes a vault, describes and lists it', () => story.makeVault());
    it('uploads archives whole', () => story.uploadWhole());
    it('uploads archives in parts, resuming from the list of parts', () => story.uploadInParts());
    it('takes the inventory as JSON and CSV', () => story.takeInventories());
    it('retrieves every archive', () => story.retrieve());
    it('downloads every byte', () => story.download());
    it('downloads ranges', () => story.downloadRanges());
    it('retrieves a range', () => story.retrieveRange());
    it('downloads the same after a restart', async () => {
      await story.restart();
      await story.download();
      if (!options.isBrief) await story.downloadRanges();
    });
    it('names what is refused', () => story.beRefused());
    it('names what is wrong with credentials', () => story.beUnknown());
    it('deletes the archives and the vault', async () => {
      await story.deleteEverything();
      await story.close();
    });
  });
}

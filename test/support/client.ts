/**
 * A small Glacier client for the tests. `request` gives every liberty (headers, target, signing,
 * sending); the named methods below it do what a healthy client does and fail on anything else.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Body, type Exchange, exchange, type Reply } from './http.ts';
import type { Target } from './server.ts';
import {
  authorization,
  basicDate,
  type HeaderList,
  presign,
  type Scope,
  sha256,
  type Unsigned,
} from './sign.ts';
import { treeHash } from './tree-hash.ts';

export interface SigningOptions {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly region?: string;
  readonly service?: string;
  readonly date?: Date;
  readonly scopeDate?: string;
  readonly terminator?: string;
  /** Header names signed besides host, date (when it is the signing date) and x-amz-*. */
  readonly alsoSign?: readonly string[];
  /** Header names left out of the signature. */
  readonly leaveOut?: readonly string[];
}

export interface RequestOptions
  extends Pick<Exchange, 'agent' | 'stopAfterBytes' | 'breakOff' | 'readAtMostBytes' | 'body'> {
  /**
   * A header set to undefined is not sent, also when the client would add it itself; one with
   * several values is sent several times.
   */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly signing?: SigningOptions | 'none';
  /** Changes the header lines after signing. */
  readonly tamper?: (headers: HeaderList) => HeaderList;
  /** What is signed as the payload, where it is not the body. */
  readonly signedBody?: string | Uint8Array;
}

export interface PresignOptions {
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signedHeaders?: Readonly<Record<string, string>>;
  readonly expiresSeconds?: number | string;
  readonly date?: Date;
  readonly tamper?: (target: string) => string;
}

export type JsonObject = Record<string, unknown>;

export interface VaultDescription {
  readonly CreationDate: string;
  readonly LastInventoryDate: string | null;
  readonly NumberOfArchives: number;
  readonly SizeInBytes: number;
  readonly VaultARN: string;
  readonly VaultName: string;
}

const POLL_MS = 10;
const POLL_LIMIT_MS = 20_000;

/** Asks again and again until the answer is good; fails after 20 seconds. */
export async function pollUntil<Value>(
  ask: () => Promise<Value>,
  isGood: (value: Value) => boolean,
): Promise<Value> {
  const deadline = Date.now() + POLL_LIMIT_MS;
  for (;;) {
    const value = await ask();
    if (isGood(value)) return value;
    if (Date.now() > deadline) {
      throw new Error(`Waited too long; the last was ${JSON.stringify(value)}`);
    }
    await delay(POLL_MS);
  }
}

/** A name that no other test has. */
export function uniqueName(prefix = 'vault'): string {
  return `${prefix}-${randomBytes(8).toString('hex')}`;
}

/** The two hash headers of an upload. */
export function hashHeaders(bytes: Uint8Array): Record<string, string> {
  return { 'x-amz-content-sha256': sha256(bytes), 'x-amz-sha256-tree-hash': treeHash(bytes) };
}

function lengthOf(body: Body | undefined): number | undefined {
  if (body === undefined) return 0;
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.length : undefined;
}

function signedNames(headers: HeaderList, options: SigningOptions): string[] {
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const usesDate = names.has('date') && !names.has('x-amz-date');
  const wanted = [...names].filter(
    (name) =>
      name === 'host' ||
      name.startsWith('x-amz-') ||
      (usesDate && name === 'date') ||
      options.alsoSign?.includes(name),
  );
  return wanted.filter((name) => !options.leaveOut?.includes(name));
}

export class Client {
  readonly target: Target;

  constructor(target: Target) {
    this.target = target;
  }

  // -- any request ------------------------------------------------------------------------------

  scope(options: SigningOptions = {}, date = basicDate(options.date ?? new Date())): Scope {
    const { accessKeyId, secretAccessKey, region } = { ...this.target, ...options };
    return {
      credentials: { accessKeyId, secretAccessKey },
      region,
      service: options.service,
      date,
      scopeDate: options.scopeDate,
      terminator: options.terminator,
    };
  }

  /** The header lines of a request before it is signed. */
  headersFor(method: string, options: RequestOptions): HeaderList {
    const signing = options.signing === 'none' ? {} : (options.signing ?? {});
    const length = lengthOf(options.body);
    const hasLength = length !== undefined && (length > 0 || method === 'POST' || method === 'PUT');
    const lines = new Map<string, readonly [string, string | readonly string[] | undefined]>();
    const defaults = {
      Host: new URL(this.target.endpoint).host,
      'x-amz-date': basicDate(signing.date ?? new Date()),
      'x-amz-glacier-version': '2012-06-01',
      'Content-Length': hasLength ? String(length) : undefined,
    };
    for (const [name, value] of Object.entries({ ...defaults, ...options.headers })) {
      const key = name.toLowerCase();
      lines.set(key, [name, value]);
    }
    return [...lines.values()].flatMap(([name, value = []]) =>
      [value].flat().map((one) => [name, one] as const),
    );
  }

  /** What is signed for a request, so that a test can tell what the server should have computed. */
  unsigned(method: string, target: string, options: RequestOptions = {}): Unsigned {
    const headers = this.headersFor(method, options);
    const find = (wanted: string): string | undefined =>
      headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
    const body = options.signedBody ?? options.body ?? '';
    const hashable = typeof body === 'string' || body instanceof Uint8Array ? body : '';
    return {
      method,
      target,
      headers,
      signedNames: signedNames(headers, options.signing === 'none' ? {} : (options.signing ?? {})),
      payloadHash: find('x-amz-content-sha256') ?? sha256(hashable),
    };
  }

  /** The header lines of a request, signed and tampered with as the options say. */
  signedHeaders(method: string, target: string, options: RequestOptions = {}): HeaderList {
    const unsigned = this.unsigned(method, target, options);
    let headers = unsigned.headers;
    if (options.signing !== 'none') {
      const find = (wanted: string): string | undefined =>
        headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
      const date = find('x-amz-date') ?? find('date');
      const scope = this.scope(options.signing, date);
      headers = [...headers, ['Authorization', authorization(unsigned, scope)]];
    }
    return options.tamper === undefined ? headers : options.tamper(headers);
  }

  /** Signs and sends one request. */
  request(method: string, target: string, options: RequestOptions = {}): Promise<Reply> {
    const headers = this.signedHeaders(method, target, options);
    const { endpoint } = this.target;
    return exchange({ ...options, endpoint, method, target, headers });
  }

  /** Request line and headers of a signed request, as text for a plain socket. */
  head(method: string, target: string, options: RequestOptions = {}): string {
    const lines = this.signedHeaders(method, target, options);
    const headers = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return `${method} ${target} HTTP/1.1\r\n${headers}\r\n`;
  }

  /** A GET with its signature in the query. Only the headers named as signed are signed. */
  presignedGet(target: string, options: PresignOptions = {}): Promise<Reply> {
    const host = new URL(this.target.endpoint).host;
    const signed: HeaderList = [['Host', host], ...Object.entries(options.signedHeaders ?? {})];
    const scope = this.scope(options.date === undefined ? {} : { date: options.date });
    const url = presign(
      {
        method: 'GET',
        target,
        headers: signed,
        signedNames: signed.map(([name]) => name.toLowerCase()),
      },
      scope,
      options.expiresSeconds ?? 3600,
    );
    return exchange({
      endpoint: this.target.endpoint,
      method: 'GET',
      target: options.tamper === undefined ? url : options.tamper(url),
      headers: [...signed, ...Object.entries(options.headers ?? {})],
    });
  }

  /** A request that must give this status. */
  async expect(
    status: number,
    method: string,
    target: string,
    options: RequestOptions = {},
  ): Promise<Reply> {
    const reply = await this.request(method, target, options);
    if (reply.status !== status) {
      throw new Error(`${method} ${target}: ${reply.status} instead of ${status}: ${reply.text}`);
    }
    return reply;
  }

  // -- vaults -----------------------------------------------------------------------------------

  arn(vault: string): string {
    return `arn:aws:glacier:${this.target.region}:${this.target.accountId}:vaults/${vault}`;
  }

  async createVault(name: string): Promise<void> {
    await this.expect(201, 'PUT', `/-/vaults/${name}`);
  }

  /** A new vault that no other test has; gives its name. */
  async freshVault(prefix?: string): Promise<string> {
    const name = uniqueName(prefix);
    await this.createVault(name);
    return name;
  }

  async describeVault(vault: string): Promise<VaultDescription> {
    return (await this.expect(200, 'GET', `/-/vaults/${vault}`)).json() as VaultDescription;
  }

  // -- archives ---------------------------------------------------------------------------------

  /** Sends an archive; the answer may be anything. */
  postArchive(vault: string, body: Uint8Array, options: RequestOptions = {}): Promise<Reply> {
    return this.request('POST', `/-/vaults/${vault}/archives`, {
      ...options,
      body: options.body ?? body,
      headers: { ...hashHeaders(body), ...options.headers },
    });
  }

  /** Stores an archive and gives its id. */
  async uploadArchive(
    vault: string,
    body: Uint8Array | string,
    options: { readonly description?: string } = {},
  ): Promise<string> {
    const reply = await this.postArchive(vault, Buffer.from(body), {
      headers: { 'x-amz-archive-description': options.description },
    });
    if (reply.status !== 201) throw new Error(`upload: ${reply.status} ${reply.text}`);
    return reply.header('x-amz-archive-id') ?? '';
  }

  deleteArchive(vault: string, archiveId: string): Promise<Reply> {
    return this.request('DELETE', `/-/vaults/${vault}/archives/${archiveId}`);
  }

  // -- multipart uploads ------------------------------------------------------------------------

  async initiateUpload(vault: string, partSizeBytes: number, description?: string) {
    const reply = await this.expect(201, 'POST', `/-/vaults/${vault}/multipart-uploads`, {
      headers: {
        'x-amz-part-size': String(partSizeBytes),
        'x-amz-archive-description': description,
      },
    });
    return reply.header('x-amz-multipart-upload-id') ?? '';
  }

  /** Sends a part that begins at a byte; the answer may be anything. */
  putPart(
    vault: string,
    uploadId: string,
    startByte: number,
    bytes: Uint8Array,
    options: RequestOptions = {},
  ): Promise<Reply> {
    const range = `bytes ${startByte}-${startByte + bytes.length - 1}/*`;
    return this.request('PUT', `/-/vaults/${vault}/multipart-uploads/${uploadId}`, {
      ...options,
      body: options.body ?? bytes,
      headers: { 'Content-Range': range, ...hashHeaders(bytes), ...options.headers },
    });
  }

  async uploadPart(vault: string, uploadId: string, startByte: number, bytes: Uint8Array) {
    const reply = await this.putPart(vault, uploadId, startByte, bytes);
    if (reply.status !== 204) throw new Error(`part: ${reply.status} ${reply.text}`);
  }

  /** Sends the bytes in parts of the size given, one after the other. */
  async uploadParts(vault: string, uploadId: string, partSizeBytes: number, bytes: Uint8Array) {
    for (let start = 0; start < bytes.length; start += partSizeBytes) {
      await this.uploadPart(vault, uploadId, start, bytes.subarray(start, start + partSizeBytes));
    }
  }

  completeUpload(vault: string, uploadId: string, sizeBytes: number, hash: string) {
    return this.request('POST', `/-/vaults/${vault}/multipart-uploads/${uploadId}`, {
      headers: { 'x-amz-archive-size': String(sizeBytes), 'x-amz-sha256-tree-hash': hash },
    });
  }

  abortUpload(vault: string, uploadId: string): Promise<Reply> {
    return this.request('DELETE', `/-/vaults/${vault}/multipart-uploads/${uploadId}`);
  }

  /** Stores an archive in parts and gives its id. */
  async uploadInParts(
    vault: string,
    bytes: Uint8Array,
    partSizeBytes: number,
    options: { readonly description?: string } = {},
  ): Promise<string> {
    const uploadId = await this.initiateUpload(vault, partSizeBytes, options.description);
    await this.uploadParts(vault, uploadId, partSizeBytes, bytes);
    const reply = await this.completeUpload(vault, uploadId, bytes.length, treeHash(bytes));
    if (reply.status !== 201) throw new Error(`complete: ${reply.status} ${reply.text}`);
    return reply.header('x-amz-archive-id') ?? '';
  }

  // -- jobs -------------------------------------------------------------------------------------

  /** Asks for a job; the answer may be anything. */
  postJob(vault: string, job: unknown, options: RequestOptions = {}): Promise<Reply> {
    return this.request('POST', `/-/vaults/${vault}/jobs`, {
      body: JSON.stringify(job),
      ...options,
    });
  }

  /** Asks for a job and gives its id. */
  async initiateJob(vault: string, job: JsonObject): Promise<string> {
    const reply = await this.postJob(vault, job);
    if (reply.status !== 202) throw new Error(`job: ${reply.status} ${reply.text}`);
    return reply.header('x-amz-job-id') ?? '';
  }

  retrieveArchive(vault: string, archiveId: string, more: JsonObject = {}): Promise<string> {
    return this.initiateJob(vault, { Type: 'archive-retrieval', ArchiveId: archiveId, ...more });
  }

  retrieveInventory(vault: string, more: JsonObject = {}): Promise<string> {
    return this.initiateJob(vault, { Type: 'inventory-retrieval', ...more });
  }

  async describeJob(vault: string, jobId: string): Promise<JsonObject> {
    return (await this.expect(200, 'GET', `/-/vaults/${vault}/jobs/${jobId}`)).json() as JsonObject;
  }

  /** Polls DescribeJob until the job is completed and gives the last description. */
  waitForJob(vault: string, jobId: string): Promise<JsonObject> {
    return pollUntil(
      () => this.describeJob(vault, jobId),
      (job) => job.Completed === true,
    );
  }

  /** Asks for the output of a job; the answer may be anything. */
  getJobOutput(
    vault: string,
    jobId: string,
    options: { readonly range?: string; readonly query?: Record<string, string> } = {},
  ): Promise<Reply> {
    const query = Object.entries(options.query ?? {})
      .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
      .join('&');
    const target = `/-/vaults/${vault}/jobs/${jobId}/output${query === '' ? '' : `?${query}`}`;
    return this.request('GET', target, { headers: { Range: options.range } });
  }

  /** A finished retrieval of an archive. */
  async retrievedArchive(vault: string, archiveId: string, more: JsonObject = {}) {
    const jobId = await this.retrieveArchive(vault, archiveId, more);
    await this.waitForJob(vault, jobId);
    return jobId;
  }

  /** A finished inventory job. */
  async retrievedInventory(vault: string, more: JsonObject = {}): Promise<string> {
    const jobId = await this.retrieveInventory(vault, more);
    await this.waitForJob(vault, jobId);
    return jobId;
  }

  /** The inventory as it is now, as JSON. */
  async inventory(vault: string, more: JsonObject = {}): Promise<Inventory> {
    const jobId = await this.retrievedInventory(vault, more);
    return (await this.getJobOutput(vault, jobId)).json() as Inventory;
  }
}

export interface InventoryEntry {
  readonly ArchiveId: string;
  readonly ArchiveDescription: string;
  readonly CreationDate: string;
  readonly Size: number;
  readonly SHA256TreeHash: string;
}

export interface Inventory {
  readonly VaultARN: string;
  readonly InventoryDate: string;
  readonly ArchiveList: readonly InventoryEntry[];
}

/**
 * The bucket that select jobs write their results to: one of an S3-compatible store, with the means
 * that they all have. Each object is one PUT, with its MD5, which the store compares (documented);
 * the newer checksums are left out, as some stores do not know them (observed with Ceph 16).
 *
 * The SDK is loaded when the first object is put.
 */
import { createHash } from 'node:crypto';
import type http from 'node:http';
import type https from 'node:https';
import { setImmediate } from 'node:timers/promises';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import type { Encryption, Grant } from '../select/result-location.ts';
import {
  type ResultOptions,
  ResultWriteError,
  type ResultWriter,
} from '../select/result-objects.ts';
import { AddressRefusedError } from './address-guard.ts';

export interface OutputBucketOptions {
  readonly endpoint: URL;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Whether the bucket stands in the path, as most stores but Amazon's want it; true by default. */
  readonly forcePathStyle?: boolean;
  /** Who connects; both, since a request may only go through these. Absent: any address. */
  readonly agent?: { readonly httpAgent: http.Agent; readonly httpsAgent: https.Agent };
  /** How long a store may say nothing, and how long a whole attempt may take. */
  readonly timeouts?: { readonly idleMs: number; readonly attemptMs: number };
}

/** Chosen: 64 MiB at 1 Mbit/s are nine minutes. */
const defaultTimeouts = { idleMs: 60_000, attemptMs: 15 * 60_000 };
const connectTimeoutMs = 10_000;
/** Of one object: the SDK repeats what failed by chance. */
const attempts = 3;
/** Hashed in one stretch: some milliseconds. */
const hashedBytes = 4 * 1024 * 1024;

export class OutputBucket implements ResultWriter {
  readonly #options: OutputBucketOptions;
  #sdk: ReturnType<typeof loadSdk> | undefined;

  constructor(options: OutputBucketOptions) {
    this.#options = options;
  }

  /** Resolves when the store has acknowledged the object. */
  async put(key: string, body: Uint8Array, options: ResultOptions): Promise<void> {
    this.#sdk ??= loadSdk(this.#options);
    const { client, PutObjectCommand } = await this.#sdk;
    const { md5, sha256 } = await hashesOf(body);
    const command = new PutObjectCommand({
      ...objectInput(options),
      Bucket: this.#options.bucket,
      Key: key,
      Body: body,
      ContentLength: body.length,
      ContentMD5: md5,
    });
    // Known already, the SDK need not make it in one long stretch.
    command.middlewareStack.add(
      (next) => (exchange) => {
        const { headers } = exchange.request as { headers: Record<string, string> };
        headers['x-amz-content-sha256'] = sha256;
        return next(exchange);
      },
      { step: 'build', name: 'knownPayloadHash' },
    );
    try {
      await client.send(command, abortedBy(options.signal));
    } catch (error) {
      throw toWriteError(error);
    }
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    (await this.#sdk)?.client.destroy();
  }
}

async function loadSdk(options: OutputBucketOptions) {
  // Else the SDK writes about coming versions of Node to standard error.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const [{ PutObjectCommand, S3Client }, { NodeHttpHandler }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@smithy/node-http-handler'),
  ]);
  const { endpoint, region, accessKeyId, secretAccessKey, forcePathStyle = true } = options;
  const { idleMs, attemptMs } = options.timeouts ?? defaultTimeouts;
  const requestHandler = new NodeHttpHandler({
    ...options.agent,
    connectionTimeout: connectTimeoutMs,
    requestTimeout: attemptMs,
    socketTimeout: idleMs,
    throwOnRequestTimeout: true,
    logger: silence,
  });
  const client = new S3Client({
    endpoint: endpoint.href,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle,
    maxAttempts: attempts,
    requestHandler,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    logger: silence,
  });
  return { client, PutObjectCommand };
}

const silence = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** The SDK takes no option that is there but undefined. */
function abortedBy(abortSignal: AbortSignal | undefined) {
  return abortSignal === undefined ? {} : { abortSignal };
}

/** Others get their turn in between. */
async function hashesOf(body: Uint8Array): Promise<{ md5: string; sha256: string }> {
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  for (let start = 0; start < body.length; start += hashedBytes) {
    const stretch = body.subarray(start, start + hashedBytes);
    md5.update(stretch);
    sha256.update(stretch);
    if (body.length > hashedBytes) await setImmediate();
  }
  return { md5: md5.digest('base64'), sha256: sha256.digest('hex') };
}

/** What an object carries beside its bytes. */
function objectInput({ contentType, location }: ResultOptions) {
  const { storageClass, cannedAcl, grants, encryption, tags, userMetadata } = location;
  return {
    ContentType: contentType,
    ...(storageClass && { StorageClass: storageClass }),
    ...(cannedAcl && { ACL: cannedAcl }),
    ...grantInput(grants),
    ...(encryption && encryptionInput(encryption)),
    ...(tags.length > 0 && { Tagging: queryOf(tags) }),
    ...(userMetadata.length > 0 && { Metadata: Object.fromEntries(userMetadata) }),
  } satisfies Partial<PutObjectCommandInput>;
}

/** WRITE is a permission of buckets and means nothing for an object (documented by S3). */
function grantInput(grants: readonly Grant[]): Partial<PutObjectCommandInput> {
  const names = {
    FULL_CONTROL: 'GrantFullControl',
    READ: 'GrantRead',
    READ_ACP: 'GrantReadACP',
    WRITE_ACP: 'GrantWriteACP',
  } as const;
  const input: Partial<PutObjectCommandInput> = {};
  for (const { by, grantee, permission } of grants) {
    if (permission === 'WRITE') continue;
    const name = names[permission];
    const item = `${by}="${grantee}"`;
    input[name] = input[name] === undefined ? item : `${input[name]}, ${item}`;
  }
  return input;
}

function encryptionInput(encryption: Encryption): Partial<PutObjectCommandInput> {
  if (encryption.type === 'AES256') return { ServerSideEncryption: 'AES256' };
  const { keyId, context } = encryption;
  return {
    ServerSideEncryption: 'aws:kms',
    ...(keyId !== undefined && { SSEKMSKeyId: keyId }),
    ...(context !== undefined && {
      SSEKMSEncryptionContext: Buffer.from(context).toString('base64'),
    }),
  };
}

/** As S3 takes tags: a query, a blank as %20. */
function queryOf(tags: readonly (readonly [key: string, value: string])[]): string {
  return tags
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join('&');
}

/** Refusals by chance: the bytes came late or wrongly, or a clock or another writer was in the way. */
const chances = new Set([
  'BadDigest',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeTooSkewed',
]);

function toWriteError(error: unknown): ResultWriteError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const status = statusOf(error);
  const isRefusal =
    // The address that the settings name may not be called.
    error instanceof AddressRefusedError ||
    (status !== undefined &&
      ((status >= 300 && status < 500 && status !== 408 && status !== 429) || status === 501) &&
      !chances.has(name));
  return new ResultWriteError(`${name}: ${message}`, { cause: error, isRefusal });
}

/** What the store answered with. Undefined: it did not. */
function statusOf(error: unknown): number | undefined {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode;
}

/** Select jobs, asked for and read back: the bucket, and a server that writes to it. */

import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { Admin } from '../../support/admin.ts';
import type { Ceph } from '../../support/ceph.ts';
import type { Client, JsonObject } from '../../support/client.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../support/server.ts';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

export const BUCKET = 'select-results';
const POLL_MS = 20;
/** Nothing that is logged, journalled or answered may hold it. */
export const SECRET = 'testsecret';

export interface SelectServerOptions extends ServerOptions {
  readonly endpoint: URL;
  readonly bucket?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  /** Private addresses that may be called; by default those of the loopback. */
  readonly allow?: readonly string[];
}

/** A server whose select jobs write to the bucket of an endpoint. */
export function startSelectServer(options: SelectServerOptions): Promise<RunningServer> {
  const { endpoint, bucket = BUCKET, allow = ['127.0.0.0/8'] } = options;
  const flags = ['--select-bucket', bucket, '--select-endpoint', endpoint.href];
  const allowed = allow.flatMap((range) => ['--outgoing-allow', range]);
  return startServer({
    ...(options.dataDirectory === undefined ? {} : { dataDirectory: options.dataDirectory }),
    arguments: [...flags, ...allowed, ...(options.arguments ?? [])],
    environment: {
      FIRN_SELECT_ACCESS_KEY_ID: options.accessKeyId ?? 'testkey',
      FIRN_SELECT_SECRET_ACCESS_KEY: options.secretAccessKey ?? SECRET,
      ...options.environment,
    },
  });
}

/** A job that is accepted, but for what `more` puts in place of its parts. */
export function selectJob(archiveId: string, expression: string, more: SelectJobChanges = {}) {
  const { parameters, s3, ...others } = more;
  return {
    Type: 'select',
    ArchiveId: archiveId,
    SelectParameters: { Expression: expression, ExpressionType: 'SQL', ...parameters },
    OutputLocation: { S3: { BucketName: BUCKET, Prefix: 'out', ...s3 } },
    ...others,
  };
}

export interface SelectJobChanges extends JsonObject {
  /** Within SelectParameters. */
  readonly parameters?: JsonObject;
  /** Within OutputLocation.S3. */
  readonly s3?: JsonObject;
}

/** The bucket of the results, as its owner sees it. */
export class ResultBucket {
  readonly #s3: S3Client;

  constructor({ endpoint, region, accessKeyId, secretAccessKey }: Omit<Ceph, 'stop'>) {
    this.#s3 = new S3Client({
      endpoint: endpoint.href,
      region,
      credentials: { accessKeyId, secretAccessKey },
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  get s3(): S3Client {
    return this.#s3;
  }

  async create(bucket = BUCKET): Promise<void> {
    await this.#s3.send(new CreateBucketCommand({ Bucket: bucket }));
  }

  /** The names under a path, without it, in the order of the alphabet. */
  async names(path: string, bucket = BUCKET): Promise<string[]> {
    return (await this.listed(path, bucket)).map(({ name }) => name);
  }

  /** The objects under a path with the time of their last change. */
  async listed(path: string, bucket = BUCKET) {
    const { Contents = [] } = await this.#s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: path }),
    );
    return Contents.map(({ Key = '', LastModified, Size }) => ({
      name: Key.slice(path.length),
      changedAt: LastModified?.getTime() ?? 0,
      sizeBytes: Size ?? 0,
    }));
  }

  async bytes(key: string, bucket = BUCKET): Promise<Buffer> {
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  async json(key: string): Promise<JsonObject> {
    return JSON.parse((await this.bytes(key)).toString('utf8')) as JsonObject;
  }

  /** All parts of the results under a path, one after the other, as the manifest names them. */
  async results(path: string): Promise<Buffer> {
    const { Results } = (await this.json(`${path}result_manifest.txt`)) as {
      Results: { Key: string }[];
    };
    const parts: Buffer[] = [];
    for (const { Key } of Results) parts.push(await this.bytes(Key));
    return Buffer.concat(parts);
  }

  close(): void {
    this.#s3.destroy();
  }
}

/** A signed client of the tests, and where it asks. */
export interface Asking {
  readonly client: Client;
  readonly vault: string;
}

/** Asks for a select job, which must be accepted, and gives its id and its path. */
export async function startSelect({ client, vault }: Asking, job: JsonObject) {
  const reply = await client.postJob(vault, job);
  if (reply.status !== 202) throw new Error(`select: ${reply.status} ${reply.text}`);
  const jobId = reply.header('x-amz-job-id') ?? '';
  return { jobId, path: reply.header('x-amz-job-output-path') ?? '' };
}

/** Waits as long as the test may take until the job has completed; gives its description. */
export async function completed({ client, vault }: Asking, jobId: string): Promise<JsonObject> {
  for (;;) {
    const job = await client.describeJob(vault, jobId);
    if (job.Completed === true) return job;
    await delay(POLL_MS);
  }
}

/** Why the journal says that a job failed; undefined when it does not. */
export async function failureOf(client: Client, jobId: string): Promise<unknown> {
  const entries = await new Admin(client).auditEntries({ kind: 'JobFailed' });
  return entries.find(({ data }) => data.jobId === jobId)?.data.reason;
}

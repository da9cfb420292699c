/**
 * The operations that the rows need, signed, over the lean connection. Requests that are sent many
 * times are made, and signed, once: a signature is good for minutes, and Range need not be signed.
 */

import { sha256 } from '../src/lib/tree-hash.ts';
import { formatBasicDate } from '../src/sigv4/basic-date.ts';
import { emptyPayloadHash } from '../src/sigv4/canonical.ts';
import { signRequest } from '../src/sigv4/sign.ts';
import { type Answer, type Connection, headerOf, type Sending } from './connection.ts';
import { type Content, pieces } from './pattern.ts';
import { credentials, region } from './server.ts';

export const vaultName = 'bench';
const vaultPath = `/-/vaults/${vaultName}`;

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payloadHash?: string;
}

/** Request line and signed headers, each with its line end; the empty line is still to come. */
async function signHead(endpoint: URL, request: Request): Promise<string> {
  const { method, path, payloadHash = emptyPayloadHash } = request;
  const headers = await signRequest({
    method,
    target: path,
    headers: {
      host: endpoint.host,
      'x-amz-glacier-version': '2012-06-01',
      ...request.headers,
    },
    payloadHash,
    credentials,
    region,
    requestDate: formatBasicDate(Date.now()),
  });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}`;
}

/** Sends, and throws when the answer is another than expected. */
export async function expectStatus(
  connection: Connection,
  status: number,
  sending: Sending,
): Promise<Answer> {
  const answer = await connection.send(sending);
  if (answer.status === status) return answer;
  throw new Error(
    `Status ${answer.status} instead of ${status}: ${answer.head}\n${answer.body.toString()}`,
  );
}

export class Glacier {
  readonly #endpoint: URL;
  readonly #connection: Connection;

  constructor(endpoint: URL, connection: Connection) {
    this.#endpoint = endpoint;
    this.#connection = connection;
  }

  async createVault(): Promise<void> {
    await this.#small(201, { method: 'PUT', path: vaultPath });
  }

  async uploadArchive(content: Content): Promise<string> {
    const path = `${vaultPath}/archives`;
    const answer = await this.#sendContent(201, { method: 'POST', path }, content);
    return required(answer, 'x-amz-archive-id');
  }

  async initiateUpload(partSizeBytes: number): Promise<string> {
    const answer = await this.#small(201, {
      method: 'POST',
      path: `${vaultPath}/multipart-uploads`,
      headers: { 'x-amz-part-size': String(partSizeBytes) },
    });
    return required(answer, 'x-amz-multipart-upload-id');
  }

  async uploadPart(uploadId: string, part: Content): Promise<void> {
    const endByte = part.startByte + part.sizeBytes - 1;
    const headers = { 'content-range': `bytes ${part.startByte}-${endByte}/*` };
    const path = `${vaultPath}/multipart-uploads/${uploadId}`;
    await this.#sendContent(204, { method: 'PUT', path, headers }, part);
  }

  async completeUpload(uploadId: string, whole: Content): Promise<void> {
    await this.#small(201, {
      method: 'POST',
      path: `${vaultPath}/multipart-uploads/${uploadId}`,
      headers: {
        'x-amz-archive-size': String(whole.sizeBytes),
        'x-amz-sha256-tree-hash': whole.treeHash,
      },
    });
  }

  async initiateRetrieval(archiveId: string): Promise<string> {
    const body = JSON.stringify({ Type: 'archive-retrieval', ArchiveId: archiveId });
    const path = `${vaultPath}/jobs`;
    const answer = await this.#small(202, { method: 'POST', path }, body);
    return required(answer, 'x-amz-job-id');
  }

  async isCompleted(jobId: string): Promise<boolean> {
    const path = `${vaultPath}/jobs/${jobId}`;
    const answer = await this.#small(200, { method: 'GET', path });
    const job = JSON.parse(answer.body.toString()) as { Completed: boolean; StatusCode: string };
    if (job.StatusCode === 'Failed')
      throw new Error(`The job has failed: ${answer.body.toString()}`);
    return job.Completed;
  }

  async #small(status: number, request: Request, body = ''): Promise<Answer> {
    const payloadHash = sha256(Buffer.from(body)).toString('hex');
    const head = await signHead(this.#endpoint, { ...request, payloadHash });
    const sending = { request: `${head}content-length: ${body.length}\r\n\r\n${body}` };
    return expectStatus(this.#connection, status, sending);
  }

  async #sendContent(status: number, request: Request, content: Content): Promise<Answer> {
    const head = await uploadHead(this.#endpoint, request, content);
    const body = pieces(content.startByte, content.sizeBytes);
    return expectStatus(this.#connection, status, { request: head, body });
  }
}

async function uploadHead(endpoint: URL, request: Request, content: Content): Promise<string> {
  const head = await signHead(endpoint, {
    ...request,
    headers: {
      ...request.headers,
      'x-amz-content-sha256': content.linearHash,
      'x-amz-sha256-tree-hash': content.treeHash,
    },
    payloadHash: content.linearHash,
  });
  return `${head}content-length: ${content.sizeBytes}\r\n\r\n`;
}

/** A whole UploadArchive request with its small body, to be sent again and again. */
export async function archiveRequest(endpoint: URL, content: Content): Promise<Buffer> {
  const request = { method: 'POST', path: `${vaultPath}/archives` };
  const head = await uploadHead(endpoint, request, content);
  return Buffer.concat([Buffer.from(head), ...pieces(content.startByte, content.sizeBytes)]);
}

/** A whole DescribeVault request. */
export async function describeVaultRequest(endpoint: URL): Promise<Buffer> {
  const head = await signHead(endpoint, { method: 'GET', path: vaultPath });
  return Buffer.from(`${head}\r\n`);
}

/** GetJobOutput requests of one signature: whole, or by range. */
export async function outputRequests(endpoint: URL, jobId: string) {
  const head = await signHead(endpoint, {
    method: 'GET',
    path: `${vaultPath}/jobs/${jobId}/output`,
  });
  return {
    whole: `${head}\r\n`,
    range: (startByte: number, endByte: number) =>
      `${head}range: bytes=${startByte}-${endByte}\r\n\r\n`,
  };
}

function required(answer: Answer, name: string): string {
  const value = headerOf(answer.head, name);
  if (value === undefined) throw new Error(`No ${name} in ${answer.head}`);
  return value;
}

/** curl: presigned URLs, its own signatures, ranges, and `Expect: 100-continue`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { presignRequest } from '../../src/sigv4/sign.ts';
import { type Client, hashHeaders, uniqueName } from '../support/client.ts';
import { content, EMPTY_HASH, partVectors, SEVEN_MIB_123 } from '../support/content.ts';
import { basicDate } from '../support/sign.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useOwnServer } from './support/own-server.ts';
import { findProgram, run } from './support/program.ts';

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const curl = await findProgram('FIRN_TEST_CURL', 'curl', ['--version']);
const version = ['-H', 'x-amz-glacier-version: 2012-06-01'];

interface CurlReply {
  readonly exitCode: number | null;
  readonly status: number;
  /** By lower-case name, of the last answer. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Bytes of the request's body that were sent. */
  readonly uploadedBytes: number;
}

describe.skipIf(curl === undefined)('curl', () => {
  const own = useOwnServer();
  const bytes = content(SEVEN_MIB_123.sizeBytes);
  let vault = '';
  let archiveId = '';
  let jobId = '';
  beforeAll(async () => {
    vault = await own.client.freshVault();
    archiveId = await own.client.uploadInParts(vault, bytes, 4 * MIB, { description: 'by parts' });
    jobId = await own.client.retrievedArchive(vault, archiveId);
  });

  async function fetch(url: string, ...options: readonly string[]): Promise<CurlReply> {
    const [headFile, bodyFile] = ['head', 'body'].map((name) => join(own.folder, name)) as [
      string,
      string,
    ];
    for (const file of [headFile, bodyFile]) writeFileSync(file, '');
    const written = '%{http_code} %{size_upload}';
    const fixed = ['--silent', '--disable', '-D', headFile, '-o', bodyFile, '-w', written];
    const ended = await run(curl ?? '', [...fixed, ...options, url]);
    const [status, uploadedBytes] = ended.stdout.split(' ').map(Number) as [number, number];
    const lastHead = readFileSync(headFile, 'latin1').trim().split('\r\n\r\n').at(-1) ?? '';
    const lines = lastHead.split('\r\n').slice(1);
    const headers = new Map(
      lines.map((line) => {
        const [name = '', ...value] = line.split(':');
        return [name.toLowerCase(), value.join(':').trim()];
      }),
    );
    const body = readFileSync(bodyFile);
    return { exitCode: ended.code, status, headers, body, uploadedBytes };
  }

  /** A URL for a target, signed for an hour. */
  async function presigned(target: string): Promise<string> {
    const { endpoint, region, accessKeyId, secretAccessKey } = own.server;
    const signed = await presignRequest({
      method: 'GET',
      target,
      headers: { host: new URL(endpoint).host },
      payloadHash: EMPTY_HASH,
      credentials: { accessKeyId, secretAccessKey },
      region,
      requestDate: basicDate(new Date()),
      expiresSeconds: 3600,
    });
    return `${endpoint}${signed}`;
  }

  function output(): string {
    return `/-/vaults/${vault}/jobs/${jobId}/output`;
  }

  function expectWhole(reply: CurlReply): void {
    expect(reply).toMatchObject({ exitCode: 0, status: 200 });
    expect(reply.body.equals(bytes)).toBe(true);
    expect(reply.headers.get('x-amz-sha256-tree-hash')).toBe(treeHash(reply.body));
    expect(reply.headers.get('content-length')).toBe(String(bytes.length));
    expect(reply.headers.get('x-amz-archive-description')).toBe('by parts');
  }

  it('fetches a presigned URL with the version as a header', async () => {
    expectWhole(await fetch(await presigned(output()), ...version));
  });

  it('fetches a presigned URL with the version in the query', async () => {
    expectWhole(await fetch(await presigned(`${output()}?x-amz-glacier-version=2012-06-01`)));
  });

  it('is told of a missing version, of a changed URL and of an old one', async () => {
    const url = await presigned(output());
    const missing = await fetch(url);
    expect(missing.status).toBe(400);
    expect(JSON.parse(missing.body.toString())).toEqual({
      code: 'MissingParameterValueException',
      message: 'Required parameter missing: API version',
      type: 'Client',
    });
    const changed = await fetch(url.replace('/output', '/outputs'), ...version);
    expect(changed.status).toBeGreaterThanOrEqual(400);
    const otherId = `${jobId.slice(0, -1)}${jobId.endsWith('A') ? 'B' : 'A'}`;
    const other = await fetch(url.replace(jobId, otherId), ...version);
    expect(JSON.parse(other.body.toString())).toMatchObject({ code: 'InvalidSignatureException' });
    const longer = await fetch(url.replace('X-Amz-Expires=3600', 'X-Amz-Expires=7200'), ...version);
    expect(JSON.parse(longer.body.toString())).toMatchObject({ code: 'InvalidSignatureException' });
  });

  it('fetches a presigned URL made by aws-sdk version 2', async () => {
    const { default: Glacier } = await import('aws-sdk/clients/glacier.js');
    const { endpoint, region, accessKeyId, secretAccessKey } = own.server;
    const client = new Glacier({ endpoint, region, accessKeyId, secretAccessKey });
    const request = client.getJobOutput({ accountId: '-', vaultName: vault, jobId });
    const url = await new Promise<string>((resolve, reject) => {
      (request as unknown as Presignable).presign(3600, (error, signed) =>
        error ? reject(error) : resolve(signed),
      );
    });
    expectWhole(await fetch(url, ...version));
  });

  it('downloads ranges of a presigned URL, resumed where it stopped', async () => {
    const url = await presigned(output());
    for (const { startByte, endByte, treeHash: hash } of partVectors.get(2 * MIB) ?? []) {
      const reply = await fetch(url, ...version, '--range', `${startByte}-${endByte}`);
      expect(reply).toMatchObject({ exitCode: 0, status: 206 });
      expect(reply.body.equals(bytes.subarray(startByte, endByte + 1))).toBe(true);
      expect(reply.headers.get('x-amz-sha256-tree-hash')).toBe(hash);
      expect(treeHash(reply.body)).toBe(hash);
      expect(reply.headers.get('content-range')).toBe(
        `bytes ${startByte}-${endByte}/${bytes.length}`,
      );
    }
    const file = join(own.folder, 'resumed');
    writeFileSync(file, bytes.subarray(0, 5 * MIB + 7));
    const resuming = ['--silent', '--disable', '--fail', '--continue-at', '-', '-o', file];
    const resumed = await run(curl ?? '', [...resuming, ...version, url]);
    expect(resumed.code).toBe(0);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it('signs by itself', async () => {
    const { endpoint, region, accessKeyId, secretAccessKey } = own.server;
    const scope = ['--aws-sigv4', `aws:amz:${region}:glacier`];
    const user = ['--user', `${accessKeyId}:${secretAccessKey}`];
    expectWhole(await fetch(`${endpoint}${output()}`, ...scope, ...user, ...version));
  });

  describe('with Expect: 100-continue', () => {
    const body = content(3 * MIB, 59);

    /** An upload that waits for `100 Continue` longer than the test does. */
    function upload(client: Client, vaultName: string): Promise<CurlReply> {
      const target = `/-/vaults/${vaultName}/archives`;
      const options = { body, headers: { Expect: '100-continue', ...hashHeaders(body) } };
      const headers = client.signedHeaders('POST', target, options);
      const file = join(own.folder, 'upload');
      writeFileSync(file, body);
      const lines = headers.flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
      const waiting = ['--http1.1', '--expect100-timeout', '25', '-H', 'Content-Type:'];
      const data = ['--data-binary', `@${file}`];
      return fetch(`${client.target.endpoint}${target}`, ...waiting, ...lines, ...data);
    }

    it('sends no body to a missing vault', async () => {
      const reply = await upload(own.client, uniqueName());
      expect(reply).toMatchObject({ exitCode: 0, status: 404, uploadedBytes: 0 });
      expect(JSON.parse(reply.body.toString())).toMatchObject({
        code: 'ResourceNotFoundException',
      });
    });

    it('sends the body once it is asked for', async () => {
      const reply = await upload(own.client, vault);
      expect(reply).toMatchObject({ exitCode: 0, status: 201, uploadedBytes: body.length });
      const stored = reply.headers.get('x-amz-archive-id') ?? '';
      const job = await own.client.retrievedArchive(vault, stored);
      expect((await own.client.getJobOutput(vault, job)).body.equals(body)).toBe(true);
    });
  });
});

/** What the types of version 2 leave out: every request can be presigned. */
interface Presignable {
  presign(expiresSeconds: number, callback: (error: Error | null, url: string) => void): void;
}

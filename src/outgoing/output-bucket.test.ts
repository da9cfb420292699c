/** What goes over the wire, told by a server that keeps it; test/outgoing has a real store. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { S3Location } from '../api/select-shapes.ts';
import { ResultWriteError } from '../select/result-objects.ts';
import { readSelectRequest } from '../select/select-request.ts';
import { OutputBucket, type OutputBucketOptions } from './output-bucket.ts';

interface Received {
  readonly target: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

const received: Received[] = [];
/** What the server answers, one after the other; 200 behind the last. Undefined: never. */
let answers: ([status: number, code: string] | undefined)[] = [];
let server: http.Server;
let endpoint: URL;
const buckets: OutputBucket[] = [];

beforeEach(async () => {
  received.length = 0;
  answers = [];
  server = http.createServer((request, response) => void keep(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  for (const bucket of buckets.splice(0)) await bucket.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function keep(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  received.push({
    target: request.url ?? '',
    headers: request.headers,
    body: Buffer.concat(chunks),
  });
  if (answers.length === 0) {
    response.writeHead(200, { ETag: '"x"' }).end();
    return;
  }
  const answer = answers.shift();
  if (!answer) return;
  const [status, code] = answer;
  response.writeHead(status, { 'Content-Type': 'application/xml' });
  response.end(`<Error><Code>${code}</Code><Message>No, ${code}.</Message></Error>`);
}

function bucketWith(options: Partial<OutputBucketOptions> = {}): OutputBucket {
  const bucket = new OutputBucket({
    endpoint,
    region: 'us-west-2',
    bucket: 'results',
    accessKeyId: 'AKID',
    secretAccessKey: 'secret',
    ...options,
  });
  buckets.push(bucket);
  return bucket;
}

function optionsWith(fields: Partial<S3Location> = {}) {
  const { location } = readSelectRequest({
    SelectParameters: { Expression: 'select * from archive', ExpressionType: 'SQL' },
    OutputLocation: { S3: { BucketName: 'results', Prefix: 'p', ...fields } },
  });
  return { contentType: 'text/csv', location };
}

describe('an object', () => {
  it('is one PUT with its length and its hashes', async () => {
    await bucketWith().put('p/job 1/part', Buffer.from('hello'), optionsWith());
    expect(received).toHaveLength(1);
    const [{ target, headers, body } = {} as Received] = received;
    expect(target.split('?')[0]).toBe('/results/p/job%201/part');
    expect(body.toString()).toBe('hello');
    expect(headers).toMatchObject({
      'content-length': '5',
      'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==',
      'content-type': 'text/csv',
      'x-amz-content-sha256': '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    });
    expect(headers.authorization).toContain('Credential=AKID/');
    const names = Object.keys(headers).filter((name) => /checksum|acl|grant|encryption/.test(name));
    expect(names).toEqual([]);
  });

  it('carries what the location says', async () => {
    const options = optionsWith({
      AccessControlList: [
        { Grantee: { Type: 'CanonicalUser', ID: 'abc' }, Permission: 'READ' },
        { Grantee: { Type: 'Group', URI: 'http://g' }, Permission: 'READ' },
        { Grantee: { Type: 'CanonicalUser', ID: 'abc' }, Permission: 'WRITE' },
        {
          Grantee: { Type: 'AmazonCustomerByEmail', EmailAddress: 'a@b.ch' },
          Permission: 'FULL_CONTROL',
        },
        { Grantee: { Type: 'CanonicalUser', ID: 'x' }, Permission: 'READ_ACP' },
        { Grantee: { Type: 'CanonicalUser', ID: 'y' }, Permission: 'WRITE_ACP' },
      ],
      Encryption: { EncryptionType: 'aws:kms', KMSKeyId: 'key-1', KMSContext: '{"ä":"b"}' },
      StorageClass: 'STANDARD_IA',
      Tagging: { 'a b': 'c+d=e', ü: '' },
      UserMetadata: { Project: 'rain' },
    });
    await bucketWith().put('key', Buffer.from('x'), options);
    expect(received[0]?.headers).toMatchObject({
      'x-amz-grant-full-control': 'emailAddress="a@b.ch"',
      'x-amz-grant-read': 'id="abc", uri="http://g"',
      'x-amz-grant-read-acp': 'id="x"',
      'x-amz-grant-write-acp': 'id="y"',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
      'x-amz-server-side-encryption-context': Buffer.from('{"ä":"b"}').toString('base64'),
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-tagging': 'a%20b=c%2Bd%3De&%C3%BC=',
      'x-amz-meta-project': 'rain',
    });
    expect(received[0]?.headers).not.toHaveProperty('x-amz-grant-write');
  });

  it('carries a canned list, and encryption by the store', async () => {
    const Encryption = { EncryptionType: 'AES256' };
    const options = optionsWith({ CannedACL: 'bucket-owner-full-control', Encryption });
    await bucketWith().put('key', Buffer.from('x'), options);
    expect(received[0]?.headers).toMatchObject({
      'x-amz-acl': 'bucket-owner-full-control',
      'x-amz-server-side-encryption': 'AES256',
    });
  });

  it('is put once more after a failure by chance', async () => {
    answers = [
      [503, 'SlowDown'],
      [500, 'InternalError'],
    ];
    await bucketWith().put('key', Buffer.from('hello'), optionsWith());
    expect(received.map(({ body }) => body.toString())).toEqual(['hello', 'hello', 'hello']);
  });

  it.each<[status: number, code: string, isRefusal: boolean, attempts: number]>([
    [403, 'AccessDenied', true, 1],
    [404, 'NoSuchBucket', true, 1],
    [400, 'InvalidArgument', true, 1],
    [501, 'NotImplemented', true, 1],
    [400, 'BadDigest', false, 1],
    [503, 'SlowDown', false, 3],
  ])('that is answered with %i %s', async (status, code, isRefusal, attempts) => {
    answers = Array(3).fill([status, code]);
    const put = bucketWith().put('key', Buffer.from('x'), optionsWith());
    const error: unknown = await put.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ResultWriteError);
    expect(error).toMatchObject({ isRefusal, message: `${code}: No, ${code}.` });
    expect(received).toHaveLength(attempts);
  });

  it('that is not answered is given up, and may be tried again', async () => {
    answers = [undefined, undefined, undefined];
    const timeouts = { idleMs: 200, attemptMs: 100 };
    const put = bucketWith({ timeouts }).put('key', Buffer.from('x'), optionsWith());
    await expect(put).rejects.toMatchObject({ name: 'ResultWriteError', isRefusal: false });
  });

  it('goes through the agent that was given, also a large one', async () => {
    let connections = 0;
    class Counting extends http.Agent {
      override createConnection(...args: Parameters<http.Agent['createConnection']>) {
        connections += 1;
        return super.createConnection(...args);
      }
    }
    const agent = { httpAgent: new Counting({ keepAlive: true }), httpsAgent: new https.Agent() };
    const bucket = bucketWith({ agent });
    const body = Buffer.alloc(8 * 1024 * 1024, 'x');
    await bucket.put('key', body, optionsWith());
    expect(connections).toBe(1);
    expect(received[0]?.body.equals(body)).toBe(true);
  });
});

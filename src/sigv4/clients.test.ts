/**
 * The same check against signers that are not ours: both of Amazon's JavaScript clients and the
 * signer of the library on its own, over a loopback connection so that the header lines are those
 * that Node really reports; and requests as older clients make them, signed here by hand from the
 * text of the specification.
 */

import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as commands from '@aws-sdk/client-glacier';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authentication, readAuthentication } from './authentication.ts';
import { formatBasicDate } from './basic-date.ts';
import { checkPayloadHash } from './payload-hash.ts';
import type { SignedRequest } from './received-request.ts';
import { checkRequestTime } from './request-time.ts';
import { SigningKeys } from './signing-keys.ts';
import { verifySignature } from './verify.ts';

const region = 'eu-central-1';
const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'se/cr+et' };
const signingKeys = new SigningKeys();

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Everything that the server will do with a signature. */
async function authenticate(request: SignedRequest, body: Uint8Array): Promise<Authentication> {
  const authentication = readAuthentication(request, { region });
  checkRequestTime(authentication, Date.now());
  const { secretAccessKey } = credentials;
  const bodyHash = sha256(body);
  await verifySignature({ authentication, secretAccessKey, bodyHash, signingKeys });
  if (authentication.payloadHash !== undefined) {
    checkPayloadHash(authentication.payloadHash, bodyHash);
  }
  return authentication;
}

let server: Server;
let port: number;
const accepted: Authentication[] = [];
const refused: unknown[] = [];

async function receive(message: IncomingMessage): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) {
    chunks.push(chunk);
  }
  const { method = '', url = '', rawHeaders } = message;
  try {
    const request = { method, target: url, rawHeaders };
    accepted.push(await authenticate(request, Buffer.concat(chunks)));
  } catch (error) {
    refused.push(error);
  }
}

beforeAll(async () => {
  server = createServer((message, response) => {
    void receive(message).then(() => {
      response.setHeader('Content-Type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  accepted.length = 0;
  refused.length = 0;
});

/** The one request that the server saw and accepted. */
function theAccepted(): Authentication {
  expect(refused).toEqual([]);
  expect(accepted).toHaveLength(1);
  return accepted[0] as Authentication;
}

const vaultName = 'examplevault';
const marker = 'arn:aws:glacier:eu-central-1:111122223333:vaults/a b+c';
const body = Buffer.from('Welcome to Amazon Glacier.');

describe('@aws-sdk/client-glacier', () => {
  function client(sessionToken?: string): commands.GlacierClient {
    return new commands.GlacierClient({
      endpoint: `http://127.0.0.1:${port}`,
      region,
      credentials: { ...credentials, ...(sessionToken !== undefined && { sessionToken }) },
      maxAttempts: 1,
    });
  }

  const account = { accountId: '-' };
  const requests = {
    ListVaults: () => new commands.ListVaultsCommand({ ...account, limit: 2, marker }),
    DescribeVault: () => new commands.DescribeVaultCommand({ ...account, vaultName: "a b!'()*/%" }),
    CreateVault: () => new commands.CreateVaultCommand({ ...account, vaultName }),
    DeleteArchive: () =>
      new commands.DeleteArchiveCommand({ ...account, vaultName, archiveId: '-a_b' }),
    UploadArchive: () =>
      new commands.UploadArchiveCommand({
        ...account,
        vaultName,
        body,
        archiveDescription: 'a   b',
      }),
    UploadMultipartPart: () =>
      new commands.UploadMultipartPartCommand({
        ...account,
        vaultName,
        uploadId: 'u',
        range: 'bytes 0-25/*',
        body,
      }),
    InitiateJob: () =>
      new commands.InitiateJobCommand({
        ...account,
        vaultName,
        jobParameters: { Type: 'inventory-retrieval', Description: 'ü' },
      }),
    GetJobOutput: () =>
      new commands.GetJobOutputCommand({ ...account, vaultName, jobId: 'j', range: 'bytes=0-1' }),
    AddTagsToVault: () =>
      new commands.AddTagsToVaultCommand({ ...account, vaultName, Tags: { k: 'v' } }),
  };

  test.each(Object.entries(requests))('%s', async (_, make) => {
    await client().send(make() as ReturnType<typeof requests.ListVaults>);
    const { form, payloadHash } = theAccepted();
    expect(form).toBe('header');
    expect(payloadHash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('temporary credentials', async () => {
    await client('T/+=').send(requests.ListVaults());
    expect(theAccepted().sessionToken).toBe('T/+=');
  });
});

describe('aws-sdk version 2', () => {
  async function client() {
    process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
    const { default: Glacier } = await import('aws-sdk/clients/glacier.js');
    const endpoint = `http://127.0.0.1:${port}`;
    return new Glacier({ endpoint, region, ...credentials, maxRetries: 0 });
  }

  const account = { accountId: '-', vaultName };

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['listVaults', { accountId: '-', limit: '2', marker }],
    ['describeVault', { accountId: '-', vaultName: "a b!'()*" }],
    ['deleteArchive', { ...account, archiveId: '-a_b' }],
    ['uploadArchive', { ...account, body, archiveDescription: 'a   b' }],
    ['initiateJob', { ...account, jobParameters: { Type: 'inventory-retrieval' } }],
    ['addTagsToVault', { ...account, Tags: { k: 'v' } }],
  ])('%s', async (operation, parameters) => {
    const glacier = await client();
    await glacier.makeRequest(operation, parameters).promise();
    expect(theAccepted().form).toBe('header');
  });

  test.each([{}, { 'x-amz-glacier-version': '2012-06-01' }])(
    'a presigned URL, opened with the headers %o',
    async (headers) => {
      const glacier = await client();
      const request = glacier.describeVault(account) as unknown as Presignable;
      await fetch(request.presign(60), { headers });
      const { form, expiresSeconds, request: received } = theAccepted();
      expect({ form, expiresSeconds }).toEqual({ form: 'presigned', expiresSeconds: 60 });
      expect(received.headers.get('x-amz-glacier-version')).toBe('2012-06-01');
    },
  );
});

/** What the types of version 2 do not tell. */
interface Presignable {
  presign(lifeSeconds: number): string;
}

/** A hash for the library's signer, apart from the one that the verifier gives it. */
class TestSha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined
        ? createHash('sha256')
        : createHmac('sha256', secret as string | Uint8Array);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(data as string | Uint8Array);
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }
}

test('a URL presigned by @smithy/signature-v4', async () => {
  const signer = new SignatureV4({ service: 'glacier', region, credentials, sha256: TestSha256 });
  const request = {
    method: 'GET',
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: '/-/vaults/my%20vault',
    query: { marker, b: ['2', '1'] },
    headers: { host: `127.0.0.1:${port}` },
  };
  const signed = await signer.presign(request, { expiresIn: 60 });
  const query = Object.entries(signed.query ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}=${encodeURIComponent(one ?? '')}`),
  );
  await fetch(`http://127.0.0.1:${port}${signed.path}?${query.join('&')}`, {
    headers: { 'x-amz-glacier-version': '2012-06-01' },
  });
  expect(theAccepted().form).toBe('presigned');
});

interface HandMade {
  readonly method: string;
  readonly target: string;
  /** As they go over the wire, in this order. */
  readonly headers: readonly (readonly [string, string])[];
  readonly signedNames: readonly string[];
  /** What this client takes for the canonical path and query. */
  readonly canonicalTarget: string;
  readonly date: string;
  readonly body?: string;
}

/** Signs by hand, from the text of the specification, as a client with its own signer does. */
function signByHand(request: HandMade, payloadHash = sha256(request.body ?? '')): SignedRequest {
  const { method, headers, signedNames, date } = request;
  const lines = signedNames.map((name) => {
    const values = headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
    return `${name}:${values.map((value) => value.split(/\s+/).join(' ').trim()).join(',')}\n`;
  });
  const names = signedNames.join(';');
  const canonical = `${method}\n${request.canonicalTarget}\n${lines.join('')}\n${names}\n${payloadHash}`;
  const scope = [date.slice(0, 8), region, 'glacier', 'aws4_request'];
  const key = scope.reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope.join('/')}\n${sha256(canonical)}`;
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope.join('/')},` +
    `SignedHeaders=${names},Signature=${signature}`;
  const rawHeaders = [...headers.flat(), 'Authorization', authorization];
  return { method, target: request.target, rawHeaders };
}

describe('older clients', () => {
  const date = formatBasicDate(Date.now());
  const amazonHost = ['Host', 'glacier.eu-central-1.amazonaws.com'] as const;
  const version = ['x-amz-glacier-version', '2012-06-01'] as const;
  const hello = 'hello';
  const helloHash = sha256(hello);

  const requests: Readonly<Record<string, HandMade>> = {
    'boto 2: only host and x-amz-* signed, repeated spaces in a description': {
      method: 'POST',
      target: '/-/vaults/examplevault/archives',
      canonicalTarget: '/-/vaults/examplevault/archives\n',
      headers: [
        ['Accept-Encoding', 'identity'],
        ['Content-Length', '5'],
        ['x-amz-archive-description', 'two  spaces \t and more'],
        ['x-amz-content-sha256', helloHash],
        ['x-amz-sha256-tree-hash', helloHash],
        version,
        ['X-Amz-Date', date],
        amazonHost,
        ['User-Agent', 'Boto/2.49.0'],
      ],
      signedNames: [
        'host',
        'x-amz-archive-description',
        'x-amz-content-sha256',
        'x-amz-date',
        'x-amz-glacier-version',
        'x-amz-sha256-tree-hash',
      ],
      date,
      body: hello,
    },
    'Net::Amazon::Glacier: Date in ISO basic form instead of x-amz-date': {
      method: 'GET',
      target: '/-/vaults?limit=2',
      canonicalTarget: '/-/vaults\nlimit=2',
      headers: [amazonHost, ['Date', date], version],
      signedNames: ['date', 'host', 'x-amz-glacier-version'],
      date,
    },
    'fog: Date beside x-amz-date, Host without the port': {
      method: 'DELETE',
      target: '/-/vaults/examplevault',
      canonicalTarget: '/-/vaults/examplevault\n',
      headers: [
        ['Date', new Date().toUTCString()],
        ['x-amz-date', date],
        ['Host', '127.0.0.1'],
        version,
      ],
      signedNames: ['date', 'host', 'x-amz-date', 'x-amz-glacier-version'],
      date,
    },
    'mt-aws-glacier: every header signed, the body of a job as a form': {
      method: 'POST',
      target: '/-/vaults/examplevault/jobs',
      canonicalTarget: '/-/vaults/examplevault/jobs\n',
      headers: [
        amazonHost,
        ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
        ['x-amz-date', date],
        version,
      ],
      signedNames: ['content-type', 'host', 'x-amz-date', 'x-amz-glacier-version'],
      date,
      body: '{"Type":"inventory-retrieval"}',
    },
    'Go SDK 1: an empty tree hash, signed': {
      method: 'GET',
      target: '/-/vaults',
      canonicalTarget: '/-/vaults\n',
      headers: [
        amazonHost,
        ['X-Amz-Content-Sha256', sha256('')],
        ['X-Amz-Date', date],
        ['X-Amz-Glacier-Version', '2012-06-01'],
        ['X-Amz-Sha256-Tree-Hash', ''],
      ],
      signedNames: [
        'host',
        'x-amz-content-sha256',
        'x-amz-date',
        'x-amz-glacier-version',
        'x-amz-sha256-tree-hash',
      ],
      date,
    },
    'botocore: an empty account in the path': {
      method: 'GET',
      target: '//vaults/my%20vault?limit=&marker=',
      canonicalTarget: '/vaults/my%2520vault\nlimit=&marker=',
      headers: [amazonHost, ['X-Amz-Date', date], version],
      signedNames: ['host', 'x-amz-date', 'x-amz-glacier-version'],
      date,
    },
    'a header on several lines': {
      method: 'GET',
      target: '/-/vaults',
      canonicalTarget: '/-/vaults\n',
      headers: [
        amazonHost,
        ['X-Amz-Date', date],
        ['X-Other', 'b  b'],
        version,
        ['x-other', 'a'],
        ['Connection', 'close'],
      ],
      signedNames: ['connection', 'host', 'x-amz-date', 'x-amz-glacier-version', 'x-other'],
      date,
    },
  };

  test.each(Object.entries(requests))('%s', async (_, request) => {
    const sent = Buffer.from(request.body ?? '');
    await expect(authenticate(signByHand(request), sent)).resolves.toMatchObject({
      requestDate: date,
    });
  });

  test('a header that is not ASCII, signed as the UTF-8 that went over the wire', async () => {
    const request: HandMade = {
      method: 'GET',
      target: '/-/vaults',
      canonicalTarget: '/-/vaults\n',
      headers: [amazonHost, ['X-Amz-Date', date], version, ['X-Other', 'grün ✓']],
      signedNames: ['host', 'x-amz-date', 'x-amz-glacier-version', 'x-other'],
      date,
    };
    const signed = signByHand(request);
    const asNodeReports = signed.rawHeaders.map((text) => Buffer.from(text).toString('latin1'));
    const received = { ...signed, rawHeaders: asNodeReports };
    await expect(authenticate(received, Buffer.of())).resolves.toBeDefined();
  });

  test('a body that is not the one whose hash was signed', async () => {
    const upload = Object.values(requests)[0] as HandMade;
    await expect(authenticate(signByHand(upload), Buffer.from('hallo'))).rejects.toThrow(
      'The value passed in as x-amz-content-sha256 does not match the computed payload hash. ' +
        `Computed digest: ${sha256('hallo')} expected hash: ${helloHash}`,
    );
  });
});

/**
 * Ten signatures that nobody here made up: 1 and 2 are Amazon's own examples from the developer
 * guide, the others were computed with two independent implementations.
 */

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Authentication, readAuthentication } from './authentication.ts';
import { canonicalRequest, deriveSigningKey, emptyPayloadHash } from './canonical.ts';
import type { SignedRequest } from './received-request.ts';
import { SigningKeys } from './signing-keys.ts';
import { verifySignature } from './verify.ts';

const accessKeyId = 'AKIAIOSFODNN7EXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

interface Vector {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly canonicalHash?: string;
  readonly signature: string;
  readonly date?: string;
  readonly region?: string;
}

const emptyVault = '/-/vaults/examplevault';
const helloHash = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

const vectors: readonly Vector[] = [
  {
    name: '1 create vault, from the guide',
    method: 'PUT',
    target: emptyVault,
    date: '20120525T002453Z',
    region: 'us-east-1',
    canonicalHash: '5f1da1a2d0feb614dd03d71e87928b8e449ac87614479332aced3a701f916743',
    signature: '3ce5b2f2fffac9262b4da9256f8d086b4aaf42eba5f111c21681a65a127b7c2a',
  },
  {
    name: '2 upload archive, from the guide',
    method: 'POST',
    target: `${emptyVault}/archives`,
    date: '20120507T000000Z',
    region: 'us-east-1',
    headers: {
      'x-amz-content-sha256': '726e392cb4d09924dbad1cc0ba3b00c3643d03d14cb4b823e2f041cff612a628',
    },
    body: 'Welcome to Amazon Glacier.',
    signature: 'b092397439375d59119072764a1e9a144677c43d9906fd98a5742c57a2855de6',
  },
  {
    name: '3 a query',
    method: 'GET',
    target:
      '/-/vaults?limit=2&marker=arn%3Aaws%3Aglacier%3Aus-west-2%3A111122223333%3Avaults%2Falpha',
    canonicalHash: '376425daace23d74dbbded7e09814bbf6d701556bc0d386efbf15f9084c92e58',
    signature: 'f2ad766a84d2a3aa9f63971ba7716f8c68e8d6f65a693bd22b85d130bb08f385',
  },
  {
    name: '4 a path that is encoded twice',
    method: 'GET',
    target: '/-/vaults/my%20vault',
    canonicalHash: '07ca4e3e5a8bdea1a09a55f000ad311a0f4dd4a7b303a72d235602ce677f3a87',
    signature: '2b2e03ee2df9aa503ce1b4e93f962cc7a2befb77e53d1da9a30de829a6588df1',
  },
  {
    name: '5 a JSON body',
    method: 'POST',
    target: `${emptyVault}/jobs`,
    headers: { 'content-type': 'application/json' },
    body: '{"Type":"inventory-retrieval","Format":"CSV"}',
    canonicalHash: 'b939d84fb7fd9a7c7f55f777518331359ba0ebe806ba295d5a0ae8ac6fa1b024',
    signature: '74c175725b7dd3b4064c3603c4c066c43c6276ef7f43c44ac9aefd17a65ed4db',
  },
  {
    name: '6 a description with repeated spaces',
    method: 'POST',
    target: '/111122223333/vaults/examplevault/archives',
    headers: {
      'x-amz-archive-description': 'a   b',
      'x-amz-content-sha256': helloHash,
      'x-amz-sha256-tree-hash': helloHash,
    },
    body: 'hello',
    canonicalHash: '73872507e9f2ec27d57921c70b5447b6059a74531e36e0b675d094800ed9450c',
    signature: '13a74466bacab9b03345274fec1d433c484e4d892feae0d2a1604b54445499ca',
  },
  {
    name: '7 temporary credentials',
    method: 'DELETE',
    target: emptyVault,
    headers: { 'x-amz-security-token': 'EXAMPLETOKEN/+=' },
    canonicalHash: '7d68c382e984f8f3610c7bf3e164f5a84bb7108cb9d7abc5d73ac3849a3ba700',
    signature: '6a1b712b337ff109fbc479c0bf8f07f036f8c1662fb9cf3ea4c027c540261e19',
  },
  {
    name: '9 a query on a POST',
    method: 'POST',
    target: `${emptyVault}/tags?operation=add`,
    headers: { 'content-type': 'application/json' },
    body: '{"Tags":{"k":"v"}}',
    canonicalHash: 'a4df2b2b3ef4da15f8b23a6ff752b98b6b94a3c218c960d3c03d21cc286eab99',
    signature: '9041530fa945c9c486db57464f4d7df70fc599c3cf57f72b64a06027414d880d',
  },
  {
    name: '10 an empty segment in the path',
    method: 'GET',
    target: '//vaults/examplevault',
    canonicalHash: '32984dd8a50937203356f97f485b6d9e41b7df4734d1547ed85c488db38e2fa9',
    signature: 'eca954b4a14ee11e1cee96a20614effb814e8feb2dbb2cbc83e14edc168c1468',
  },
];

function headerForm(vector: Vector, signature: string): SignedRequest {
  const { date = '20260105T081530Z', region = 'us-west-2' } = vector;
  const headers = {
    host: `glacier.${region}.amazonaws.com`,
    'x-amz-date': date,
    'x-amz-glacier-version': '2012-06-01',
    ...vector.headers,
  };
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${date.slice(0, 8)}/${region}/glacier/` +
    `aws4_request, SignedHeaders=${Object.keys(headers).sort().join(';')}, Signature=${signature}`;
  const rawHeaders = Object.entries({ ...headers, authorization }).flat();
  return { method: vector.method, target: vector.target, rawHeaders };
}

const presignedSignature = '6f57f342674c6c7566c9465fabc5a6544bd15a043f52ff383a7bf3ff8fa02e7d';

function presignedForm(signature: string): SignedRequest {
  const target =
    `${emptyVault}?X-Amz-Algorithm=AWS4-HMAC-SHA256` +
    `&X-Amz-Credential=${accessKeyId}%2F20260105%2Fus-west-2%2Fglacier%2Faws4_request` +
    `&X-Amz-Date=20260105T081530Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host` +
    `&X-Amz-Signature=${signature}`;
  return { method: 'GET', target, rawHeaders: ['Host', 'glacier.us-west-2.amazonaws.com'] };
}

function bodyHashOf(body = ''): string {
  return createHash('sha256').update(body).digest('hex');
}

const signingKeys = new SigningKeys();

function verify(authentication: Authentication, body?: string): Promise<void> {
  const bodyHash = bodyHashOf(body);
  return verifySignature({ authentication, secretAccessKey, bodyHash, signingKeys });
}

/** The signature with one digit after the other replaced by another digit. */
function changedSignatures(signature: string): string[] {
  return Array.from(signature, (digit, index) => {
    const other = ((Number.parseInt(digit, 16) + 1) % 16).toString(16);
    return signature.slice(0, index) + other + signature.slice(index + 1);
  });
}

describe.each(vectors)('vector $name', (vector) => {
  const region = vector.region ?? 'us-west-2';
  const authentication = readAuthentication(headerForm(vector, vector.signature), { region });
  const payloadHash = authentication.payloadHash ?? bodyHashOf(vector.body);

  if (vector.canonicalHash !== undefined) {
    test('has the canonical request', () => {
      const { request, signedHeaders } = authentication;
      const canonical = canonicalRequest(request, signedHeaders, payloadHash);
      expect(bodyHashOf(canonical)).toBe(vector.canonicalHash);
    });
  }

  test('is accepted', async () => {
    await expect(verify(authentication, vector.body)).resolves.toBeUndefined();
  });

  test('is refused with any digit of its signature changed', async () => {
    for (const signature of changedSignatures(vector.signature)) {
      await expect(verify({ ...authentication, signature }, vector.body)).rejects.toMatchObject({
        code: 'InvalidSignatureException',
        status: 403,
      });
    }
  });

  test('is refused for another method, path, query, header, body or host', async () => {
    const signed = headerForm(vector, vector.signature);
    const changedHeaders = signed.rawHeaders.map((value, index) =>
      index % 2 === 1 && signed.rawHeaders[index - 1] === 'x-amz-glacier-version' ? 'x' : value,
    );
    const changedHost = signed.rawHeaders.map((value, index) => (index === 1 ? 'other' : value));
    const changes: SignedRequest[] = [
      { ...signed, method: 'PATCH' },
      { ...signed, target: signed.target.replace('vaults', 'Vaults') },
      { ...signed, target: `${signed.target}${signed.target.includes('?') ? '&' : '?'}a=b` },
      { ...signed, rawHeaders: changedHeaders },
      { ...signed, rawHeaders: changedHost },
    ];
    for (const change of changes) {
      const changed = readAuthentication(change, { region });
      await expect(verify(changed, vector.body)).rejects.toThrow('The request signature we');
    }
    if (authentication.payloadHash === undefined) {
      await expect(verify(authentication, 'another body')).rejects.toThrow('The request signature');
    }
  });
});

describe('vector 8, presigned', () => {
  const region = 'us-west-2';
  const authentication = readAuthentication(presignedForm(presignedSignature), { region });

  test('has the canonical request', () => {
    const { request, signedHeaders } = authentication;
    const canonical = canonicalRequest(request, signedHeaders, emptyPayloadHash);
    expect(bodyHashOf(canonical)).toBe(
      'ace007a9bd206e2da5937ecb36e168953d0c42f6b6645290b4e6fe675c3b71c4',
    );
  });

  test('is accepted', async () => {
    await expect(verify(authentication)).resolves.toBeUndefined();
  });

  test('is refused with any digit of its signature changed', async () => {
    for (const signature of changedSignatures(presignedSignature)) {
      const changed = readAuthentication(presignedForm(signature), { region });
      await expect(verify(changed)).rejects.toMatchObject({ code: 'InvalidSignatureException' });
    }
  });

  test('is refused with a longer life', async () => {
    const signed = presignedForm(presignedSignature);
    const target = signed.target.replace('Expires=3600', 'Expires=3601');
    const changed = readAuthentication({ ...signed, target }, { region });
    await expect(verify(changed)).rejects.toThrow('The request signature we calculated');
  });
});

describe('the signing key', () => {
  test.each([
    ['20120525', 'us-east-1', '75fb39ae89095e144a7b5b520c6761dcedc4fe3acf1fc6e51fee65489bfacf74'],
    ['20260105', 'us-west-2', '42108c70130efb3c3cda9be58a4cb77d42c7c2404b12b446f85c3c4c1d4378e1'],
  ])('of %s in %s', async (scopeDate, region, expected) => {
    const key = await deriveSigningKey({ accessKeyId, secretAccessKey, scopeDate, region });
    expect(Buffer.from(key).toString('hex')).toBe(expected);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAuthentication } from './authentication.ts';
import { emptyPayloadHash } from './canonical.ts';
import { presignRequest, signRequest, type UnsignedRequest } from './sign.ts';
import { SigningKeys } from './signing-keys.ts';
import { verifySignature } from './verify.ts';

const region = 'us-west-2';
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const plain: UnsignedRequest = {
  method: 'GET',
  target: '/-/vaults/examplevault',
  headers: { host: 'glacier.us-west-2.amazonaws.com' },
  payloadHash: emptyPayloadHash,
  credentials,
  region,
  requestDate: '20260105T081530Z',
};

async function verify(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const rawHeaders = Object.entries(headers).flat();
  const authentication = readAuthentication({ method, target, rawHeaders }, { region });
  const { secretAccessKey } = credentials;
  const signingKeys = new SigningKeys();
  await verifySignature({
    authentication,
    secretAccessKey,
    bodyHash: emptyPayloadHash,
    signingKeys,
  });
  return authentication.sessionToken;
}

test('the header form of published vector 7', async () => {
  const headers = await signRequest({
    ...plain,
    method: 'DELETE',
    headers: { ...plain.headers, 'x-amz-glacier-version': '2012-06-01' },
    credentials: { ...credentials, sessionToken: 'EXAMPLETOKEN/+=' },
  });
  expect(headers).toEqual({
    host: 'glacier.us-west-2.amazonaws.com',
    'x-amz-date': '20260105T081530Z',
    'x-amz-glacier-version': '2012-06-01',
    'x-amz-security-token': 'EXAMPLETOKEN/+=',
    authorization:
      'AWS4-HMAC-SHA256 ' +
      'Credential=AKIAIOSFODNN7EXAMPLE/20260105/us-west-2/glacier/aws4_request, ' +
      'SignedHeaders=host;x-amz-date;x-amz-glacier-version;x-amz-security-token, ' +
      'Signature=6a1b712b337ff109fbc479c0bf8f07f036f8c1662fb9cf3ea4c027c540261e19',
  });
});

test('the presigned form of published vector 8', async () => {
  const target = await presignRequest({ ...plain, expiresSeconds: 3600 });
  expect(target).toBe(
    '/-/vaults/examplevault?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
      '&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260105%2Fus-west-2%2Fglacier%2Faws4_request' +
      '&X-Amz-Date=20260105T081530Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=6f57f342674c6c7566c9465fabc5a6544bd15a043f52ff383a7bf3ff8fa02e7d',
  );
});

test('headers that proxies change are sent but not signed', async () => {
  const headers = await signRequest({
    ...plain,
    headers: {
      ...plain.headers,
      'User-Agent': 'firn',
      Connection: 'close',
      'Proxy-X': '1',
      'Sec-X': '2',
      'Content-Type': 'application/json',
    },
  });
  expect(headers.authorization).toContain('SignedHeaders=content-type;host;x-amz-date,');
  expect(headers['User-Agent']).toBe('firn');
  await verify('GET', plain.target, { ...headers, 'User-Agent': 'changed', Connection: 'close' });
});

test.each([
  '/-/vaults',
  '/-/vaults?limit=&marker=',
  '/-/vaults?b=2&a=1&b=1&a=%20',
  '/-/vaults?flag',
  '/-/vaults?a-b=1&a=2&aa=3&A=4',
  '/-/vaults?constructor=1&toString=2&marker=%E2%9C%93',
  '/-/vaults/a/../b/./c//d/',
  "/-/vaults/!'()*%21",
])('both forms of %s are accepted', async (target) => {
  await verify('GET', target, await signRequest({ ...plain, target }));
  const presigned = await presignRequest({ ...plain, target, expiresSeconds: 60 });
  await verify('GET', presigned, plain.headers);
});

test('a presigned request carries its session token in the query', async () => {
  const temporary = { ...credentials, sessionToken: 'T/+=' };
  const target = await presignRequest({ ...plain, credentials: temporary, expiresSeconds: 60 });
  expect(await verify('GET', target, plain.headers)).toBe('T/+=');
  const without = target.replace(/&X-Amz-Security-Token=[^&]*/, '');
  await expect(verify('GET', without, plain.headers)).rejects.toThrow('The request signature');
});

test('any query and any header values are signed and accepted in both forms', async () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
  const parameters = fc.array(fc.tuple(word, word), { maxLength: 6 });
  const value = fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).map((text) => text.trim());
  await fc.assert(
    fc.asyncProperty(parameters, word, value, async (pairs, vault, description) => {
      const query = pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
      const target = `/-/vaults/${encodeURIComponent(vault)}?${query}`;
      const headers = { ...plain.headers, 'x-amz-archive-description': description };
      await verify('GET', target, await signRequest({ ...plain, target, headers }));
      const presigned = await presignRequest({ ...plain, target, headers, expiresSeconds: 60 });
      await verify('GET', presigned, headers);
    }),
    { numRuns: 200 },
  );
});

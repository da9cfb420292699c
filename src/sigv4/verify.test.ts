import { describe, expect, test } from 'vitest';
import { type Authentication, readAuthentication } from './authentication.ts';
import { deriveSigningKey, emptyPayloadHash } from './canonical.ts';
import { signRequest, type UnsignedRequest } from './sign.ts';
import { SigningKeys } from './signing-keys.ts';
import { verifySignature } from './verify.ts';

const region = 'us-west-2';
const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
const { secretAccessKey } = credentials;
const plain: UnsignedRequest = {
  method: 'GET',
  target: '/-/vaults?limit=2',
  headers: { host: 'localhost:6200', 'x-amz-glacier-version': '2012-06-01' },
  payloadHash: emptyPayloadHash,
  credentials,
  region,
  requestDate: '20260105T081530Z',
};

async function authenticate(request: UnsignedRequest = plain): Promise<Authentication> {
  const rawHeaders = Object.entries(await signRequest(request)).flat();
  const { method, target } = request;
  return readAuthentication({ method, target, rawHeaders }, { region });
}

const bodyHash = emptyPayloadHash;

describe('verifySignature', () => {
  test('accepts what was signed with the secret', async () => {
    const authentication = await authenticate();
    const signingKeys = new SigningKeys();
    await verifySignature({ authentication, secretAccessKey, bodyHash, signingKeys });
    await verifySignature({ authentication, secretAccessKey, bodyHash, signingKeys });
  });

  test('says what should have been signed when the signature is wrong', async () => {
    const authentication = await authenticate();
    const signingKeys = new SigningKeys();
    const check = { authentication, secretAccessKey: 'other', bodyHash, signingKeys };
    await expect(verifySignature(check)).rejects.toMatchObject({
      code: 'InvalidSignatureException',
      status: 403,
      message: `The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.

The Canonical String for this request should have been
'GET
/-/vaults
limit=2
host:localhost:6200
x-amz-date:20260105T081530Z
x-amz-glacier-version:2012-06-01

host;x-amz-date;x-amz-glacier-version
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

The String-to-Sign should have been
'AWS4-HMAC-SHA256
20260105T081530Z
20260105/us-west-2/glacier/aws4_request
e05cdff1bd39d8c2da9ee2e0e3aa0f945ea9fab4a2f95dbb3a4a6ebc4868b348'`,
    });
  });

  test.each(['', '0', 'x'.repeat(64), 'é'.repeat(64)])('refuses the signature %j', async (text) => {
    const authentication = { ...(await authenticate()), signature: text };
    const check = { authentication, secretAccessKey, bodyHash, signingKeys: new SigningKeys() };
    await expect(verifySignature(check)).rejects.toThrow('The request signature we calculated');
  });

  test('refuses the right signature in upper case', async () => {
    const good = await authenticate();
    const authentication = { ...good, signature: good.signature.toUpperCase() };
    const check = { authentication, secretAccessKey, bodyHash, signingKeys: new SigningKeys() };
    await expect(verifySignature(check)).rejects.toThrow('The request signature we calculated');
  });

  test('refuses an unknown access key in its own words', async () => {
    const check = {
      authentication: await authenticate(),
      secretAccessKey: undefined,
      bodyHash,
      signingKeys: new SigningKeys(),
    };
    await expect(verifySignature(check)).rejects.toMatchObject({
      code: 'UnrecognizedClientException',
      status: 400,
      message: 'The security token included in the request is invalid.',
    });
  });

  test('knows no secret that opens an unknown access key', async () => {
    const unknown = { ...plain, credentials: { accessKeyId: 'NOBODY', secretAccessKey: '' } };
    const check = {
      authentication: await authenticate(unknown),
      secretAccessKey: undefined,
      bodyHash,
      signingKeys: new SigningKeys(),
    };
    await expect(verifySignature(check)).rejects.toThrow('The security token');
  });

  test('takes the hash that was signed over that of the body', async () => {
    const payloadHash = 'ab'.repeat(32);
    const headers = { ...plain.headers, 'x-amz-content-sha256': payloadHash };
    const authentication = await authenticate({ ...plain, headers, payloadHash });
    const signingKeys = new SigningKeys();
    await verifySignature({ authentication, secretAccessKey, signingKeys });
    await verifySignature({ authentication, secretAccessKey, bodyHash, signingKeys });
  });

  test('does not guess the hash of a body', async () => {
    const authentication = await authenticate();
    const check = { authentication, secretAccessKey, signingKeys: new SigningKeys() };
    await expect(verifySignature(check)).rejects.toThrow(TypeError);
  });
});

describe('SigningKeys', () => {
  const parts = { ...credentials, scopeDate: '20260105', region };

  test('derives each key once', async () => {
    const signingKeys = new SigningKeys();
    const key = await signingKeys.get(parts);
    expect(key).toEqual(await deriveSigningKey(parts));
    expect(await signingKeys.get(parts)).toBe(key);
  });

  test.each([
    { secretAccessKey: 'changed' },
    { accessKeyId: 'OTHER', secretAccessKey: 'changed' },
    { scopeDate: '20260106' },
    { region: 'us-east-1' },
  ])('keeps another key for %o', async (change) => {
    const signingKeys = new SigningKeys();
    const key = await signingKeys.get(parts);
    const other = await signingKeys.get({ ...parts, ...change });
    expect(other).not.toEqual(key);
    expect(other).toEqual(await deriveSigningKey({ ...parts, ...change }));
  });

  test('is bounded, and drops what was idle longest', async () => {
    const signingKeys = new SigningKeys(2);
    const first = await signingKeys.get(parts);
    const second = await signingKeys.get({ ...parts, accessKeyId: 'B', secretAccessKey: 'b' });
    expect(await signingKeys.get(parts)).toBe(first);
    await signingKeys.get({ ...parts, accessKeyId: 'C', secretAccessKey: 'c' });
    expect(await signingKeys.get(parts)).toBe(first);
    for (const name of ['D', 'E', 'F', 'G']) {
      await signingKeys.get({ ...parts, accessKeyId: name, secretAccessKey: name });
    }
    expect(second).toHaveLength(32);
    expect(await signingKeys.get(parts)).toEqual(first);
  });

  test('has one decoy for all strangers, its own in every instance', async () => {
    const signingKeys = new SigningKeys();
    const decoy = await signingKeys.getDecoy('20260105', region);
    expect(await signingKeys.getDecoy('20260105', region)).toBe(decoy);
    expect(await new SigningKeys().getDecoy('20260105', region)).not.toEqual(decoy);
  });
});

import { expect, test } from 'vitest';
import { checkPayloadHash, refuseSentinel } from './payload-hash.ts';

const hello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

test('the hash of the body passes, in either case', () => {
  checkPayloadHash(hello, hello);
  checkPayloadHash(hello.toUpperCase(), hello);
});

test.each(['', '000', hello.replace('2', '3'), `${hello}0`])('%j is refused', (claimed) => {
  expect(() => checkPayloadHash(claimed, hello)).toThrow(
    expect.objectContaining({
      code: 'InvalidSignatureException',
      status: 403,
      message:
        'The value passed in as x-amz-content-sha256 does not match the computed payload hash. ' +
        `Computed digest: ${hello} expected hash: ${claimed}`,
    }),
  );
});

test.each([
  'UNSIGNED-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
])('the sentinel %s is refused before the body is read', (claimed) => {
  expect(() => refuseSentinel(claimed)).toThrow(
    'The value passed in as x-amz-content-sha256 does not match the computed payload hash. ' +
      `Computed digest: not computed expected hash: ${claimed}`,
  );
});

test('no hash and a hash are no sentinels', () => {
  refuseSentinel(undefined);
  refuseSentinel(hello);
});

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SecretSealer, sealingKeyBytes } from './sealed-secret.ts';

const sealer = new SecretSealer(randomBytes(sealingKeyBytes));
const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const keyId = 'AKIAIOSFODNN7EXAMPLE';

test('a sealing key is 256 bits', () => {
  expect(sealingKeyBytes).toBe(32);
});

test('what was sealed is opened, whatever it is', () => {
  const text = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, (anySecret, anyKeyId) => {
      expect(sealer.open(sealer.seal(anySecret, anyKeyId), anyKeyId)).toBe(anySecret);
    }),
  );
});

test('a sealed secret is base64 of nonce, tag and as many bytes as the secret has', () => {
  const sealed = sealer.seal(secret, keyId);
  expect(sealed).toMatch(/^[A-Za-z0-9+/]+=*$/);
  expect(Buffer.from(sealed, 'base64')).toHaveLength(12 + 16 + secret.length);
});

test('a sealed secret does not show the secret, nor that another is the same', () => {
  const sealed = Array.from({ length: 100 }, () => sealer.seal(secret, keyId));
  expect(new Set(sealed).size).toBe(sealed.length);
  for (const text of sealed) {
    expect(Buffer.from(text, 'base64').includes(secret)).toBe(false);
    expect(text).not.toContain(secret);
  }
});

test('no nonce is used twice', () => {
  const nonces = Array.from({ length: 1000 }, () =>
    Buffer.from(sealer.seal(secret, keyId), 'base64').subarray(0, 12).toString('hex'),
  );
  expect(new Set(nonces).size).toBe(nonces.length);
});

test('any single changed bit is noticed', () => {
  const bytes = Buffer.from(sealer.seal(secret, keyId), 'base64');
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Buffer.from(bytes);
    const index = Math.floor(bit / 8);
    changed.writeUInt8(changed.readUInt8(index) ^ (1 << (bit % 8)), index);
    expect(sealer.open(changed.toString('base64'), keyId), `bit ${bit}`).toBeUndefined();
  }
});

test('another sealing key opens nothing', () => {
  const other = new SecretSealer(randomBytes(sealingKeyBytes));
  expect(other.open(sealer.seal(secret, keyId), keyId)).toBeUndefined();
});

test('the same sealing key opens it in another process', () => {
  const key = randomBytes(sealingKeyBytes);
  const sealed = new SecretSealer(Buffer.from(key)).seal(secret, keyId);
  expect(new SecretSealer(Buffer.from(key)).open(sealed, keyId)).toBe(secret);
});

test.each(['', 'AKIAIOSFODNN7EXAMPLF', keyId.toLowerCase(), `${keyId} `])(
  'a sealed secret cannot be moved to the access key id %j',
  (otherKeyId) => {
    expect(sealer.open(sealer.seal(secret, keyId), otherKeyId)).toBeUndefined();
  },
);

const sealed = Buffer.from(sealer.seal(secret, keyId), 'base64');

test.each<[what: string, text: string]>([
  ['nothing', ''],
  ['no base64', '***'],
  ['the plain secret', secret],
  ['the nonce alone', sealed.subarray(0, 12).toString('base64')],
  ['half a tag', sealed.subarray(0, 20).toString('base64')],
  ['no ciphertext', sealed.subarray(0, 28).toString('base64')],
  ['one byte less', sealed.subarray(0, -1).toString('base64')],
  ['one byte more', Buffer.concat([sealed, Buffer.alloc(1)]).toString('base64')],
])('%s is not opened, and nothing is thrown', (_what, text) => {
  expect(sealer.open(text, keyId)).toBeUndefined();
});

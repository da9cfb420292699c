import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { makeSigningCertificate } from './signing-certificate.ts';

it('is a certificate for signing, of ten years from the given time', async () => {
  const now = Date.UTC(2026, 0, 5, 8, 15, 30);
  const made = await makeSigningCertificate({ ...systemClock, now: () => now });
  const certificate = new X509Certificate(made.certificatePem);
  const key = createPrivateKey(made.privateKeyPem);
  expect(certificate.subject).toBe('CN=firn');
  expect(certificate.issuer).toBe('CN=firn');
  expect(certificate.ca).toBe(false);
  expect(Date.parse(certificate.validFrom)).toBe(now);
  expect(Date.parse(certificate.validTo)).toBe(Date.UTC(2036, 0, 5, 8, 15, 30));
  expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
  expect(certificate.checkPrivateKey(key)).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  // sha256WithRSAEncryption, 1.2.840.113549.1.1.11
  expect(certificate.raw.includes(Buffer.from('06092a864886f70d01010b', 'hex'))).toBe(true);
});

it('is another each time, from now on when no clock is given', async () => {
  const [one, two] = await Promise.all([makeSigningCertificate(), makeSigningCertificate()]);
  expect(one.certificatePem).not.toBe(two.certificatePem);
  expect(one.privateKeyPem).not.toBe(two.privateKeyPem);
});

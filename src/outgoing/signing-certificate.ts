/** The certificate that receivers verify envelopes with. */
import { type Clock, systemClock } from '../lib/clock.ts';

export interface SigningCertificate {
  readonly certificatePem: string;
  /** PKCS#8, not encrypted. */
  readonly privateKeyPem: string;
}

/** Receivers keep it, so it should outlive many servers (chosen). */
const lifeYears = 10;

/** A new RSA key of 2,048 bits, and a certificate for signing that it has signed itself. */
export async function makeSigningCertificate(
  clock: Clock = systemClock,
): Promise<SigningCertificate> {
  const { generate } = await import('selfsigned');
  const notBeforeDate = new Date(clock.now());
  const notAfterDate = new Date(notBeforeDate);
  notAfterDate.setUTCFullYear(notAfterDate.getUTCFullYear() + lifeYears);
  const made = await generate([{ name: 'commonName', value: 'firn' }], {
    keySize: 2048,
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
    ],
  });
  return { certificatePem: made.cert, privateKeyPem: made.private };
}

/** Access keys: the pair that a client signs with, in the form that Amazon's tools accept. */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Milliseconds } from '../lib/clock.ts';

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A key that ends by itself, and that is good only together with its token. */
export interface TemporaryAccessKey extends AccessKey {
  readonly sessionToken: string;
}

export const base32Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Seconds that a session may last (documented for IAM), and does when nobody says. */
export const sessionSeconds = { shortest: 900, longest: 129_600, usual: 43_200 };

/** How long an ended session is still known, so that its use is told from a mistake (chosen). */
export const endedSessionMs: Milliseconds = 24 * 60 * 60 * 1000;

/** A new pair: an id of 20 characters that begins with AKIA, a secret of 40. */
export function makeAccessKey(): AccessKey {
  return makePair('AKIA');
}

/** The same with ASIA, and a token. */
export function makeTemporaryAccessKey(): TemporaryAccessKey {
  return { ...makePair('ASIA'), sessionToken: randomBytes(96).toString('base64') };
}

function makePair(prefix: 'AKIA' | 'ASIA'): AccessKey {
  const random = Array.from({ length: 16 }, () => base32Alphabet[randomInt(base32Alphabet.length)]);
  return {
    accessKeyId: `${prefix}${random.join('')}`,
    secretAccessKey: randomBytes(30).toString('base64'),
  };
}

/** What is kept of a token: SHA-256 in hex. It is random and long, so this gives nothing away. */
export function hashToken(sessionToken: string): string {
  return createHash('sha256').update(sessionToken).digest('hex');
}

/** Whether a request with this token, or none, belongs to a key with this hash, or none. */
export function isRightToken(token: string | undefined, hash: string | null): boolean {
  if (token === undefined || hash === null) return token === undefined && hash === null;
  return timingSafeEqual(Buffer.from(hashToken(token), 'hex'), Buffer.from(hash, 'hex'));
}

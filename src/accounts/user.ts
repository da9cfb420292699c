/** A user of an account: a principal that may do what its identity policies allow, and no more. */
import { randomInt } from 'node:crypto';
import { base32Alphabet } from './access-key.ts';

/** Names of users and of their policies (documented for IAM); not those that no path can hold. */
const namePattern = /^[A-Za-z0-9_+=,.@-]{1,64}$/;

export function isUserName(name: string): boolean {
  return namePattern.test(name) && name !== '.' && name !== '..';
}

/** Identity policies of one user (chosen: as many as IAM attaches). */
export const policiesPerUser = 10;

/** An id that no other user has had, not even one of the same name: AIDA and 17 characters. */
export function makeUserId(): string {
  const random = Array.from({ length: 17 }, () => base32Alphabet[randomInt(base32Alphabet.length)]);
  return `AIDA${random.join('')}`;
}

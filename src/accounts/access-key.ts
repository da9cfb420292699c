/** Access keys: the pair that a client signs with, in the form that Amazon's tools accept. */
import { randomBytes, randomInt } from 'node:crypto';

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const idAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A new pair: an id of 20 characters that begins with AKIA, a secret of 40. */
export function makeAccessKey(): AccessKey {
  const id = Array.from({ length: 16 }, () => idAlphabet[randomInt(idAlphabet.length)]).join('');
  return { accessKeyId: `AKIA${id}`, secretAccessKey: randomBytes(30).toString('base64') };
}

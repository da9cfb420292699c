/**
 * Identifiers: unpadded base64url of random bytes, in the lengths that clients rely on (archive ids
 * go into fixed-width columns; observed). Randomness is an argument, like time.
 */
import { randomBytes } from 'node:crypto';

/** How many random bytes stand behind each kind of identifier. */
const bytesOf = {
  archive: 103,
  job: 69,
  upload: 69,
  capacity: 18,
  lock: 18,
  request: 35,
} as const;

export type IdKind = keyof typeof bytesOf;

export interface Ids {
  next(kind: IdKind): string;
}

/**
 * @param mayBeginWithDash Amazon's ids do begin with `-` now and then, and ten years of command line
 *   bugs came of it; ours never do unless the profile asks for Amazon to the letter.
 */
export function createIds(mayBeginWithDash: boolean): Ids {
  return {
    next(kind) {
      for (;;) {
        const id = randomBytes(bytesOf[kind]).toString('base64url');
        if (mayBeginWithDash || !id.startsWith('-')) return id;
      }
    },
  };
}

/** 40 hex digits: names of blobs and temporary files. Never derived from anything a client said. */
export function randomName(): string {
  return randomBytes(20).toString('hex');
}

/** Content that can be made again from a number: no two alike, and not compressible. */
import { createCipheriv } from 'node:crypto';
import { sha256 } from '../../support/sign.ts';
import { MIB, treeHash } from '../../support/tree-hash.ts';

const poolBytes = 6 * MIB;
const pool = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(
  Buffer.alloc(poolBytes),
);

export interface Content {
  readonly number: number;
  readonly sizeBytes: number;
}

/** What bytes must be, by hashes that are not the server's. */
export interface Digest {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly treeHash: string;
}

/** Up to 5 MiB. The number stands in the first bytes, as far as there is room. */
export function bytesOf({ number, sizeBytes }: Content): Buffer {
  const start = (number * 4_099) % (poolBytes - sizeBytes);
  const bytes = Buffer.from(pool.subarray(start, start + sizeBytes));
  const stamp = Buffer.alloc(8);
  stamp.writeUInt32BE(number % 0xffff_ffff);
  stamp.copy(bytes);
  return bytes;
}

export function digestOf(bytes: Buffer): Digest {
  return { sizeBytes: bytes.length, sha256: sha256(bytes), treeHash: treeHash(bytes) };
}

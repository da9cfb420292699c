/** The little of tar that segments need: headers of plain files (POSIX.1-1988, "ustar"). */
import type { Milliseconds } from '../../lib/clock.ts';

export const tarBlockBytes = 512;

/** What ends an archive: two blocks of zeros. */
export const endOfArchive = Buffer.alloc(2 * tarBlockBytes);

/** The bytes that content of this size takes up, padded to whole blocks. */
export function paddedBytes(sizeBytes: number): number {
  return Math.ceil(sizeBytes / tarBlockBytes) * tarBlockBytes;
}

const magic = 'ustar\u000000';

/** The header of a member: a read-only file of `sizeBytes` with this name of at most 100 characters. */
export function memberHeader(name: string, sizeBytes: number, time: Milliseconds): Buffer {
  const header = Buffer.alloc(tarBlockBytes);
  header.write(name, 0, 100, 'ascii');
  header.write(octal(0o440, 7), 100, 'ascii');
  header.write(octal(0, 7), 108, 'ascii');
  header.write(octal(0, 7), 116, 'ascii');
  header.write(octal(sizeBytes, 11), 124, 'ascii');
  header.write(octal(Math.floor(time / 1000), 11), 136, 'ascii');
  header.write(' '.repeat(8), 148, 'ascii');
  header.write('0', 156, 'ascii');
  header.write(magic, 257, 'ascii');
  header.write(`${octal(checksum(header), 6)}\u0000 `, 148, 'ascii');
  return header;
}

/** Whether a block is the header of a member, by its magic and its checksum. */
export function isMember(header: Buffer): boolean {
  if (header.toString('ascii', 257, 257 + magic.length) !== magic) return false;
  const blanked = Buffer.from(header).fill(' ', 148, 156);
  return Number.parseInt(header.toString('ascii', 148, 156), 8) === checksum(blanked);
}

/** The size that a member's header states, in bytes. */
export function memberSize(header: Buffer): number {
  return Number.parseInt(header.toString('ascii', 124, 136), 8);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function checksum(header: Buffer): number {
  return header.reduce((sum, byte) => sum + byte, 0);
}

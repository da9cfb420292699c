import { describe, expect, it } from 'vitest';
import {
  endOfArchive,
  isMember,
  memberHeader,
  memberSize,
  paddedBytes,
  tarBlockBytes,
} from './tar.ts';

const name = '00000001-0000000512';
const time = Date.UTC(2026, 0, 5, 8, 15, 30, 123);

describe('A tar header', () => {
  it('has the fields of POSIX.1-1988, as octal text', () => {
    const header = memberHeader(name, 1000, time);
    expect(header).toHaveLength(tarBlockBytes);
    const field = (start: number, length: number) =>
      header.toString('latin1', start, start + length);
    expect(field(0, 100)).toBe(name.padEnd(100, '\0'));
    expect(field(100, 8)).toBe('0000440\0');
    expect(field(108, 8)).toBe('0000000\0');
    expect(field(116, 8)).toBe('0000000\0');
    expect(field(124, 12)).toBe('00000001750\0');
    expect(field(136, 12)).toBe(`${Math.floor(time / 1000).toString(8)}\0`);
    expect(field(156, 1)).toBe('0');
    expect(field(257, 8)).toBe('ustar\x0000');
    expect(field(265, 247)).toBe('\0'.repeat(247));
  });

  it('has the sum of its bytes, the checksum itself counted as spaces', () => {
    const header = memberHeader(name, 256 * 1024, time);
    const stated = header.toString('latin1', 148, 156);
    expect(stated).toMatch(/^[0-7]{6}\0 $/);
    let sum = 8 * 0x20;
    for (const [at, byte] of header.entries()) if (at < 148 || at >= 156) sum += byte;
    expect(Number.parseInt(stated, 8)).toBe(sum);
  });

  it('is known as one, and says its size', () => {
    for (const sizeBytes of [0, 1, 511, 512, 256 * 1024, 8 ** 11 - 1]) {
      const header = memberHeader(name, sizeBytes, time);
      expect(isMember(header)).toBe(true);
      expect(memberSize(header)).toBe(sizeBytes);
    }
  });

  it('is not one with any bit changed', () => {
    const header = memberHeader(name, 1000, time);
    const endOfChecksum = new Set([154, 155]);
    for (let at = 0; at < tarBlockBytes; at++) {
      if (endOfChecksum.has(at)) continue;
      const changed = Buffer.from(header);
      changed[at] = (changed[at] as number) ^ 0x01;
      expect(isMember(changed), `byte ${at}`).toBe(false);
    }
  });

  it('is not one when it is empty, or content', () => {
    expect(isMember(Buffer.alloc(tarBlockBytes))).toBe(false);
    expect(isMember(endOfArchive.subarray(0, tarBlockBytes))).toBe(false);
    expect(isMember(Buffer.alloc(tarBlockBytes, 'a'))).toBe(false);
  });
});

describe('Tar content', () => {
  it('is padded to whole blocks', () => {
    const sizes = [0, 1, 511, 512, 513, 1024, 256 * 1024];
    expect(sizes.map(paddedBytes)).toEqual([0, 512, 512, 512, 1024, 1024, 256 * 1024]);
    expect(endOfArchive.equals(Buffer.alloc(1024))).toBe(true);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatByteRange,
  isMebibyteAligned,
  isTreeHashAligned,
  parseByteRange,
  parseWholeNumber,
  rangeLength,
  resolveRangeHeader,
} from './byte-range.ts';
import { leafBytes } from './tree-hash.ts';

const size = 7 * leafBytes + 123;

describe('parseWholeNumber', () => {
  it.each(['0', '7', '1048576', '999999999999999'])('reads %s', (text) => {
    expect(parseWholeNumber(text)).toBe(Number(text));
  });

  it.each(['', '-1', '+1', '01', '1.0', '1e3', ' 1', '0x10', '1234567890123456'])(
    'does not read %j',
    (text) => {
      expect(parseWholeNumber(text)).toBeUndefined();
    },
  );
});

describe('parseByteRange', () => {
  it('reads back what formatByteRange writes', () => {
    const number = fc.integer({ min: 0, max: 2 ** 46 });
    fc.assert(
      fc.property(number, number, (a, b) => {
        const range = { startByte: Math.min(a, b), endByte: Math.max(a, b) };
        expect(parseByteRange(formatByteRange(range))).toEqual(range);
      }),
    );
  });

  it.each(['', '5', '5-', '-5', '6-5', '1-2-3', 'a-b', '0-1 ', '1,5-2'])('refuses %j', (text) => {
    expect(parseByteRange(text)).toBeUndefined();
  });
});

describe('alignment', () => {
  it.each([
    [0, leafBytes - 1, true, true],
    [0, size - 1, true, true],
    [leafBytes, 3 * leafBytes - 1, true, false],
    [2 * leafBytes, 4 * leafBytes - 1, true, true],
    [7 * leafBytes, size - 1, true, true],
    [4 * leafBytes, size - 1, true, true],
    [1, leafBytes - 1, false, false],
    [0, leafBytes, false, false],
    [0, size, false, false],
    [0, 8 * leafBytes - 1, false, false],
  ])('of %i to %i', (startByte, endByte, isMebibyte, isTreeHash) => {
    expect(isMebibyteAligned({ startByte, endByte }, size)).toBe(isMebibyte);
    expect(isTreeHashAligned({ startByte, endByte }, size)).toBe(isTreeHash);
  });
});

describe('resolveRangeHeader', () => {
  it.each([
    ['bytes=0-0', 0, 0],
    ['bytes=5-', 5, size - 1],
    ['bytes=-1', size - 1, size - 1],
    ['bytes=-99999999999', 0, size - 1],
    ['bytes=0-99999999999999999999', 0, size - 1],
    [`bytes=${size - 1}-${size}`, size - 1, size - 1],
    [' bytes=1-2 ', 1, 2],
  ])('gives %s its bytes', (header, startByte, endByte) => {
    expect(resolveRangeHeader(header, size)).toEqual({ startByte, endByte });
  });

  it.each([
    'bytes=',
    'bytes=-',
    'bytes=-0',
    'bytes=2-1',
    `bytes=${size}-`,
    'bytes=0-1,3-4',
    'bytes 0-1',
    'items=0-1',
    'bytes=a-b',
    'bytes=1',
    'bytes=99999999999999999999-',
  ])('refuses %s', (header) => {
    expect(resolveRangeHeader(header, size)).toBeUndefined();
  });

  it('never leaves the data', () => {
    const digits = fc.oneof(fc.constant(''), fc.integer({ min: 0, max: 2 ** 50 }).map(String));
    fc.assert(
      fc.property(
        digits,
        digits,
        fc.integer({ min: 1, max: 2 ** 45 }),
        (first, last, sizeBytes) => {
          const range = resolveRangeHeader(`bytes=${first}-${last}`, sizeBytes);
          if (!range) return;
          expect(range.startByte).toBeGreaterThanOrEqual(0);
          expect(range.endByte).toBeLessThan(sizeBytes);
          expect(rangeLength(range)).toBeGreaterThan(0);
        },
      ),
    );
  });
});

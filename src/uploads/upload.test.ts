import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangeLength } from '../lib/byte-range.ts';
import { decodeMarker, encodeMarker } from '../lib/marker.ts';
import type { UploadRow } from '../storage/metadata/schema.ts';
import {
  checkPartRange,
  describeUpload,
  endedLately,
  isInProgress,
  parseContentRange,
  parsePartSize,
  partMarker,
  uploadMarker,
  uploadNotFound,
} from './upload.ts';

const mebibyte = 1024 * 1024;
const start = Date.parse('2026-01-05T08:15:30.123Z');
const dayMs = 24 * 60 * 60 * 1000;

function uploadOf(changes: Partial<UploadRow> = {}): UploadRow {
  return {
    sequence: 12,
    upload_id:
      'OW2fM5iVylEpFEMM9_HpKowRapC3vn5sSL39_396UW9zLFUWVrnRHaPjUJddQ5OxSHVXjYtrN47NBZ-khxOjyEXAMPLE',
    vault_sequence: 3,
    description: 'disk image',
    part_size_bytes: 4 * mebibyte,
    created_at: start,
    active_at: start,
    state: 'InProgress',
    ended_at: null,
    archive_id: null,
    ...changes,
  };
}

function invalid(message: string) {
  return expect.objectContaining({ code: 'InvalidParameterValueException', message });
}

describe('a part size', () => {
  const sizes = Array.from({ length: 13 }, (_, exponent) => mebibyte * 2 ** exponent);

  it.each(sizes)('may be %i', (size) => {
    expect(parsePartSize(String(size))).toBe(size);
  });

  it('has 13 values, up to 4 GiB', () => {
    expect(sizes.at(-1)).toBe(4_294_967_296);
  });

  it.each([
    undefined,
    '',
    '0',
    '1',
    '-1048576',
    '+1048576',
    '01048576',
    '1048576.0',
    '1048576 ',
    '1e6',
    '0x100000',
    '524288',
    '1048575',
    '1048577',
    '3145728',
    '4294967295',
    '8589934592',
    '1 MiB',
    '18446744073709551616',
  ])('cannot be %j', (text) => {
    const message = `Invalid part size: ${text ?? 'null'}. Part size must not be null, must be a power of two and be between 1048576 and 4294967296 bytes.`;
    expect(() => parsePartSize(text)).toThrow(invalid(message));
  });

  it('can be no other number', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), (size) => {
        fc.pre(!sizes.includes(size));
        expect(() => parsePartSize(String(size))).toThrow('Invalid part size');
      }),
    );
  });
});

describe('a Content-Range', () => {
  it.each<[text: string, length: number, startByte: number, endByte: number]>([
    ['bytes 0-0/*', 1, 0, 0],
    ['bytes 0-4194303/*', 4_194_304, 0, 4_194_303],
    ['bytes 4194304-8388607/*', 4_194_304, 4_194_304, 8_388_607],
    ['bytes 0-9/10', 10, 0, 9],
    ['bytes 0-9/5', 10, 0, 9],
    [
      'bytes 42945378091008-42949673058303/*',
      4_294_967_296,
      42_945_378_091_008,
      42_949_673_058_303,
    ],
  ])('%s of %i bytes', (text, length, startByte, endByte) => {
    expect(parseContentRange(text, length)).toEqual({ startByte, endByte });
  });

  it.each([
    '',
    'bytes',
    '0-9/*',
    'bytes=0-9/*',
    'bytes:0-9/*',
    'Bytes 0-9/*',
    'bytes  0-9/*',
    'bytes 0-9',
    'bytes 0-9/',
    'bytes 0-9/**',
    'bytes 0-9/x',
    'bytes 0-/*',
    'bytes -9/*',
    'bytes */10',
    'bytes 9-0/*',
    'bytes 0-9/*,10-19/*',
    'bytes 0 - 9/*',
    'bytes 0-9/*\n',
    'bytes 0x0-0x9/*',
    'bytes 0-9999999999999999/*',
  ])('is not %j', (text) => {
    expect(() => parseContentRange(text, 10)).toThrow(invalid(`Invalid Content-Range: ${text}`));
  });

  it.each([0, 9, 11])('of 10 bytes does not go with a body of %i', (length) => {
    const message = `Content-Range: bytes 0-9/* is incompatible with Content-Length: ${length}`;
    expect(() => parseContentRange('bytes 0-9/*', length)).toThrow(invalid(message));
  });
});

describe('a part', () => {
  const partSize = 4 * mebibyte;

  it.each<[startByte: number, endByte: number]>([
    [0, 0],
    [0, partSize - 1],
    [partSize, partSize],
    [partSize, 2 * partSize - 1],
    [9999 * partSize, 10_000 * partSize - 1],
  ])('may be bytes %i to %i', (startByte, endByte) => {
    expect(() => checkPartRange({ startByte, endByte }, '', partSize)).not.toThrow();
  });

  it.each<[startByte: number, endByte: number]>([
    [1, 2],
    [0, partSize],
    [partSize - 1, partSize],
    [mebibyte, 2 * mebibyte - 1],
    [partSize, 2 * partSize],
    [10_000 * partSize + 1, 10_000 * partSize + 2],
  ])('cannot be bytes %i to %i', (startByte, endByte) => {
    const text = `bytes ${startByte}-${endByte}/*`;
    const message = `Content-Range: ${text} is incompatible with part size: ${partSize}`;
    expect(() => checkPartRange({ startByte, endByte }, text, partSize)).toThrow(invalid(message));
  });

  it.each([10_001, 10_002, 20_000])('cannot have the number %i', (number) => {
    const startByte = (number - 1) * partSize;
    const message = `This is part number ${number} for the current multipart upload. It exceeds the limit of 10000 parts.`;
    const attempt = () => checkPartRange({ startByte, endByte: startByte }, '', partSize);
    expect(attempt).toThrow(invalid(message));
  });

  it('never overlaps another that begins elsewhere', () => {
    const range = fc
      .tuple(fc.nat(12), fc.integer({ min: 1, max: 5 }))
      .map(([first, length]) => ({ first, length }))
      .map(({ first, length }) => ({
        startByte: first * mebibyte,
        endByte: (first + length) * mebibyte - 1,
      }));
    const isAccepted = (candidate: { startByte: number; endByte: number }) => {
      try {
        checkPartRange(candidate, '', partSize);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(range, range, (one, other) => {
        const fits = one.startByte % partSize === 0 && rangeLength(one) <= partSize;
        expect(isAccepted(one)).toBe(fits);
        fc.pre(isAccepted(one) && isAccepted(other) && one.startByte !== other.startByte);
        expect(one.endByte < other.startByte || other.endByte < one.startByte).toBe(true);
      }),
    );
  });
});

describe('an upload', () => {
  it.each<[state: UploadRow['state'], sinceActiveMs: number, isAlive: boolean]>([
    ['InProgress', 0, true],
    ['InProgress', dayMs - 1, true],
    ['InProgress', dayMs, false],
    ['InProgress', dayMs + 1, false],
    ['Completed', 0, false],
    ['Aborted', 0, false],
    ['Expired', 0, false],
  ])('%s, %i ms after its last activity: in progress is %s', (state, sinceActiveMs, isAlive) => {
    const upload = uploadOf({ state, created_at: start - 9 * dayMs });
    expect(isInProgress(upload, start + sinceActiveMs, 86_400)).toBe(isAlive);
  });

  it.each(['Completed', 'Aborted'] as const)('%s is remembered for 7 days', (state) => {
    const upload = uploadOf({ state, ended_at: start });
    const other = state === 'Completed' ? 'Aborted' : 'Completed';
    expect(endedLately(upload, state, start)).toBe(true);
    expect(endedLately(upload, state, start + 7 * dayMs - 1)).toBe(true);
    expect(endedLately(upload, state, start + 7 * dayMs)).toBe(false);
    expect(endedLately(upload, other, start)).toBe(false);
  });

  it.each(['Completed', 'Aborted'] as const)('in progress or expired is not %s', (state) => {
    expect(endedLately(uploadOf(), state, start)).toBe(false);
    expect(endedLately(uploadOf({ state: 'Expired', ended_at: start }), state, start)).toBe(false);
  });

  it('shows itself', () => {
    const vaultArn = 'arn:aws:glacier:us-west-2:111122223333:vaults/examplevault';
    expect(describeUpload(uploadOf(), vaultArn)).toEqual({
      ArchiveDescription: 'disk image',
      CreationDate: '2026-01-05T08:15:30.123Z',
      MultipartUploadId: uploadOf().upload_id,
      PartSizeInBytes: 4_194_304,
      VaultARN: vaultArn,
    });
    expect(describeUpload(uploadOf({ description: '' }), vaultArn).ArchiveDescription).toBeNull();
  });

  it('that is not there is answered with 404', () => {
    expect(uploadNotFound('-x_')).toMatchObject({
      code: 'ResourceNotFoundException',
      message: 'The upload ID was not found: -x_',
      status: 404,
    });
  });
});

describe('the markers', () => {
  it('of parts have 50 characters', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (startByte) => {
        const marker = encodeMarker(partMarker, [startByte]);
        expect(marker).toHaveLength(50);
        expect(decodeMarker(partMarker, marker)).toEqual([startByte]);
      }),
    );
  });

  it('of parts and of uploads are not taken for each other', () => {
    expect(decodeMarker(partMarker, encodeMarker(uploadMarker, [1]))).toBeUndefined();
    expect(decodeMarker(uploadMarker, encodeMarker(partMarker, [1]))).toBeUndefined();
  });
});

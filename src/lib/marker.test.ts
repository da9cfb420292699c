import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMarker, encodeMarker, type MarkerKind } from './marker.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split('');
const oneNumber: MarkerKind = { kind: 7, numbers: 1, lengthBytes: 37 };
const fourNumbers: MarkerKind = { kind: 9, numbers: 4, lengthBytes: 101 };
const number = fc.maxSafeNat();
const fourOfThem = fc.array(number, { minLength: 4, maxLength: 4 });

test('a marker gives back its numbers', () => {
  fc.assert(
    fc.property(fourOfThem, (numbers) => {
      const marker = encodeMarker(fourNumbers, numbers);
      expect(marker).toMatch(/^[A-Za-z0-9_-]{135}$/);
      expect(decodeMarker(fourNumbers, marker)).toEqual(numbers);
    }),
  );
});

test.each([0, 1, 255, 256, 2 ** 32, Number.MAX_SAFE_INTEGER])('holds %i', (position) => {
  expect(decodeMarker(oneNumber, encodeMarker(oneNumber, [position]))).toEqual([position]);
});

test('the same position has the same marker, another position another', () => {
  fc.assert(
    fc.property(number, number, (one, other) => {
      const isSame = encodeMarker(oneNumber, [one]) === encodeMarker(oneNumber, [other]);
      expect(isSame).toBe(one === other);
    }),
  );
});

test('every single changed character of one marker is refused', () => {
  const marker = encodeMarker(oneNumber, [4711]);
  for (let index = 0; index < marker.length; index += 1) {
    for (const character of alphabet) {
      if (character === marker[index]) continue;
      const changed = marker.slice(0, index) + character + marker.slice(index + 1);
      expect(decodeMarker(oneNumber, changed), changed).toBeUndefined();
    }
  }
});

test('any single changed character of any marker is refused', () => {
  fc.assert(
    fc.property(fourOfThem, fc.nat(134), fc.constantFrom(...alphabet), (numbers, index, letter) => {
      const marker = encodeMarker(fourNumbers, numbers);
      fc.pre(marker[index] !== letter);
      const changed = marker.slice(0, index) + letter + marker.slice(index + 1);
      expect(decodeMarker(fourNumbers, changed)).toBeUndefined();
    }),
  );
});

test.each<[difference: string, kind: MarkerKind]>([
  ['kind', { ...oneNumber, kind: 8 }],
  ['count of numbers', { ...oneNumber, numbers: 2 }],
  ['length', { ...oneNumber, lengthBytes: 38 }],
])('a marker of another %s is refused', (_difference, other) => {
  const marker = encodeMarker(oneNumber, [12]);
  expect(decodeMarker(other, marker)).toBeUndefined();
  const foreign = encodeMarker(other, [12, 13].slice(0, other.numbers));
  expect(decodeMarker(oneNumber, foreign)).toBeUndefined();
});

const marker = encodeMarker(oneNumber, [1]);

test.each<[what: string, text: string]>([
  ['nothing', ''],
  ['one character less', marker.slice(0, -1)],
  ['one character more', `${marker}A`],
  ['padding', `${marker}==`],
  ['a leading space', ` ${marker}`],
  ['a trailing line feed', `${marker}\n`],
  ['an inner space', `${marker.slice(0, 20)} ${marker.slice(20)}`],
  ['an ARN', 'arn:aws:glacier:us-east-1:000000000000:vaults/photos'],
  ['characters beyond ASCII', 'ä'.repeat(50)],
  ['all zeros', 'A'.repeat(50)],
])('%s is refused', (_what, text) => {
  expect(decodeMarker(oneNumber, text)).toBeUndefined();
});

test('the alphabet of plain base64 is refused', () => {
  const markers = Array.from({ length: 64 }, (_, position) => encodeMarker(oneNumber, [position]));
  const special = markers.filter((text) => /[-_]/.test(text));
  expect(special.length).toBeGreaterThan(0);
  for (const text of special) {
    const plain = text.replaceAll('-', '+').replaceAll('_', '/');
    expect(decodeMarker(oneNumber, plain)).toBeUndefined();
  }
});

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      expect(decodeMarker(oneNumber, text)).toBeUndefined();
    }),
  );
});

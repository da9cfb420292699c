import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeMarker } from '../lib/marker.ts';
import { partMarker } from '../uploads/upload.ts';
import { decodeInventoryMarker, encodeInventoryMarker } from './inventory-range.ts';

const position = fc.record({
  vaultSequence: fc.maxSafeNat(),
  upToSequence: fc.maxSafeNat(),
  inventoryDate: fc.maxSafeNat(),
  afterSequence: fc.maxSafeNat(),
});
const example = {
  vaultSequence: 3,
  upToSequence: 120,
  inventoryDate: Date.parse('2026-01-05T08:15:30.123Z'),
  afterSequence: 77,
};
const marker = encodeInventoryMarker(example);

test('a marker has 135 characters and gives back its position', () => {
  fc.assert(
    fc.property(position, (any) => {
      const text = encodeInventoryMarker(any);
      expect(text).toMatch(/^[A-Za-z0-9_-]{135}$/);
      expect(decodeInventoryMarker(text, any.vaultSequence)).toEqual(any);
    }),
  );
});

test('a marker of another vault is refused', () => {
  fc.assert(
    fc.property(position, fc.maxSafeNat(), (any, other) => {
      fc.pre(other !== any.vaultSequence);
      expect(decodeInventoryMarker(encodeInventoryMarker(any), other)).toBeUndefined();
    }),
  );
});

test('a marker with any one character changed is refused', () => {
  for (let index = 0; index < marker.length; index += 1) {
    const changed = marker.slice(0, index) + (marker[index] === 'A' ? 'B' : 'A');
    const text = changed + marker.slice(index + 1);
    expect(decodeInventoryMarker(text, example.vaultSequence), `at ${index}`).toBeUndefined();
  }
});

test.each<[what: string, text: string]>([
  ['nothing', ''],
  ['a text', 'abc'],
  ['one character less', marker.slice(0, -1)],
  ['one character more', `${marker}A`],
  ['a marker of parts', encodeMarker(partMarker, [example.vaultSequence])],
  [
    'a marker of another kind, as long and with as many numbers',
    encodeMarker({ kind: 5, numbers: 4, lengthBytes: 101 }, [3, 120, 5, 77]),
  ],
  ['135 characters', 'A'.repeat(135)],
])('%s is no marker', (_what, text) => {
  expect(decodeInventoryMarker(text, example.vaultSequence)).toBeUndefined();
});

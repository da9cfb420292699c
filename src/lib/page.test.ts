import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMarker, encodeMarker, type MarkerKind } from './marker.ts';
import { cutPage, readPosition } from './page.ts';

const kind: MarkerKind = { kind: 1, numbers: 1, lengthBytes: 37 };
const otherKind: MarkerKind = { kind: 2, numbers: 1, lengthBytes: 37 };

test.each<[rows: number[], limit: number, page: number[], end: number | undefined]>([
  [[], 1, [], undefined],
  [[5], 1, [5], undefined],
  [[5, 6], 1, [5], 5],
  [[5, 6], 2, [5, 6], undefined],
  [[5, 6, 9], 2, [5, 6], 6],
  [[9, 6, 5], 2, [9, 6], 6],
  [[5], 50, [5], undefined],
  [[0, 1], 1, [0], 0],
])('rows %j by %i: %j, and the next page begins behind %s', (rows, limit, page, end) => {
  const cut = cutPage(rows, limit, kind, (row) => row);
  expect(cut.rows).toEqual(page);
  const marker = cut.marker === null ? undefined : decodeMarker(kind, cut.marker);
  expect(marker).toEqual(end === undefined ? undefined : [end]);
  expect(cut.marker === null).toBe(end === undefined);
});

test('the position is that of the last row shown', () => {
  const rows = [{ sequence: 3 }, { sequence: 8 }, { sequence: 11 }];
  const { marker } = cutPage(rows, 2, kind, (row) => row.sequence);
  expect(marker).toBe(encodeMarker(kind, [8]));
});

test('without a marker a list begins at its first position', () => {
  expect(readPosition(kind, undefined, 0)).toBe(0);
  expect(readPosition(kind, undefined, -1)).toBe(-1);
  expect(readPosition(kind, undefined, Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
});

test('with a marker it goes on at the position in it, also at 0', () => {
  expect(readPosition(kind, encodeMarker(kind, [0]), 7)).toBe(0);
  expect(readPosition(kind, encodeMarker(kind, [42]), 7)).toBe(42);
});

test.each(['', 'x', encodeMarker(otherKind, [42]), encodeMarker(kind, [42]).slice(1)])(
  'malformed: %j',
  (marker) => {
    expect(readPosition(kind, marker, 0)).toBeUndefined();
  },
);

test('page by page every row comes once and in order, also when some vanish in between', () => {
  const positions = fc.uniqueArray(fc.nat(1000), { maxLength: 40 });
  fc.assert(
    fc.property(positions, fc.integer({ min: 1, max: 9 }), fc.boolean(), (all, limit, vanish) => {
      let stored = all.toSorted((one, other) => one - other);
      const expected = [...stored];
      const seen: number[] = [];
      let marker: string | undefined;
      do {
        const after = readPosition(kind, marker, -1);
        if (after === undefined) throw new Error('A marker that was given out is refused');
        const rows = stored.filter((row) => row > after).slice(0, limit + 1);
        const page = cutPage(rows, limit, kind, (row) => row);
        seen.push(...page.rows);
        if (vanish) stored = stored.filter((row) => !page.rows.includes(row));
        marker = page.marker ?? undefined;
      } while (marker !== undefined);
      expect(seen).toEqual(expected);
    }),
  );
});

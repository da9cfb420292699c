import { expect, test } from 'vitest';
import { createIds, type IdKind, randomName } from './ids.ts';

const lengths: [kind: IdKind, length: number][] = [
  ['archive', 138],
  ['job', 92],
  ['upload', 92],
  ['request', 47],
  ['capacity', 24],
  ['lock', 24],
];

const kinds = lengths.map(([kind]) => kind);
const many = 2000;

test.each(lengths)(
  'an id of kind %s has %i characters of the URL-safe alphabet',
  (kind, length) => {
    for (const mayBeginWithDash of [true, false]) {
      const ids = createIds(mayBeginWithDash);
      for (let count = 0; count < 100; count += 1) {
        const id = ids.next(kind);
        expect(id).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(id).toHaveLength(length);
      }
    }
  },
);

test('the last character of an archive id is one of A, Q, g and w', () => {
  const ids = createIds(true);
  const last = new Set(Array.from({ length: 200 }, () => ids.next('archive').at(-1)));
  expect(last).toEqual(new Set(['A', 'Q', 'g', 'w']));
});

// 1 of 64 would begin with a dash: among 2000 none does with a probability of 2e-14.
test.each(kinds)('by default no id of kind %s begins with a dash', (kind) => {
  const ids = createIds(false);
  for (let count = 0; count < many; count += 1) expect(ids.next(kind).startsWith('-')).toBe(false);
});

test.each(kinds)("as Amazon's do, some ids of kind %s begin with a dash", (kind) => {
  const ids = createIds(true);
  const found = Array.from({ length: many }, () => ids.next(kind));
  expect(found.some((id) => id.startsWith('-'))).toBe(true);
});

test('an underscore may come first, and a dash behind the first character, either way', () => {
  for (const ids of [createIds(true), createIds(false)]) {
    const found = Array.from({ length: many }, () => ids.next('lock'));
    expect(found.some((id) => id.startsWith('_'))).toBe(true);
    expect(found.some((id) => id.indexOf('-') > 0)).toBe(true);
  }
});

test('no id comes twice', () => {
  const ids = createIds(false);
  const found = kinds.flatMap((kind) => Array.from({ length: many }, () => ids.next(kind)));
  expect(new Set(found).size).toBe(found.length);
});

test('a random name is 40 hex digits, and never the same', () => {
  const names = Array.from({ length: many }, randomName);
  for (const name of names) expect(name).toMatch(/^[0-9a-f]{40}$/);
  expect(new Set(names).size).toBe(many);
});

import { expect, test } from 'vitest';
import { parseDuration } from './duration.ts';

test.each([
  ['0', 0],
  ['90', 90_000],
  ['90s', 90_000],
  ['250ms', 250],
  ['15m', 900_000],
  ['4h', 14_400_000],
  ['3d', 259_200_000],
  ['2w', 1_209_600_000],
  ['1d12h', 129_600_000],
  ['1m500ms', 60_500],
  ['12h1d', 129_600_000],
])('%s is %d ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each(['', 's', '4 h', '-4h', '1.5h', '4H', '4h ', '1y', '1d12', '90sec', '9'.repeat(20)])(
  '%j is none',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

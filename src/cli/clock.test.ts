import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { readTime } from './clock.ts';

test.each([
  ['2031-01-01', '2031-01-01T00:00:00.000Z'],
  ['2031-01-01T08:15Z', '2031-01-01T08:15:00.000Z'],
  ['2031-01-01T08:15:30.5Z', '2031-01-01T08:15:30.500Z'],
  ['2031-01-01T01:00:00+02:00', '2030-12-31T23:00:00.000Z'],
  ['2032-02-29', '2032-02-29T00:00:00.000Z'],
])('%s is %s', (text, time) => {
  expect(readTime(text)).toBe(time);
});

test.each([
  '',
  'now',
  '2031',
  '2031-02-30',
  '2031-02-29T00:00:00+01:00',
  '2031-13-01',
  '2031-01-01T25:00:00Z',
  '2031-01-01T08:15:30',
  '1/2/2031',
])('%j is no time', (text) => {
  expect(() => readTime(text)).toThrow(InvalidArgumentError);
});

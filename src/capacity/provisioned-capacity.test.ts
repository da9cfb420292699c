import fc from 'fast-check';
import { expect, test } from 'vitest';
import { capacityExpiry } from './provisioned-capacity.ts';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

test.each<[start: string, end: string, why: string]>([
  ['2026-01-05T08:15:30.123Z', '2026-02-05T08:15:30.000Z', 'milliseconds are cut off'],
  ['2026-01-05T08:15:30.999Z', '2026-02-05T08:15:30.000Z', 'and never rounded'],
  ['2026-04-15T12:00:00.000Z', '2026-05-15T12:00:00.000Z', 'the same time of the same day'],
  ['2026-01-31T10:20:30.000Z', '2026-02-28T10:20:30.000Z', 'February has 28 days'],
  ['2026-01-29T10:20:30.000Z', '2026-02-28T10:20:30.000Z', 'February has 28 days'],
  ['2026-01-28T10:20:30.000Z', '2026-02-28T10:20:30.000Z', 'the 28th is there every year'],
  ['2028-01-31T10:20:30.000Z', '2028-02-29T10:20:30.000Z', 'February of a leap year has 29 days'],
  ['2028-01-29T10:20:30.000Z', '2028-02-29T10:20:30.000Z', 'February of a leap year has 29 days'],
  ['2000-01-30T00:00:00.000Z', '2000-02-29T00:00:00.000Z', '2000 was a leap year'],
  ['2100-01-30T00:00:00.000Z', '2100-02-28T00:00:00.000Z', '2100 is none'],
  ['2026-02-28T23:59:59.000Z', '2026-03-28T23:59:59.000Z', 'the last day does not stay the last'],
  ['2026-03-31T00:00:00.000Z', '2026-04-30T00:00:00.000Z', 'April has 30 days'],
  ['2026-08-31T23:59:59.999Z', '2026-09-30T23:59:59.000Z', 'September has 30 days'],
  ['2026-07-31T01:02:03.000Z', '2026-08-31T01:02:03.000Z', 'July and August have 31'],
  ['2026-11-30T01:02:03.000Z', '2026-12-30T01:02:03.000Z', 'into the last month of the year'],
  ['2026-12-05T08:15:30.000Z', '2027-01-05T08:15:30.000Z', 'over the end of the year'],
  ['2026-12-31T23:59:59.500Z', '2027-01-31T23:59:59.000Z', 'over the end of the year'],
])('from %s to %s: %s', (start, end) => {
  expect(new Date(capacityExpiry(Date.parse(start))).toISOString()).toBe(end);
});

test('it is always 28 to 31 days, in the next month, at the same second', () => {
  const min = Date.UTC(1971, 0, 1);
  const max = Date.UTC(2199, 11, 31);
  fc.assert(
    fc.property(fc.integer({ min, max }), (start) => {
      const end = capacityExpiry(start);
      const [from, to] = [new Date(start), new Date(end)];
      const days = (end - Math.floor(start / 1000) * 1000) / dayMs;
      expect([28, 29, 30, 31]).toContain(days);
      expect(to.getUTCMonth()).toBe((from.getUTCMonth() + 1) % 12);
      expect(to.getUTCMilliseconds()).toBe(0);
      expect(to.getUTCDate()).toBeLessThanOrEqual(from.getUTCDate());
    }),
  );
});

test('a unit bought later never ends earlier', () => {
  const start = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2060, 0, 1) });
  fc.assert(
    fc.property(start, fc.nat(40 * dayMs), (first, later) => {
      expect(capacityExpiry(first + later - (later % dayMs))).toBeGreaterThanOrEqual(
        capacityExpiry(first),
      );
    }),
  );
});

import { describe, expect, test } from 'vitest';
import { formatBasicDate, parseBasicDate } from './basic-date.ts';

describe('formatBasicDate', () => {
  test('drops parts of a second', () => {
    expect(formatBasicDate(Date.UTC(2026, 0, 5, 8, 15, 30, 999))).toBe('20260105T081530Z');
  });
});

describe('parseBasicDate', () => {
  test.each(['20260105T081530Z', '20240229T235959Z', '20000101T000000Z', '19991231T235959Z'])(
    'reads %s and writes it back',
    (text) => {
      expect(formatBasicDate(parseBasicDate(text) ?? Number.NaN)).toBe(text);
    },
  );

  test.each([
    '',
    '20260105',
    '20260105T081530',
    '20260105T081530z',
    '20260105T081530+0000',
    ' 20260105T081530Z',
    '20260105T081530Z\n',
    '2026-01-05T08:15:30Z',
    'Mon, 05 Jan 2026 08:15:30 GMT',
    '1767600930',
    '20260230T000000Z',
    '20250229T000000Z',
    '20261301T000000Z',
    '20260001T000000Z',
    '20260100T000000Z',
    '20260132T000000Z',
    '20260105T240000Z',
    '20260105T250000Z',
    '20260105T086030Z',
    '20260105T081560Z',
    '２０２６0105T081530Z',
  ])('refuses %j', (text) => {
    expect(parseBasicDate(text)).toBeUndefined();
  });
});

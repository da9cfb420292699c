import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from './decimal.ts';

const decimal = (text: string): Decimal => {
  const read = Decimal.parse(text);
  if (!read) throw new Error(`Not a number: ${text}`);
  return read;
};

describe('a DECIMAL', () => {
  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['+5', '5'],
    ['007', '7'],
    ['1.50', '1.50'],
    ['.5', '0.5'],
    ['-.05', '-0.05'],
    ['5.', '5'],
    ['1e3', '1000'],
    ['1.25E-3', '0.00125'],
    ['12.5e1', '125'],
    ['9'.repeat(38), '9'.repeat(38)],
    [`0.${'1'.repeat(38)}`, `0.${'1'.repeat(38)}`],
    [`0.${'1'.repeat(38)}6`, `0.${'1'.repeat(37)}2`],
    ['1e-9999', `0.${'0'.repeat(38)}`],
  ])('is read from %s', (text, shown) => {
    expect(decimal(text).toString()).toBe(shown);
  });

  it.each([
    '',
    '.',
    '-',
    'e5',
    '1e',
    '1_000',
    '1,5',
    '0x1',
    ' 1',
    'NaN',
    '1e10000',
    '1'.repeat(401),
  ])('is not read from %j', (text) => {
    expect(Decimal.parse(text)).toBeUndefined();
  });

  it.each(['1e38', '9'.repeat(39), `-1${'0'.repeat(38)}.5`])('has no room for %s', (text) => {
    expect(() => Decimal.parse(text)).toThrow('more than 38 digits');
  });

  it.each<
    [
      left: string,
      operation: 'plus' | 'minus' | 'times' | 'dividedBy' | 'remainder',
      right: string,
      result: string,
    ]
  >([
    ['0.1', 'plus', '0.2', '0.3'],
    ['1.10', 'minus', '1.1', '0.00'],
    ['1.5', 'times', '-1.5', '-2.25'],
    ['1', 'dividedBy', '3', `0.${'3'.repeat(38)}`],
    ['2', 'dividedBy', '3', `0.${'6'.repeat(37)}7`],
    ['-2', 'dividedBy', '3', `-0.${'6'.repeat(37)}7`],
    ['7.00', 'dividedBy', '2', '3.5'],
    ['7', 'dividedBy', '0.002', '3500'],
    ['7.5', 'remainder', '2', '1.5'],
    ['-7.5', 'remainder', '2', '-1.5'],
  ])('%s %s %s is %s', (left, operation, right, result) => {
    expect(decimal(left)[operation](decimal(right)).toString()).toBe(result);
  });

  it.each<[text: string, scale: number, result: string]>([
    ['2.345', 2, '2.35'],
    ['-2.345', 2, '-2.35'],
    ['2.344', 2, '2.34'],
    ['2', 2, '2.00'],
    ['0.5', 0, '1'],
  ])('%s with %i places is %s', (text, scale, result) => {
    expect(decimal(text).rounded(scale).toString()).toBe(result);
  });

  it('is read again from what it shows', () => {
    const digits = fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n });
    fc.assert(
      fc.property(digits, fc.nat({ max: 38 }), (whole, scale) => {
        const number = new Decimal(whole, scale);
        expect(decimal(number.toString())).toEqual(number);
        expect(number.trimmed().compare(number)).toBe(0);
      }),
    );
  });

  it('adds, subtracts and compares as cents do', () => {
    const cents = fc.integer({ min: -1_000_000, max: 1_000_000 });
    const inUnits = (amount: number): Decimal => new Decimal(BigInt(amount), 2);
    fc.assert(
      fc.property(cents, cents, (a, b) => {
        expect(inUnits(a).plus(inUnits(b))).toEqual(inUnits(a + b));
        expect(inUnits(a).minus(inUnits(b))).toEqual(inUnits(a - b));
        expect(Math.sign(inUnits(a).compare(inUnits(b)))).toBe(Math.sign(a - b));
      }),
    );
  });
});

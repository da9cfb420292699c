/**
 * DECIMAL of select expressions: exact numbers in base ten, as sums of money need them.
 *
 * A number is `digits / 10 ** scale`. At most 38 digits stand before the point (documented precision)
 * and 38 behind it (chosen); what is finer is rounded half away from zero.
 */
import { SelectError } from './select-error.ts';

const mostPlaces = 38;
const firstTooLarge = 10n ** 38n;
/** Longer texts are no numbers (chosen: reading a million digits would take seconds). */
const longestNumber = 400;
const numberPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

export class Decimal {
  readonly digits: bigint;
  readonly scale: number;

  /** @throws SelectError when more than 38 digits stand before the point */
  constructor(digits: bigint, scale: number) {
    const excess = scale - mostPlaces;
    this.digits = excess > 0 ? divideRounded(digits, 10n ** BigInt(excess)) : digits;
    this.scale = excess > 0 ? mostPlaces : scale;
    if (absolute(this.digits) >= firstTooLarge * 10n ** BigInt(this.scale)) {
      throw new SelectError('NumericOverflow', 'A DECIMAL has more than 38 digits');
    }
  }

  /**
   * Reads digits, a point among them perhaps, and an exponent perhaps.
   * @returns undefined for any other text
   */
  static parse(text: string): Decimal | undefined {
    if (text.length > longestNumber) return undefined;
    const [, sign, whole = '', fraction = '', exponentText = '0'] = numberPattern.exec(text) ?? [];
    const digits = whole + fraction;
    if (sign === undefined || digits === '') return undefined;
    const exponent = Number(exponentText);
    const magnitude = BigInt(digits) * 10n ** BigInt(Math.max(0, exponent - fraction.length));
    const scale = Math.max(0, fraction.length - exponent);
    return new Decimal(sign === '-' ? -magnitude : magnitude, scale);
  }

  plus(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.#digitsAt(scale) + other.#digitsAt(scale), scale);
  }

  minus(other: Decimal): Decimal {
    return this.plus(other.negated());
  }

  times(other: Decimal): Decimal {
    return new Decimal(this.digits * other.digits, this.scale + other.scale);
  }

  /** Up to 38 places behind the point, without trailing zeros. The divisor is not zero. */
  dividedBy(other: Decimal): Decimal {
    const shift = 10n ** BigInt(mostPlaces + other.scale - this.scale);
    return new Decimal(divideRounded(this.digits * shift, other.digits), mostPlaces).trimmed();
  }

  /** With the sign of the dividend, as SQL has it. The divisor is not zero. */
  remainder(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.#digitsAt(scale) % other.#digitsAt(scale), scale);
  }

  negated(): Decimal {
    return new Decimal(-this.digits, this.scale);
  }

  /** @returns less than, equal to or more than 0 */
  compare(other: Decimal): number {
    const scale = Math.max(this.scale, other.scale);
    const difference = this.#digitsAt(scale) - other.#digitsAt(scale);
    return difference < 0n ? -1 : Number(difference > 0n);
  }

  /** With exactly that many places behind the point. */
  rounded(scale: number): Decimal {
    if (scale >= this.scale) return new Decimal(this.#digitsAt(scale), scale);
    return new Decimal(divideRounded(this.digits, 10n ** BigInt(this.scale - scale)), scale);
  }

  /** Without zeros at the end, so that equal numbers have equal digits and scales. */
  trimmed(): Decimal {
    let { digits, scale } = this;
    while (scale > 0 && digits % 10n === 0n) {
      digits /= 10n;
      scale -= 1;
    }
    return new Decimal(digits, scale);
  }

  /** What stands before the point. */
  truncated(): bigint {
    return this.digits / 10n ** BigInt(this.scale);
  }

  toNumber(): number {
    return Number(this.toString());
  }

  toString(): string {
    if (this.scale === 0) return String(this.digits);
    const digits = String(absolute(this.digits)).padStart(this.scale + 1, '0');
    const sign = this.digits < 0n ? '-' : '';
    return `${sign}${digits.slice(0, -this.scale)}.${digits.slice(-this.scale)}`;
  }

  #digitsAt(scale: number): bigint {
    return this.digits * 10n ** BigInt(scale - this.scale);
  }
}

function absolute(number: bigint): bigint {
  return number < 0n ? -number : number;
}

function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const isNegative = dividend < 0n !== divisor < 0n;
  const positiveDivisor = absolute(divisor);
  const quotient = (absolute(dividend) * 2n + positiveDivisor) / (positiveDivisor * 2n);
  return isNegative ? -quotient : quotient;
}

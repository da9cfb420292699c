/**
 * The values of select expressions, and how they compare and compute.
 *
 * Fields of a CSV are text. Beside a number a text is read as one, beside a BOOL or TIMESTAMP
 * likewise (chosen: `_3 > 100` selects what it says). Values that cannot be compared compare as
 * unknown, like NULL; values that cannot be computed with are an error of the data (chosen).
 */
import { Decimal } from './decimal.ts';
import { quoteValue, SelectError } from './select-error.ts';
import { Timestamp } from './timestamp.ts';

/** null: NULL, string: STRING, boolean: BOOL, bigint: INT, number: FLOAT. */
export type Value = null | string | boolean | bigint | number | Decimal | Timestamp;
export type NumberValue = bigint | number | Decimal;
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

/** INT has 64 bits (documented). */
const leastInteger = -(2n ** 63n);
const mostInteger = 2n ** 63n - 1n;
const integerPattern = /^[+-]?\d{1,19}$/;

export function isNumber(value: Value): value is NumberValue {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof Decimal;
}

export function isInteger64(value: bigint): boolean {
  return value >= leastInteger && value <= mostInteger;
}

/** @throws SelectError when it has no room in 64 bits */
export function checkInteger(value: bigint): bigint {
  if (isInteger64(value)) return value;
  throw new SelectError('IntegerOverflow', 'An INT has no room in 64 bits');
}

/** @throws SelectError when it is infinite or not a number */
export function checkFloat(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new SelectError('NumericOverflow', 'A FLOAT is too large');
}

/** INT where it fits, DECIMAL with a point or more digits, FLOAT with an exponent or without room. */
export function readNumber(text: string): NumberValue | undefined {
  if (integerPattern.test(text)) {
    const integer = BigInt(text.startsWith('+') ? text.slice(1) : text);
    if (isInteger64(integer)) return integer;
  }
  try {
    const decimal = Decimal.parse(text);
    if (!decimal || !/[eE]/.test(text)) return decimal;
  } catch (error) {
    if (!(error instanceof SelectError)) throw error;
  }
  const float = Number(text);
  return Number.isFinite(float) ? float : undefined;
}

/** @returns undefined when the text is neither */
export function readBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (word === 'true') return true;
  return word === 'false' ? false : undefined;
}

/** A value as CSV and `||` show it. NULL is empty. */
export function textOf(value: Value): string {
  return value === null ? '' : String(value);
}

/** The name of a value's type, for errors. */
export function typeNameOf(value: Value): string {
  if (value === null) return 'NULL';
  if (value instanceof Decimal) return 'DECIMAL';
  if (value instanceof Timestamp) return 'TIMESTAMP';
  if (typeof value === 'bigint') return 'INT';
  if (typeof value === 'number') return 'FLOAT';
  return typeof value === 'boolean' ? 'BOOL' : 'STRING';
}

/**
 * Text by UTF-16 code units, false before true, numbers by value whatever their types.
 * @returns less than, equal to or more than 0; null when that is unknown
 */
export function compareValues(left: Value, right: Value): number | null {
  if (left === null || right === null) return null;
  if (typeof left === 'string') {
    if (typeof right === 'string') return left < right ? -1 : Number(left > right);
    const read = readLike(left, right);
    return read === undefined ? null : compareValues(read, right);
  }
  if (typeof right === 'string') {
    const read = readLike(right, left);
    return read === undefined ? null : compareValues(left, read);
  }
  if (isNumber(left) && isNumber(right)) return compareNumbers(left, right);
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right);
  if (!(left instanceof Timestamp && right instanceof Timestamp)) return null;
  return compareIntegers(left.nanoseconds, right.nanoseconds);
}

/** A text as a value of the other's type. */
function readLike(text: string, other: Value): Value | undefined {
  if (isNumber(other)) return readNumber(text);
  return typeof other === 'boolean' ? readBoolean(text) : Timestamp.parse(text);
}

function compareNumbers(left: NumberValue, right: NumberValue): number {
  if (typeof left === 'bigint' && typeof right === 'bigint') return compareIntegers(left, right);
  if (typeof left !== 'number' && typeof right !== 'number') {
    return decimalOf(left).compare(decimalOf(right));
  }
  return toFloat(left) - toFloat(right);
}

function compareIntegers(left: bigint, right: bigint): number {
  return left < right ? -1 : Number(left > right);
}

/**
 * NULL with anything is NULL. INT with INT is INT, a division then drops the fraction (chosen: as in
 * PostgreSQL); with a FLOAT the result is FLOAT, else DECIMAL.
 * @throws SelectError for values that are no numbers, a division by zero, an overflow
 */
export function compute(operator: ArithmeticOperator, left: Value, right: Value): Value {
  if (left === null || right === null) return null;
  const [a, b] = [numberOf(left), numberOf(right)];
  const isDivision = operator === '/' || operator === '%';
  if (isDivision && isZero(b)) throw new SelectError('DivisionByZero', 'Division by zero');
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    return checkInteger(computeIntegers(operator, a, b));
  }
  if (typeof a === 'number' || typeof b === 'number') {
    return checkFloat(computeFloats(operator, toFloat(a), toFloat(b)));
  }
  return computeDecimals(operator, decimalOf(a), decimalOf(b));
}

export function negate(value: Value): Value {
  if (value === null) return null;
  const number = numberOf(value);
  if (number instanceof Decimal) return number.negated();
  return typeof number === 'bigint' ? checkInteger(-number) : -number;
}

/** @throws SelectError when the value is no number, nor a text that reads as one */
export function numberOf(value: Value): NumberValue {
  if (isNumber(value)) return value;
  const number = typeof value === 'string' ? readNumber(value) : undefined;
  if (number !== undefined) return number;
  throw new SelectError(
    'InvalidDataType',
    `${quoteValue(textOf(value))} (${typeNameOf(value)}) is not a number`,
  );
}

export function decimalOf(value: bigint | Decimal): Decimal {
  return value instanceof Decimal ? value : new Decimal(value, 0);
}

export function toFloat(value: NumberValue): number {
  return value instanceof Decimal ? value.toNumber() : Number(value);
}

function isZero(value: NumberValue): boolean {
  return value instanceof Decimal ? value.digits === 0n : Number(value) === 0;
}

function computeIntegers(operator: ArithmeticOperator, a: bigint, b: bigint): bigint {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
  }
}

function computeFloats(operator: ArithmeticOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
  }
}

function computeDecimals(operator: ArithmeticOperator, a: Decimal, b: Decimal): Decimal {
  switch (operator) {
    case '+':
      return a.plus(b);
    case '-':
      return a.minus(b);
    case '*':
      return a.times(b);
    case '/':
      return a.dividedBy(b);
    case '%':
      return a.remainder(b);
  }
}

/**
 * A value as a condition. NULL is unknown.
 * @throws SelectError for a value that is neither true nor false, nor a text that reads as one
 */
export function truthOf(value: Value): boolean | null {
  if (value === null || typeof value === 'boolean') return value;
  const truth = typeof value === 'string' ? readBoolean(value) : undefined;
  if (truth !== undefined) return truth;
  throw new SelectError(
    'InvalidDataType',
    `${quoteValue(textOf(value))} (${typeNameOf(value)}) is neither true nor false`,
  );
}

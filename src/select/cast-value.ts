/**
 * CAST. NULL stays NULL. Blanks around a text do not count unless it is cast to STRING (chosen); a
 * number with a fraction becomes an INT by dropping it (chosen; a text with one is refused).
 */
import { Decimal } from './decimal.ts';
import type { CastType } from './expression.ts';
import { quoteValue, SelectError } from './select-error.ts';
import { Timestamp } from './timestamp.ts';
import {
  decimalOf,
  isInteger64,
  isNumber,
  type NumberValue,
  readBoolean,
  readNumber,
  textOf,
  toFloat,
  typeNameOf,
  type Value,
} from './value.ts';

/** @throws SelectError when the value has no meaning in the type */
export function castValue(value: Value, type: CastType): Value {
  if (value === null) return null;
  if (type.name === 'STRING') return textOf(value);
  const result = convert(typeof value === 'string' ? value.trim() : value, type);
  if (result !== undefined) return result;
  const shown = `${quoteValue(textOf(value))} (${typeNameOf(value)})`;
  throw new SelectError('CastFailed', `${shown} cannot be cast to ${type.name}`);
}

function convert(value: Exclude<Value, null>, type: CastType): Value | undefined {
  switch (type.name) {
    case 'BOOL':
      return toBoolean(value);
    case 'INT':
      return toInteger(value);
    case 'FLOAT': {
      const number = numberIn(value);
      return number === undefined ? undefined : toFloat(number);
    }
    case 'DECIMAL':
      return toDecimal(value, type.precision, type.scale);
    case 'TIMESTAMP':
      return typeof value === 'string' ? Timestamp.parse(value) : timestampOnly(value);
    case 'STRING':
      return textOf(value);
  }
}

function timestampOnly(value: Value): Timestamp | undefined {
  return value instanceof Timestamp ? value : undefined;
}

function numberIn(value: Value): NumberValue | undefined {
  if (isNumber(value)) return value;
  return typeof value === 'string' ? readNumber(value) : undefined;
}

/** Of numbers, 0 is false and 1 is true; others are neither. */
function toBoolean(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return readBoolean(value);
  if (!isNumber(value)) return undefined;
  const number = toFloat(value);
  return number === 0 || number === 1 ? number === 1 : undefined;
}

function toInteger(value: Value): bigint | undefined {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  const number = numberIn(value);
  if (typeof number === 'bigint') return number;
  if (number === undefined || typeof value === 'string') return undefined;
  const whole = number instanceof Decimal ? number.truncated() : BigInt(Math.trunc(number));
  return isInteger64(whole) ? whole : undefined;
}

function toDecimal(
  value: Value,
  precision: number | undefined,
  scale: number | undefined,
): Decimal | undefined {
  const number = numberIn(value);
  if (number === undefined) return undefined;
  // A FLOAT and a text with an exponent go through their digits, not through binary.
  const text = typeof value === 'string' ? value : String(number);
  const exact = typeof number === 'number' ? Decimal.parse(text) : decimalOf(number);
  const decimal = scale === undefined ? exact : exact?.rounded(scale);
  if (!decimal || precision === undefined) return decimal;
  const wholeDigits = String(decimal.truncated()).replace('-', '').length;
  const isTooLong = decimal.truncated() !== 0n && wholeDigits > precision - (scale ?? 0);
  return isTooLong ? undefined : decimal;
}

/** The functions of select expressions. NULL in, NULL out, but for COALESCE and NULLIF. */
import type { FunctionName } from './expression.ts';
import { quoteValue, SelectError } from './select-error.ts';
import { compareValues, numberOf, textOf, toFloat, type Value } from './value.ts';

/** A value that is worked out only when it is asked for. */
export type Lazy = () => Value;

/**
 * @param values as many as the function takes
 * @throws SelectError when a value has no meaning to the function
 */
export function callFunction(name: FunctionName, values: readonly Lazy[]): Value {
  if (name === 'COALESCE') return firstGiven(values);
  const [first = null, second = null, third] = values.map((value) => value());
  if (name === 'NULLIF') return compareValues(first, second) === 0 ? null : first;
  if (first === null) return null;
  const text = textOf(first);
  switch (name) {
    case 'CHAR_LENGTH':
    case 'CHARACTER_LENGTH':
      return BigInt(countCharacters(text));
    case 'LOWER':
      return text.toLowerCase();
    case 'UPPER':
      return text.toUpperCase();
    case 'TRIM':
      return trimBlanks(text);
    case 'SUBSTRING':
      return substring(text, second, third);
  }
}

function firstGiven(values: readonly Lazy[]): Value {
  for (const value of values) {
    const given = value();
    if (given !== null) return given;
  }
  return null;
}

/** A character is a Unicode code point. */
function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Blanks are U+0020 only, as SQL has it. */
function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text[start] === ' ') start += 1;
  while (end > start && text[end - 1] === ' ') end -= 1;
  return text.slice(start, end);
}

/** From a character counted from 1. What lies before the first counts to the length (standard SQL). */
function substring(text: string, from: Value, length: Value | undefined): Value {
  if (from === null || length === null) return null;
  const start = wholeNumberOf(from) - 1;
  const end = length === undefined ? Number.POSITIVE_INFINITY : start + lengthOf(length);
  return Array.from(text).slice(Math.max(0, start), Math.max(0, end)).join('');
}

function lengthOf(value: Value): number {
  const length = wholeNumberOf(value);
  if (length >= 0) return length;
  throw new SelectError('EvaluatorInvalidArguments', 'SUBSTRING with a negative length');
}

function wholeNumberOf(value: Value): number {
  const number = toFloat(numberOf(value));
  if (Number.isInteger(number)) return number;
  const shown = quoteValue(textOf(value));
  throw new SelectError('EvaluatorInvalidArguments', `${shown} is not a whole number`);
}

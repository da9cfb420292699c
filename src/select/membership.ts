/**
 * IN. A long list of literals is looked up, not walked through: lists may have tens of thousands of
 * items. Unknown (NULL) when the value is in none but comparing with some is unknown.
 */
import { Decimal } from './decimal.ts';
import type { Expression } from './expression.ts';
import { compareValues, readNumber, type Value } from './value.ts';

type Evaluate = (fields: readonly string[]) => Value;

export function compileMembership(
  { operand, list, isNegated }: Extract<Expression, { readonly kind: 'in' }>,
  compile: (expression: Expression) => Evaluate,
): Evaluate {
  const value = compile(operand);
  const contains = compileList(list, compile);
  return (fields) => {
    const isIn = contains(value(fields), fields);
    return isIn === null ? null : isIn !== isNegated;
  };
}

type Contains = (value: Value, fields: readonly string[]) => boolean | null;

function compileList(
  list: readonly Expression[],
  compile: (expression: Expression) => Evaluate,
): Contains {
  const literals = list.flatMap((it) => (it.kind === 'literal' ? [it.value] : []));
  const isKnown = literals.length === list.length;
  const areStrings = isKnown && literals.every((it) => typeof it === 'string');
  const areNumbers = isKnown && literals.every((it) => typeof it === 'bigint');
  const items = list.map(compile);
  const walk: Contains = (value, fields) => walkThrough(value, items, fields);
  if (areStrings) {
    const texts = new Set(literals);
    return (value, fields) => (typeof value === 'string' ? texts.has(value) : walk(value, fields));
  }
  if (areNumbers) {
    const numbers = new Set(literals);
    return (value, fields) => {
      const number = typeof value === 'string' ? (readNumber(value) ?? null) : value;
      return typeof number === 'number' ? walk(number, fields) : lookUp(number, numbers);
    };
  }
  return walk;
}

/** Among whole numbers. */
function lookUp(value: Value, numbers: ReadonlySet<Value>): boolean | null {
  if (typeof value === 'bigint') return numbers.has(value);
  if (!(value instanceof Decimal)) return null;
  const { digits, scale } = value.trimmed();
  return scale === 0 && numbers.has(digits);
}

function walkThrough(
  value: Value,
  items: readonly Evaluate[],
  fields: readonly string[],
): boolean | null {
  let isUnknown = false;
  for (const item of items) {
    const order = compareValues(value, item(fields));
    if (order === 0) return true;
    isUnknown ||= order === null;
  }
  return isUnknown ? null : false;
}

/**
 * From an expression to a function of a record. Conditions have SQL's three values: true, false and
 * unknown, which is NULL.
 */
import { type Aggregate, newAggregate } from './aggregate.ts';
import { castValue } from './cast-value.ts';
import { mostRecordBytes } from './csv-format.ts';
import type { Effort } from './effort.ts';
import type { Column, ComparisonOperator, Expression } from './expression.ts';
import { callFunction } from './functions.ts';
import { compileLike, type LikePattern } from './like-pattern.ts';
import { compileMembership } from './membership.ts';
import { SelectError } from './select-error.ts';
import { compareValues, compute, negate, numberOf, textOf, truthOf, type Value } from './value.ts';

export type Fields = readonly string[];

/** @throws SelectError when the record's values do not fit the expression */
export type Evaluate = (fields: Fields) => Value;

/** What an expression is compiled against. */
export interface Frame {
  /** Where a column stands in a record, from 0. */
  readonly placeOf: (column: Column) => number;
  /** Told of each aggregate: it is fed record by record, and read by the expression at the end. */
  readonly onAggregate: (aggregate: Aggregate, operand: Evaluate | undefined) => void;
  /** Told of what takes long for long texts. */
  readonly effort: Effort;
}

/** A field that the record does not have is NULL. */
export function compileExpression(expression: Expression, frame: Frame): Evaluate {
  switch (expression.kind) {
    case 'literal':
      return () => expression.value;
    case 'column': {
      const place = frame.placeOf(expression.column);
      return (fields) => fields[place] ?? null;
    }
    case 'aggregate':
      return compileAggregate(expression, frame);
    case 'in':
      return compileMembership(expression, (it) => compileExpression(it, frame));
    case 'case':
      return compileCase(expression, frame);
    case 'call':
      return compileCall(expression, frame);
    case 'between':
      return compileBetween(expression, frame);
    case 'like':
      return compileLikeTest(expression, frame);
    case 'and':
    case 'or':
    case 'concatenation':
    case 'arithmetic':
    case 'comparison':
      return compilePair(expression, frame);
    default:
      return compileUnary(expression, compileExpression(expression.operand, frame));
  }
}

type Of<Kind extends Expression['kind']> = Extract<Expression, { readonly kind: Kind }>;

function compileCall({ name, operands }: Of<'call'>, frame: Frame): Evaluate {
  const compiled = operands.map((it) => compileExpression(it, frame));
  const evaluate = (operand: Evaluate, fields: Fields): Value => {
    const value = operand(fields);
    if (typeof value === 'string') frame.effort.call(value);
    return value;
  };
  return (fields) =>
    callFunction(
      name,
      compiled.map((operand) => () => evaluate(operand, fields)),
    );
}

function compileAggregate({ name, operand }: Of<'aggregate'>, frame: Frame): Evaluate {
  const aggregate = newAggregate(name);
  frame.onAggregate(aggregate, operand && compileExpression(operand, frame));
  return () => aggregate.result();
}

function compileUnary(
  expression: Of<'negative' | 'positive' | 'not'> | Of<'is'> | Of<'cast'>,
  operand: Evaluate,
): Evaluate {
  switch (expression.kind) {
    case 'negative':
      return (fields) => negate(operand(fields));
    case 'positive':
      return (fields) => {
        const value = operand(fields);
        return value === null ? null : numberOf(value);
      };
    case 'not':
      return (fields) => invert(truthOf(operand(fields)));
    case 'is': {
      const { value, isNegated } = expression;
      if (value === null) return (fields) => (operand(fields) === null) !== isNegated;
      return (fields) => (truthOf(operand(fields)) === value) !== isNegated;
    }
    case 'cast': {
      const { type } = expression;
      return (fields) => castValue(operand(fields), type);
    }
  }
}

function compilePair(
  expression: Of<'and' | 'or' | 'concatenation'> | Of<'arithmetic'> | Of<'comparison'>,
  frame: Frame,
): Evaluate {
  const left = compileExpression(expression.left, frame);
  const right = compileExpression(expression.right, frame);
  switch (expression.kind) {
    case 'and':
      return (fields) => decide(false, left, right, fields);
    case 'or':
      return (fields) => decide(true, left, right, fields);
    case 'concatenation':
      return (fields) => {
        const [first, second] = [left(fields), right(fields)];
        return first === null || second === null ? null : join(textOf(first), textOf(second));
      };
    case 'arithmetic': {
      const { operator } = expression;
      return (fields) => compute(operator, left(fields), right(fields));
    }
    case 'comparison': {
      const { operator } = expression;
      return (fields) => holds(operator, compareValues(left(fields), right(fields)));
    }
  }
}

/** @throws SelectError when the result has no room in a record: it could grow with each `||` */
function join(first: string, second: string): string {
  if (first.length + second.length <= mostRecordBytes) return first + second;
  throw new SelectError('OverMaxRecordSize', 'What || joins is longer than 1 MB');
}

/** @param order as values compare; null: unknown */
function holds(operator: ComparisonOperator, order: number | null): boolean | null {
  if (order === null) return null;
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** AND is decided by false, OR by true: the second is looked at only when the first does not. */
function decide(decisive: boolean, left: Evaluate, right: Evaluate, fields: Fields): Value {
  const first = truthOf(left(fields));
  if (first === decisive) return decisive;
  const second = truthOf(right(fields));
  if (second === decisive) return decisive;
  return first === null || second === null ? null : !decisive;
}

function invert(truth: boolean | null): boolean | null {
  return truth === null ? null : !truth;
}

function compileBetween(expression: Of<'between'>, frame: Frame): Evaluate {
  const operand = compileExpression(expression.operand, frame);
  const low = compileExpression(expression.low, frame);
  const high = compileExpression(expression.high, frame);
  return (fields) => {
    const value = operand(fields);
    const isAbove = holds('>=', compareValues(value, low(fields)));
    const isBelow = holds('<=', compareValues(value, high(fields)));
    const isInside = isAbove === false || isBelow === false ? false : isAbove && isBelow;
    return expression.isNegated ? invert(isInside) : isInside;
  };
}

function compileLikeTest(expression: Of<'like'>, frame: Frame): Evaluate {
  const operand = compileExpression(expression.operand, frame);
  const pattern = compileExpression(expression.pattern, frame);
  let known: { readonly text: string; readonly matches: LikePattern } | undefined;
  return (fields) => {
    const [value, wanted] = [operand(fields), pattern(fields)];
    if (value === null || wanted === null) return null;
    const text = textOf(wanted);
    if (known?.text !== text) {
      known = { text, matches: compileLike(text, expression.escapeCharacter) };
    }
    const given = textOf(value);
    frame.effort.match(given, text);
    return known.matches(given) !== expression.isNegated;
  };
}

function compileCase(expression: Of<'case'>, frame: Frame): Evaluate {
  const subject = expression.subject && compileExpression(expression.subject, frame);
  const whens = expression.whens.map(({ when, result }) => ({
    when: compileExpression(when, frame),
    result: compileExpression(result, frame),
  }));
  const otherwise = compileExpression(expression.otherwise, frame);
  return (fields) => {
    const value = subject?.(fields);
    const chosen = whens.find(({ when }) =>
      value === undefined
        ? truthOf(when(fields)) === true
        : compareValues(value, when(fields)) === 0,
    );
    return (chosen?.result ?? otherwise)(fields);
  };
}

/** What expressions are worth: NULL is null, INT a bigint, DECIMAL and TIMESTAMP as they are shown. */
import { describe, expect, it } from 'vitest';
import { Decimal } from './decimal.ts';
import { Effort } from './effort.ts';
import { compileExpression } from './evaluate-expression.ts';
import { parseExpression } from './parse-expression.ts';
import { SelectError } from './select-error.ts';
import { Timestamp } from './timestamp.ts';

/** A record; `_9` is not in it. */
const fields = ['7', 'abc', '2.50', '', 'true', '2020-02-29T12:00Z', 'ÄÖ😀x', '-12'];

function resultOf(text: string): unknown {
  const [item] = parseExpression(`select ${text} from archive`, false).items;
  if (item === undefined || item === '*') throw new Error('No expression');
  const evaluate = compileExpression(item, {
    placeOf: (column) => (column.kind === 'place' ? column.index : -1),
    onAggregate: () => {},
    effort: new Effort(text),
  });
  const value = evaluate(fields);
  return value instanceof Decimal || value instanceof Timestamp ? String(value) : value;
}

function failure(text: string): string {
  try {
    resultOf(text);
  } catch (error) {
    if (error instanceof SelectError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error(`It has a value: ${text}`);
}

type Case = [expression: string, value: unknown];

describe('numbers', () => {
  it.each<Case>([
    ['1', 1n],
    ['-1', -1n],
    ['1.50', '1.50'],
    ['.5 + 5.', '5.5'],
    ['9223372036854775807', 9223372036854775807n],
    ['9223372036854775808', '9223372036854775808'],
    ['2-1', 1n],
    ['2 -1-1', 0n],
    ['1 + 2 * 3', 7n],
    ['(1 + 2) * 3', 9n],
    ['7 / 2', 3n],
    ['-7 / 2', -3n],
    ['7 / 2.0', '3.5'],
    ['8 / 4 / 2', 1n],
    ['7 % 4', 3n],
    ['-7 % 4', -3n],
    ['7.5 % 2', '1.5'],
    ['0.1 + 0.2', '0.3'],
    ['_1 + 1', 8n],
    ['_3 * 2', '5.00'],
    ['- _8', 12n],
    ['+ _8', -12n],
    ['2 * - 3', -6n],
    ['cast(1 as float) / 3', 1 / 3],
    ['cast(0.1 as float) + 0.2', 0.1 + 0.2],
    ["'1e2' + 1", 101],
    [`'${'9'.repeat(60)}' + 0`, 1e60],
    ['_9 + 1', null],
    ['null * 2', null],
    ['- _9', null],
  ])('%s', (expression, value) => {
    expect(resultOf(expression)).toEqual(value);
  });

  it.each<[expression: string, message: string]>([
    ['_2 + 1', 'InvalidDataType: "abc" (STRING) is not a number'],
    ['_4 + 1', 'InvalidDataType: "" (STRING) is not a number'],
    ['true + 1', 'InvalidDataType: "true" (BOOL) is not a number'],
    ['1 / 0', 'DivisionByZero: Division by zero'],
    ['1 % 0.00', 'DivisionByZero: Division by zero'],
    ['cast(1 as float) / 0', 'DivisionByZero: Division by zero'],
    ['9223372036854775807 + 1', 'IntegerOverflow: An INT has no room in 64 bits'],
    ['9223372036854775807 * 9223372036854775807', 'IntegerOverflow: An INT has no room in 64 bits'],
    [`${'9'.repeat(38)}. + 1`, 'NumericOverflow: A DECIMAL has more than 38 digits'],
    ["cast('1e308' as float) * 10", 'NumericOverflow: A FLOAT is too large'],
  ])('%s fails', (expression, message) => {
    expect(failure(expression)).toBe(message);
  });
});

describe('comparisons', () => {
  it.each<Case>([
    ["_2 = 'abc'", true],
    ["_2 <> 'abc'", false],
    ["_2 < 'abd'", true],
    ["_2 = 'ABC'", false],
    ['_1 > 3', true],
    ['_1 > 10', false],
    ["_1 > '10'", true],
    ['_1 = 7.0', true],
    ['_3 = 2.5', true],
    ['2.5 = cast(2.5 as float)', true],
    ['7 != _1', false],
    ['_2 > 5', null],
    ['_5 = true', true],
    ['_2 = true', null],
    ['true > false', true],
    ['1 = true', null],
    ["_6 = timestamp '2020-02-29T13:00+01:00'", true],
    ["_6 < cast('2021' as timestamp)", true],
    ['_9 = _9', null],
    ['null <> 1', null],
    ['_1 between 1 and 7', true],
    ['_1 between 8 and 9', false],
    ['_1 not between 8 and 9', true],
    ['_1 between null and 6', false],
    ['_1 between null and 9', null],
    ['_1 not between null and 6', true],
    ['_9 between 1 and 2', null],
    ['_1 in (1, 7)', true],
    ['_1 in (1, 2)', false],
    ['_1 not in (1, 2)', true],
    ['_3 in (1, 2)', false],
    ['_2 in (1, 2)', null],
    ['_9 in (1, 2)', null],
    ["_2 in ('x', 'abc')", true],
    ["_2 not in ('x')", true],
    ["cast(_1 as int) in ('7', 'x')", true],
    ["cast(_1 as int) in ('8', 'x')", null],
    ['cast(_1 as float) in (6, 7)', true],
    ['cast(_1 as decimal) in (6, 7)', true],
    ['7 in (_1, _2)', true],
    ['8 in (_1, null)', null],
    ['1 in (1.0, 2.5)', true],
    ["_2 like 'a%'", true],
    ["_2 not like 'a%'", false],
    ["_2 like '%' || 'c'", true],
    ["_9 like 'a%'", null],
    ['_2 like null', null],
    ['_1 like 7', true],
    ["'5%' like '_!%' escape '!'", true],
  ])('%s', (expression, value) => {
    expect(resultOf(expression)).toEqual(value);
  });
});

describe('conditions', () => {
  it.each<Case>([
    ['true and null', null],
    ['null and false', false],
    ['false and null', false],
    ['null or true', true],
    ['null or false', null],
    ['not null', null],
    ['not true', false],
    ['not _1 = 8', true],
    ['true or false and false', true],
    ['(true or false) and false', false],
    ['_5 and true', true],
    ['false and _2', false],
    ['_9 is null', true],
    ['_4 is null', false],
    ['_1 is not null', true],
    ['(_1 = 7) is true', true],
    ['null is true', false],
    ['null is not true', true],
    ['false is false', true],
    ['null is not false', true],
    ["case when _1 > 9 then 'many' when _1 > 5 then 'some' end", 'some'],
    ["case when null then 'x' else 'y' end", 'y'],
    ["case when false then 'x' end", null],
    ["case _1 when 6 then 'six' when 7 then 'seven' end", 'seven'],
    ["case _9 when null then 'null' else 'other' end", 'other'],
    ['case when true then 1 else 1 / 0 end', 1n],
    ['coalesce(_9, null, _1, 1 / 0)', '7'],
    ['coalesce(null)', null],
    ['nullif(_1, 7)', null],
    ['nullif(_1, 8)', '7'],
    ["nullif(_4, '')", null],
  ])('%s', (expression, value) => {
    expect(resultOf(expression)).toEqual(value);
  });

  it('fail with what is neither true nor false', () => {
    expect(failure('not _2')).toBe('InvalidDataType: "abc" (STRING) is neither true nor false');
    expect(failure('true and 1')).toBe('InvalidDataType: "1" (INT) is neither true nor false');
  });
});

describe('texts', () => {
  it.each<Case>([
    ["'it''s'", "it's"],
    ["'a' || 'b' || 1", 'ab1'],
    ["'x' || 1.50 || true", 'x1.50true'],
    ["'x' || null", null],
    ['upper(_2)', 'ABC'],
    ["lower('ÄB')", 'äb'],
    ['char_length(_7)', 4n],
    ['character_length(_4)', 0n],
    ["trim('  a b  ') || '|'", 'a b|'],
    ["substring('hello', 2)", 'ello'],
    ["substring('hello', 2, 3)", 'ell'],
    ["substring('hello' from 2 for 3)", 'ell'],
    ["substring('hello' for 2)", 'he'],
    ["substring('hello', 0, 3)", 'he'],
    ["substring('hello', -5)", 'hello'],
    ["substring('hello', -5, 3)", ''],
    ["substring('hello', 9)", ''],
    ["substring('hello', '2', 0)", ''],
    ['substring(_7, 3, 1)', '😀'],
    ['substring(_9, 1)', null],
    ["substring('x', null)", null],
    ['upper(_9)', null],
    ['upper(1.5)', '1.5'],
  ])('%s', (expression, value) => {
    expect(resultOf(expression)).toEqual(value);
  });

  it.each<[expression: string, message: string]>([
    ["substring('x', 1, -1)", 'EvaluatorInvalidArguments: SUBSTRING with a negative length'],
    ["substring('x', 1.5)", 'EvaluatorInvalidArguments: "1.5" is not a whole number'],
    ["substring('x', 'y')", 'InvalidDataType: "y" (STRING) is not a number'],
  ])('%s fails', (expression, message) => {
    expect(failure(expression)).toBe(message);
  });
});

describe('CAST', () => {
  it.each<Case>([
    ['cast(_1 as int)', 7n],
    ["cast(' 7 ' as integer)", 7n],
    ["cast('+7' as int)", 7n],
    ['cast(7.9 as int)', 7n],
    ['cast(-7.9 as int)', -7n],
    ['cast(true as int)', 1n],
    ['cast(cast(2.9 as float) as int)', 2n],
    ['cast(_3 as decimal)', '2.50'],
    ["cast('2.345' as decimal(5, 2))", '2.35'],
    ["cast('99' as numeric(2))", '99'],
    ["cast('0.99' as decimal(2, 2))", '0.99'],
    ["cast('1.5e2' as decimal)", '150'],
    ["cast('1.5e2' as float)", 150],
    ['cast(1 as float)', 1],
    ['cast(1.50 as string)', '1.50'],
    ['cast(true as varchar)', 'true'],
    ["cast(' x ' as string)", ' x '],
    ["cast(' TRUE ' as bool)", true],
    ['cast(0 as bool)', false],
    ['cast(1.0 as boolean)', true],
    ['cast(_6 as timestamp)', '2020-02-29T12:00:00Z'],
    ['cast(cast(_6 as timestamp) as string)', '2020-02-29T12:00:00Z'],
    ['cast(cast(_6 as timestamp) as timestamp)', '2020-02-29T12:00:00Z'],
    ['cast(_9 as int)', null],
    ['cast(null as timestamp)', null],
  ])('%s', (expression, value) => {
    expect(resultOf(expression)).toEqual(value);
  });

  it.each<[expression: string, message: string]>([
    ['cast(_2 as int)', '"abc" (STRING) cannot be cast to INT'],
    ['cast(_4 as int)', '"" (STRING) cannot be cast to INT'],
    ['cast(_3 as int)', '"2.50" (STRING) cannot be cast to INT'],
    ["cast('9223372036854775808' as int)", '"9223372036854775808" (STRING) cannot be cast to INT'],
    ['cast(9223372036854775808 as int)', '"9223372036854775808" (DECIMAL) cannot be cast to INT'],
    ["cast('NaN' as float)", '"NaN" (STRING) cannot be cast to FLOAT'],
    ["cast('1e999' as float)", '"1e999" (STRING) cannot be cast to FLOAT'],
    ["cast('100' as decimal(2))", '"100" (STRING) cannot be cast to DECIMAL'],
    ["cast('yes' as bool)", '"yes" (STRING) cannot be cast to BOOL'],
    ['cast(2 as bool)', '"2" (INT) cannot be cast to BOOL'],
    ["cast('2020-02-30' as timestamp)", '"2020-02-30" (STRING) cannot be cast to TIMESTAMP'],
    ['cast(1 as timestamp)', '"1" (INT) cannot be cast to TIMESTAMP'],
    [
      'cast(cast(_6 as timestamp) as int)',
      '"2020-02-29T12:00:00Z" (TIMESTAMP) cannot be cast to INT',
    ],
  ])('%s fails', (expression, message) => {
    expect(failure(expression)).toBe(`CastFailed: ${message}`);
  });

  it('shows the beginning of a long value only', () => {
    const shown = `"${'x'.repeat(40)}…"`;
    const message = `CastFailed: ${shown} (STRING) cannot be cast to INT`;
    expect(failure(`cast('${'x'.repeat(1_000)}' as int)`)).toBe(message);
  });
});

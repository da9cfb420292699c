import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpressionError } from './expression.ts';
import { parseExpression } from './parse-expression.ts';

function refusal(expression: string, hasNames = false): string {
  try {
    parseExpression(expression, hasNames);
  } catch (error) {
    expect(error).toBeInstanceOf(ExpressionError);
    return (error as ExpressionError).message;
  }
  throw new Error(`It was accepted: ${expression}`);
}

const place = (index: number) => ({ kind: 'column', column: { kind: 'place', index } });
const name = (text: string, isQuoted = false) => ({
  kind: 'column',
  column: { kind: 'name', name: text, isQuoted },
});

describe('a select expression', () => {
  it.each<[expression: string, items: unknown[]]>([
    ['select * from archive', ['*']],
    ['SELECT * FROM Archive;', ['*']],
    ['select s.* from archive as s', ['*']],
    ['select S._1, s."_2" from "archive" s', [place(0), place(1)]],
    ['select archive._3 x, _4 as "Y" from archive', [place(2), place(3)]],
    ['select "S"._1 from archive "S"', [place(0)]],
    ['select/**/_1--one\nfrom/* it\'s a "comment" */archive', [place(0)]],
  ])('%s', (expression, items) => {
    expect(parseExpression(expression, false)).toMatchObject({ items, isAggregate: false });
  });

  it('names columns by the header', () => {
    const expression = 'select Name, "First ""N""", s."*", "näme", _1, "_1" from archive s';
    expect(parseExpression(expression, true).items).toEqual([
      name('name'),
      name('First "N"', true),
      name('*', true),
      name('näme', true),
      place(0),
      name('_1', true),
    ]);
  });

  it('has a limit', () => {
    expect(parseExpression('select * from archive limit 10', false).limit).toBe(10);
    expect(parseExpression('select * from archive limit 0', false).limit).toBe(0);
  });

  it('holds lists of literals of any length, and long texts', () => {
    const list = Array.from({ length: 20_000 }, (_, index) => `'${index}'`).join(',');
    const where = parseExpression(`select * from archive where _1 in (${list})`, false).where;
    expect(where).toMatchObject({ kind: 'in', isNegated: false });
    expect(where?.kind === 'in' && where.list.length).toBe(20_000);
    const text = `'${'x'.repeat(120_000)}'`;
    expect(parseExpression(`select ${text} from archive`, false).items).toHaveLength(1);
  });

  it.each<[expression: string, message: string]>([
    ['', 'at character 1: it ends too early'],
    ['   ', 'at character 4: it ends too early'],
    ['select _1 from', 'at character 15: it ends too early'],
    ['select _1', 'at character 1: FROM archive is missing'],
    ['select from archive', 'at character 1: SELECT takes at least one column, or *'],
    ['select _1 from archive; select 1', 'at character 25: there may be one statement only'],
    ['select _1 _2 _3 from archive', 'at character 14: "_3" is not expected here'],
    ['select _1 from other', 'at character 16: the only table is archive'],
    ['select _1 from s.archive', 'at character 16: the only table is archive'],
    ['select t._1 from archive s', 'at character 8: the table is called s'],
    ['select archive._1 from archive s', 'at character 8: the table is called s'],
    [
      'select _1 from archive a, archive b',
      'at character 16: FROM takes one table, archive, and an alias',
    ],
    ['select a from (select 1) x', 'at character 15: FROM takes one table, archive, and an alias'],
    ['delete from archive', 'at character 1: DELETE is not supported, only SELECT'],
    ['with x as (select 1) select * from x', 'at character 1: WITH is not supported, only SELECT'],
    [
      'select 1 from archive union select 2 from archive',
      'at character 1: UNION is not supported, only SELECT',
    ],
    [
      'select distinct _1 from archive',
      'at character 1: SELECT DISTINCT and SELECT ALL are not supported',
    ],
    ['select _1 from archive order by _1', 'at character 1: ORDER BY is not supported'],
    ['select _1 from archive group by _1', 'at character 1: GROUP BY is not supported'],
    ['select _1 from archive limit 5 offset 5', 'at character 1: OFFSET is not supported'],
    ['select _1 from archive limit 1.5', 'at character 30: LIMIT takes a whole number'],
    ['select _1 from archive limit -1', 'at character 30: LIMIT takes a whole number'],
    ['select * from archive for update', 'at character 1: FOR is not supported'],
  ])('is not %j', (expression, message) => {
    expect(refusal(expression)).toBe(message);
  });

  it.each<[item: string, message: string]>([
    ['name', 'at character 8: columns are _1, _2, … unless FileHeaderInfo is USE, not "name"'],
    ['_0', 'at character 8: columns are _1, _2, … unless FileHeaderInfo is USE, not "_0"'],
    ['x[1]', 'at character 9: "[" is not expected outside of quotes'],
    ['é', 'at character 8: "é" is not expected outside of quotes'],
    ["E'x'", 'at character 8: the type E is not supported'],
    ['$1', 'at character 8: "$" is not expected outside of quotes'],
    ['_1::int', 'at character 10: ":" is not expected outside of quotes'],
    ["'x", 'at character 8: the string has no closing quote'],
    ['"x', 'at character 8: the name has no closing quote'],
    ['""', 'at character 8: the name is empty'],
    ['_1 /* x', 'at character 11: the comment has no end'],
    ['1e3', 'at character 9: a number is digits and a point only'],
    ['lower(_1, 2)', 'at character 8: LOWER does not take 2 values'],
    ['count(_1, 2)', 'at character 8: COUNT takes one value'],
    ['sum(*)', 'at character 12: * is a SELECT item of its own'],
    ['random()', 'at character 8: the function RANDOM is not supported'],
    ['"lower"(_1)', 'at character 8: the function LOWER is not supported'],
    ['pg.lower(_1)', 'at character 8: the function LOWER is not supported'],
    ['max(count(*))', 'at character 12: COUNT is not allowed in an aggregate'],
    ['_1, count(*)', 'at character 8: beside an aggregate every column must be in one'],
    ['count(*), *', 'at character 18: beside an aggregate every column must be in one'],
    [
      'count(distinct _1)',
      'at character 8: DISTINCT, ORDER BY, FILTER, WITHIN GROUP and OVER are not supported',
    ],
    ["_1 ilike 'x'", 'at character 8: the operator ILIKE is not supported'],
    ["_1 like 'x!' escape '!'", 'at character 16: A LIKE pattern ends with its escape character'],
    ["_1 like 'x' escape '!!'", 'at character 27: ESCAPE takes one character'],
    ["'x' escape '!'", 'at character 8: ESCAPE belongs to LIKE'],
    ['(1, 2)', 'at character 9: a list outside of IN is not supported'],
    ['_1 in (select 1)', 'at character 15: a SELECT within another is not supported'],
    ['cast(_1 as date)', 'at character 19: the type DATE is not supported'],
    ['cast(_1 as "int"[1])', 'at character 24: "[" is not expected outside of quotes'],
    ['cast(_1 as varchar(5))', 'at character 19: VARCHAR takes no length'],
    [
      'cast(_1 as decimal(39))',
      'at character 19: DECIMAL takes a precision of 1 to 38, and a scale up to it',
    ],
    [
      'cast(_1 as decimal(5, 6))',
      'at character 19: DECIMAL takes a precision of 1 to 38, and a scale up to it',
    ],
    ['extract(year from _1)', 'at character 8: EXTRACT is not supported'],
    ['user', 'at character 8: USER is not supported; a column of that name needs double quotes'],
    ['_1 = 1 is null', 'at character 13: a comparison of comparisons needs parentheses'],
    ['_1 = _2 = _3', 'at character 8: a comparison of comparisons needs parentheses'],
    ['((_1) = (1) is null)', 'at character 17: a comparison of comparisons needs parentheses'],
  ])('does not select %s', (item, message) => {
    expect(refusal(`select ${item} from archive`)).toBe(message);
  });

  it('is not too long, too deep or too large', () => {
    expect(refusal(`select ${'- '.repeat(500)}1 from archive`)).toBe(
      'at character 1008: nested over 500 levels',
    );
    expect(refusal(`select ${'_1 + '.repeat(600)}1 from archive`)).toBe(
      'at character 2506: longer than 1000 words and signs (IN lists of literals count as one)',
    );
    const number = `1${'0'.repeat(400)}`;
    expect(refusal(`select ${number} from archive`)).toBe(
      'at character 8: the number is too large',
    );
  });

  it('has no aggregate in WHERE', () => {
    const message = 'at character 29: COUNT is not allowed in WHERE';
    expect(refusal('select * from archive where count(*) > 1')).toBe(message);
  });

  it('accepts comparisons of comparisons in parentheses', () => {
    const expression = 'select ((_1) = (1)) is null, (_1 = 1) = (_2 is null) from archive';
    expect(parseExpression(expression, false).items).toHaveLength(2);
  });

  it('is refused or understood, whatever it is', () => {
    const words =
      `select from archive where _1 , . * ( ) + - / % || = <> < 'x' "y" 1 2.5 and or not in like
      between is null case when then else end cast as int limit count lower -- /* */ ; ' " e' $$`.split(
        /\s+/,
      );
    const expression = fc.array(fc.constantFrom(...words), { maxLength: 20 });
    fc.assert(
      fc.property(expression, fc.boolean(), fc.string(), (list, hasNames, end) => {
        try {
          parseExpression(`select ${list.join(' ')} ${end}`, hasNames);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

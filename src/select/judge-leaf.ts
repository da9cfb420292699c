/** The leaves of the SQL parser's tree, judged: literals, columns and the names of types. */
import type { DataTypeDef, Expr, ExprRef } from 'pgsql-ast-parser';
import { type CastType, type Expression, ExpressionError } from './expression.ts';
import { nameIn, offsetOf, type Scan, type Token } from './scan-expression.ts';
import { readNumber } from './value.ts';

/** Where a node stands. */
export interface Scope {
  readonly scan: Scan;
  readonly tableName: string;
  readonly hasNames: boolean;
  readonly place: 'SELECT' | 'WHERE' | 'an aggregate';
  readonly level: number;
  /** Where the first aggregate of the SELECT list stands, and the first column in none. */
  readonly found: { aggregateAt?: number; columnAt?: number };
}

export function newScope(scan: Scan, tableName: string, hasNames: boolean): Scope {
  return { scan, tableName, hasNames, place: 'SELECT', level: 0, found: {} };
}

export function refusal(
  node: Expr | DataTypeDef,
  { scan }: Scope,
  reason: string,
): ExpressionError {
  return new ExpressionError(offsetOf(scan, node), reason);
}

export function judgeLiteral(node: Expr & { value: number | string }, scope: Scope): Expression {
  const index = Number(node.value);
  if (scope.scan.escapes.has(index)) throw refusal(node, scope, 'ESCAPE belongs to LIKE');
  return literalOf(scope.scan.tokens[index] as Token);
}

export function literalOf({ kind, text, start }: Token): Expression {
  const value = kind === 'number' ? readNumber(text) : text;
  if (value === undefined) throw new ExpressionError(start, 'the number is too large');
  return { kind: 'literal', value };
}

const placePattern = /^_([1-9]\d{0,6})$/;

export function judgeColumn(node: ExprRef, scope: Scope): Expression {
  checkTable(node, scope);
  if (scope.place === 'SELECT') scope.found.columnAt ??= offsetOf(scope.scan, node);
  const { text: name, isQuoted } = nameIn(scope.scan, node.name);
  const [, place] = (isQuoted && scope.hasNames ? null : placePattern.exec(name)) ?? [];
  if (place !== undefined) {
    return { kind: 'column', column: { kind: 'place', index: Number(place) - 1 } };
  }
  if (node.name === '*') throw refusal(node, scope, '* is a SELECT item of its own');
  if (!scope.hasNames) {
    const reason = `columns are _1, _2, … unless FileHeaderInfo is USE, not ${JSON.stringify(name)}`;
    throw refusal(node, scope, reason);
  }
  return { kind: 'column', column: { kind: 'name', name, isQuoted } };
}

/** @throws ExpressionError for a column of another table */
export function checkTable(node: ExprRef, scope: Scope): void {
  if (!node.table) return;
  const { text } = nameIn(scope.scan, node.table.name);
  if (node.table.schema === undefined && text === scope.tableName) return;
  throw refusal(node, scope, `the table is called ${scope.tableName}`);
}

const simpleTypes: Readonly<Record<string, CastType['name']>> = {
  bool: 'BOOL',
  boolean: 'BOOL',
  float: 'FLOAT',
  int: 'INT',
  integer: 'INT',
  string: 'STRING',
  varchar: 'STRING',
  timestamp: 'TIMESTAMP',
  decimal: 'DECIMAL',
  numeric: 'DECIMAL',
};

/** @returns the type; DECIMAL may have a precision (1 to 38) and a scale (0 to the precision) */
export function judgeType(node: DataTypeDef, scope: Scope): CastType {
  if (node.kind === 'array') throw refusal(node, scope, 'arrays are not supported');
  const { text } = nameIn(scope.scan, node.name);
  const name = Object.hasOwn(simpleTypes, text) ? simpleTypes[text] : undefined;
  if (name === undefined || node.schema !== undefined) {
    throw refusal(node, scope, `the type ${text.toUpperCase()} is not supported`);
  }
  const numbers = (node.config ?? []).map((index) => Number(scope.scan.tokens[index]?.text));
  if (name !== 'DECIMAL') {
    if (numbers.length > 0) throw refusal(node, scope, `${text.toUpperCase()} takes no length`);
    return { name };
  }
  const [precision, scale = precision === undefined ? undefined : 0, ...others] = numbers;
  const isRange = isBetween(precision ?? 1, 1, 38) && isBetween(scale ?? 0, 0, precision ?? 38);
  if (!isRange || others.length > 0) {
    throw refusal(node, scope, 'DECIMAL takes a precision of 1 to 38, and a scale up to it');
  }
  return { name, precision, scale };
}

export function isBetween(number: number, low: number, high: number): boolean {
  return Number.isInteger(number) && number >= low && number <= high;
}

/**
 * From the text of a select expression to a query, or to a sentence that says where and why not.
 *
 * The subset is Amazon's (documented): SELECT with columns, `*` and expressions, FROM archive, WHERE
 * and LIMIT; what PostgreSQL's grammar knows beyond it is refused by name. No SQL engine ever sees
 * the expression.
 */
import {
  type Expr,
  type From,
  parse,
  type SelectFromStatement,
  type Statement,
} from 'pgsql-ast-parser';
import { type Expression, ExpressionError, type Query } from './expression.ts';
import { checkTable, newScope, type Scope } from './judge-leaf.ts';
import { judgeNode } from './judge-node.ts';
import { nameIn, offsetOf, type Scan, scanExpression, type Token } from './scan-expression.ts';

/**
 * @param hasNames whether the archive's first record names the columns; else they are `_1`, `_2`, …
 * @throws ExpressionError when the expression is not in the subset
 */
export function parseExpression(expression: string, hasNames: boolean): Query {
  const scan = scanExpression(expression);
  const statement = parseStatement(scan, expression.length);
  if (statement.type !== 'select') {
    throw new ExpressionError(0, `${statement.type.toUpperCase()} is not supported, only SELECT`);
  }
  refuseOtherClauses(statement);
  const scope = newScope(scan, readTable(scan, statement.from ?? []), hasNames);
  return readQuery(statement, scope);
}

function parseStatement(scan: Scan, endOffset: number): Statement {
  let statements: Statement[];
  try {
    statements = parse(scan.text, { locationTracking: true });
  } catch (error) {
    const token = tokenOf(scan, error);
    const what = token ? `${JSON.stringify(token.text)} is not expected here` : 'it ends too early';
    throw new ExpressionError(token?.start ?? endOffset, what, { cause: error });
  }
  const [statement] = statements;
  if (!statement) throw new ExpressionError(0, 'there is no statement');
  return statement;
}

/** The token that the parser stumbled over; undefined when it wanted another one. */
function tokenOf(scan: Scan, error: unknown): Token | undefined {
  const { token } = error as { token?: { offset?: number } };
  return scan.tokens[scan.startsAt.get(token?.offset ?? -1) ?? -1];
}

function refuseOtherClauses(statement: SelectFromStatement): void {
  const clauses: [clause: unknown, name: string][] = [
    [statement.distinct, 'SELECT DISTINCT and SELECT ALL are'],
    [statement.groupBy, 'GROUP BY is'],
    [statement.having, 'HAVING is'],
    [statement.orderBy, 'ORDER BY is'],
    [statement.limit?.offset, 'OFFSET is'],
    [statement.for, 'FOR is'],
    [statement.skip, 'SKIP LOCKED is'],
  ];
  for (const [clause, name] of clauses) {
    if (clause) throw new ExpressionError(0, `${name} not supported`);
  }
}

/** @returns the name that columns may carry before them */
function readTable(scan: Scan, from: readonly From[]): string {
  const [table, ...others] = from;
  if (!table) throw new ExpressionError(0, 'FROM archive is missing');
  const isPlain = table.type === 'table' && !table.lateral && !table.name.columnNames;
  if (others.length > 0 || table.join || !isPlain) {
    throw new ExpressionError(offsetOf(scan, table), 'FROM takes one table, archive, and an alias');
  }
  const { name, schema, alias } = table.name;
  const { text } = nameIn(scan, name);
  if (schema !== undefined || text.toLowerCase() !== 'archive') {
    throw new ExpressionError(offsetOf(scan, table), 'the only table is archive');
  }
  return alias === undefined ? 'archive' : nameIn(scan, alias).text;
}

function readQuery(statement: SelectFromStatement, scope: Scope): Query {
  const { columns, where, limit } = statement;
  if (!columns) throw new ExpressionError(0, 'SELECT takes at least one column, or *');
  const items = columns.map(({ expr }) => readItem(expr, scope));
  const { aggregateAt, columnAt } = scope.found;
  const isAggregate = aggregateAt !== undefined;
  if (isAggregate && columnAt !== undefined) {
    throw new ExpressionError(columnAt, 'beside an aggregate every column must be in one');
  }
  return {
    isAggregate,
    items,
    where: where ? judgeNode(where, { ...scope, place: 'WHERE' }) : undefined,
    limit: limit?.limit ? readLimit(limit.limit, scope.scan) : undefined,
  };
}

function readItem(node: Expr, scope: Scope): '*' | Expression {
  if (node.type !== 'ref' || node.name !== '*') return judgeNode(node, scope);
  const offset = offsetOf(scope.scan, node);
  checkTable(node, scope);
  scope.found.columnAt ??= offset;
  return '*';
}

function readLimit(node: Expr, scan: Scan): number {
  const token = node.type === 'integer' ? scan.tokens[node.value] : undefined;
  const limit = Number(token?.text);
  if (Number.isSafeInteger(limit)) return limit;
  throw new ExpressionError(offsetOf(scan, node), 'LIMIT takes a whole number');
}

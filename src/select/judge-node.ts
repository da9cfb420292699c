/**
 * The nodes of the SQL parser's tree, judged one by one: what is in the supported subset becomes an
 * expression of ours, everything else is refused by its name and place.
 */
import type {
  BinaryOperator,
  Expr,
  ExprBinary,
  ExprCall,
  ExprCase,
  ExprSubstring,
  ExprTernary,
  ExprUnary,
} from 'pgsql-ast-parser';
import { type ComparisonOperator, type Expression, ExpressionError } from './expression.ts';
import { readAggregateName, readFunctionName } from './function-names.ts';
import {
  isBetween,
  judgeColumn,
  judgeLiteral,
  judgeType,
  literalOf,
  refusal,
  type Scope,
} from './judge-leaf.ts';
import { compileLike } from './like-pattern.ts';
import { isInParentheses, nameIn, offsetOf, type Token } from './scan-expression.ts';
import { SelectError } from './select-error.ts';
import type { ArithmeticOperator } from './value.ts';

/** How deep expressions may be nested (chosen: bounds the stack of what walks them). */
const mostLevels = 500;

/** @throws ExpressionError for what is not supported */
export function judgeNode(node: Expr, parent: Scope): Expression {
  const scope = { ...parent, level: parent.level + 1 };
  if (scope.level > mostLevels) throw refusal(node, scope, `nested over ${mostLevels} levels`);
  switch (node.type) {
    case 'integer':
    case 'string':
      return judgeLiteral(node, scope);
    case 'boolean':
      return { kind: 'literal', value: node.value };
    case 'null':
      return { kind: 'literal', value: null };
    case 'ref':
      return judgeColumn(node, scope);
    case 'unary':
      return judgeUnary(node, scope);
    case 'binary':
      return judgeBinary(node, scope);
    case 'ternary':
      return judgeBetween(node, scope);
    case 'cast':
      return {
        kind: 'cast',
        operand: judgeNode(node.operand, scope),
        type: judgeType(node.to, scope),
      };
    case 'case':
      return judgeCase(node, scope);
    case 'call':
      return judgeCall(node, scope);
    case 'substring':
      return judgeSubstring(node, scope);
    case 'keyword':
      throw refusal(
        node,
        scope,
        `${node.keyword.toUpperCase()} is not supported; a column of that name needs double quotes`,
      );
    default:
      throw refusal(node, scope, `${namesOfOthers[node.type] ?? node.type} is not supported`);
  }
}

const namesOfOthers: Partial<Record<Expr['type'], string>> = {
  list: 'a list outside of IN',
  select: 'a SELECT within another',
  extract: 'EXTRACT',
  overlay: 'OVERLAY',
  default: 'DEFAULT',
};

function judgeUnary(node: ExprUnary, scope: Scope): Expression {
  const operand = judgeNode(node.operand, scope);
  switch (node.op) {
    case '-':
      return { kind: 'negative', operand };
    case '+':
      return { kind: 'positive', operand };
    case 'NOT':
      return { kind: 'not', operand };
    case 'IS NULL':
    case 'IS NOT NULL':
      return { kind: 'is', operand, value: null, isNegated: node.op === 'IS NOT NULL' };
    case 'IS TRUE':
    case 'IS NOT TRUE':
      return { kind: 'is', operand, value: true, isNegated: node.op === 'IS NOT TRUE' };
    case 'IS FALSE':
    case 'IS NOT FALSE':
      return { kind: 'is', operand, value: false, isNegated: node.op === 'IS NOT FALSE' };
  }
}

const comparisons = new Set<BinaryOperator>(['=', '!=', '<', '<=', '>', '>=']);
const arithmetic = new Set<BinaryOperator>(['+', '-', '*', '/', '%']);

function judgeBinary(node: ExprBinary, scope: Scope): Expression {
  const { op } = node;
  if (node.opSchema !== undefined) throw refusal(node, scope, 'OPERATOR is not supported');
  if (op === 'IN' || op === 'NOT IN') return judgeIn(node, scope);
  if (op === 'LIKE' || op === 'NOT LIKE') return judgeLike(node, scope);
  if (comparisons.has(op)) refuseChain(node, scope);
  const left = judgeNode(node.left, scope);
  const right = judgeNode(node.right, scope);
  if (comparisons.has(op)) {
    return { kind: 'comparison', operator: op as ComparisonOperator, left, right };
  }
  if (arithmetic.has(op)) {
    return { kind: 'arithmetic', operator: op as ArithmeticOperator, left, right };
  }
  if (op === 'AND' || op === 'OR') return { kind: op === 'AND' ? 'and' : 'or', left, right };
  if (op === '||') return { kind: 'concatenation', left, right };
  throw refusal(node, scope, `the operator ${op} is not supported`);
}

/**
 * `a = b = c` means different things to different readers, and the parser binds `a = b IS NULL`
 * otherwise than SQL does: both need parentheses.
 */
function refuseChain(node: ExprBinary, scope: Scope): void {
  for (const operand of [node.left, node.right]) {
    const isComparison =
      (operand.type === 'binary' && comparisons.has(operand.op)) ||
      (operand.type === 'unary' && operand.op.startsWith('IS '));
    if (isComparison && !isInParentheses(scope.scan, operand)) {
      throw refusal(operand, scope, 'a comparison of comparisons needs parentheses');
    }
  }
}

function judgeBetween(node: ExprTernary, scope: Scope): Expression {
  return {
    kind: 'between',
    operand: judgeNode(node.value, scope),
    low: judgeNode(node.lo, scope),
    high: judgeNode(node.hi, scope),
    isNegated: node.op === 'NOT BETWEEN',
  };
}

function judgeIn(node: ExprBinary, scope: Scope): Expression {
  const { right } = node;
  const nodes = right.type === 'list' ? right.expressions : [right];
  const [only] = nodes;
  const isLiteral = only?.type === 'integer' || only?.type === 'string';
  const collapsed = isLiteral ? scope.scan.lists.get(Number(only.value)) : undefined;
  return {
    kind: 'in',
    operand: judgeNode(node.left, scope),
    list: collapsed?.map(literalOf) ?? nodes.map((it) => judgeNode(it, scope)),
    isNegated: node.op === 'NOT IN',
  };
}

function judgeLike(node: ExprBinary, scope: Scope): Expression {
  const { left, right } = node;
  const index = right.type === 'string' ? Number(right.value) : -1;
  const [token, escapeToken] = [scope.scan.tokens[index], scope.scan.escapes.get(index)];
  if (escapeToken && Array.from(escapeToken.text).length !== 1) {
    throw new ExpressionError(escapeToken.start, 'ESCAPE takes one character');
  }
  if (token) checkPattern(token, escapeToken?.text);
  return {
    kind: 'like',
    operand: judgeNode(left, scope),
    pattern: token ? literalOf(token) : judgeNode(right, scope),
    escapeCharacter: escapeToken?.text,
    isNegated: node.op === 'NOT LIKE',
  };
}

/** A pattern that is known is refused now, not when the job runs. */
function checkPattern(token: Token, escapeCharacter: string | undefined): void {
  try {
    compileLike(token.text, escapeCharacter);
  } catch (error) {
    if (!(error instanceof SelectError)) throw error;
    throw new ExpressionError(token.start, error.message, { cause: error });
  }
}

function judgeCase(node: ExprCase, scope: Scope): Expression {
  return {
    kind: 'case',
    subject: node.value ? judgeNode(node.value, scope) : undefined,
    whens: node.whens.map(({ when, value }) => ({
      when: judgeNode(when, scope),
      result: judgeNode(value, scope),
    })),
    otherwise: node.else ? judgeNode(node.else, scope) : { kind: 'literal', value: null },
  };
}

function judgeCall(node: ExprCall, scope: Scope): Expression {
  const { text, isQuoted } = nameIn(scope.scan, node.function.name);
  const isPlain = !isQuoted && node.function.schema === undefined;
  const { orderBy, filter, withinGroup, over, distinct } = node;
  if (orderBy || filter || withinGroup || over || distinct === 'distinct') {
    const reason = 'DISTINCT, ORDER BY, FILTER, WITHIN GROUP and OVER are not supported';
    throw refusal(node, scope, reason);
  }
  const aggregate = isPlain ? readAggregateName(text) : undefined;
  if (aggregate) return judgeAggregate(node, scope, aggregate);
  const name = isPlain && distinct === undefined ? readFunctionName(text) : undefined;
  if (!name) throw refusal(node, scope, `the function ${text.toUpperCase()} is not supported`);
  if (!isBetween(node.args.length, name.least, name.most)) {
    throw refusal(node, scope, `${name.name} does not take ${node.args.length} values`);
  }
  return { kind: 'call', name: name.name, operands: node.args.map((it) => judgeNode(it, scope)) };
}

function judgeAggregate(
  node: ExprCall,
  scope: Scope,
  name: NonNullable<ReturnType<typeof readAggregateName>>,
): Expression {
  if (scope.place !== 'SELECT') {
    throw refusal(node, scope, `${name} is not allowed in ${scope.place}`);
  }
  scope.found.aggregateAt ??= offsetOf(scope.scan, node);
  const [argument, ...others] = node.args;
  if (!argument || others.length > 0) throw refusal(node, scope, `${name} takes one value`);
  const isStar = argument.type === 'ref' && argument.name === '*' && !argument.table;
  if (isStar && name === 'COUNT') return { kind: 'aggregate', name, operand: undefined };
  const operand = judgeNode(argument, { ...scope, place: 'an aggregate' });
  return { kind: 'aggregate', name, operand };
}

/** SUBSTRING(text FROM start FOR length), which is SUBSTRING(text, start, length). */
function judgeSubstring(node: ExprSubstring, scope: Scope): Expression {
  const from: Expression = node.from ? judgeNode(node.from, scope) : { kind: 'literal', value: 1n };
  const length = node.for ? [judgeNode(node.for, scope)] : [];
  return {
    kind: 'call',
    name: 'SUBSTRING',
    operands: [judgeNode(node.value, scope), from, ...length],
  };
}

/**
 * The words and signs of a select expression, and the text that the SQL parser is given of them.
 *
 * The parser sees the grammar only, never what a user wrote between quotes: every literal and every
 * quoted name is replaced by the number of its token, comments and layout are gone, and a list of
 * literals behind IN is one literal (the parser takes some fifty microseconds a token). This keeps its
 * lexer's weaknesses away: patterns that go back without end, `2-1` read as two numbers, names that
 * hold `*`, comments that hold a quote.
 */
import { ExpressionError } from './expression.ts';

export interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol';
  /** Of a name or string: what stands between the quotes, doubled ones made one. */
  readonly text: string;
  /** Where it begins in the expression. */
  readonly start: number;
  /** Where it ends: the first character behind it. */
  readonly end: number;
}

export interface Scan {
  readonly tokens: readonly Token[];
  /** What the parser reads. */
  readonly text: string;
  /** Where a token begins in that text, and which one it is; likewise where it ends. */
  readonly startsAt: ReadonlyMap<number, number>;
  readonly endsAt: ReadonlyMap<number, number>;
  /** The literals of a collapsed list, by the token of its first. */
  readonly lists: ReadonlyMap<number, readonly Token[]>;
  /** What follows ESCAPE, by the token of the pattern before it. */
  readonly escapes: ReadonlyMap<number, Token>;
}

/** That the parser gets to see (chosen: some 50 ms of its time, in one stretch). */
const mostTokens = 1_000;

const wordPattern = /[A-Za-z_][A-Za-z0-9_]*/y;
const numberPattern = /\d+(?:\.\d*)?|\.\d+/y;
const symbolPattern = /<=|>=|<>|!=|\|\||[-+*/%(),.=<>;]/y;
const blankPattern = /\s+/y;

/** @throws ExpressionError where no word, literal or known sign begins, and when there are too many */
export function scanExpression(expression: string): Scan {
  const tokens = withoutEnd(tokensOf(expression));
  const lists = new Map<number, readonly Token[]>();
  const escapes = new Map<number, Token>();
  const kept: number[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    kept.push(index);
    const list = literalsAt(tokens, index);
    if (list) {
      lists.set(index, list);
      index += list.length * 2 - 2;
    } else if (isEscape(tokens, index + 1)) {
      escapes.set(index, tokens[index + 2] as Token);
      index += 2;
    }
    if (kept.length > mostTokens) {
      const reason = `longer than ${mostTokens} words and signs (IN lists of literals count as one)`;
      throw new ExpressionError(tokens[index]?.start ?? 0, reason);
    }
  }
  return { tokens, lists, escapes, ...textOf(tokens, kept) };
}

interface Located {
  readonly _location?: { readonly start: number; readonly end: number };
}

/** The tokens that a node of the parser's tree begins and ends with. */
export function spanOf(
  scan: Scan,
  node: Located,
): { readonly first: number; readonly last: number } {
  const { start = -1, end = -1 } = node._location ?? {};
  return { first: scan.startsAt.get(start) ?? 0, last: scan.endsAt.get(end) ?? 0 };
}

/** Where a node of the parser's tree begins in the expression. */
export function offsetOf(scan: Scan, node: Located): number {
  return scan.tokens[spanOf(scan, node).first]?.start ?? 0;
}

/** A name of the parser's tree as it was written; one that was not quoted is in lower case. */
export function nameIn(
  scan: Scan,
  name: string,
): { readonly text: string; readonly isQuoted: boolean } {
  const token = /^\d/.test(name) ? scan.tokens[Number(name)] : undefined;
  return { text: token?.text ?? name, isQuoted: token !== undefined };
}

/**
 * Whether a node stands in parentheses of its own. The parser leaves those at a node's ends out of
 * the places that it tells, so they are balanced first.
 */
export function isInParentheses(scan: Scan, node: Located): boolean {
  let { first, last } = spanOf(scan, node);
  let open = 0;
  let missing = 0;
  for (const { kind, text } of scan.tokens.slice(first, last + 1)) {
    if (kind !== 'symbol') continue;
    if (text === '(') open += 1;
    if (text !== ')') continue;
    if (open > 0) open -= 1;
    else missing += 1;
  }
  first -= missing + 1;
  last += open + 1;
  return isSymbol(scan.tokens[first], '(') && isSymbol(scan.tokens[last], ')');
}

/** The expression's tokens. */
function tokensOf(expression: string): Token[] {
  const tokens: Token[] = [];
  let position = skipBlank(expression, 0);
  while (position < expression.length) {
    const token = tokenAt(expression, position);
    const isGlued = token.kind === 'number' && matchAt(wordPattern, expression, token.end) !== '';
    if (isGlued) throw new ExpressionError(token.end, 'a number is digits and a point only');
    tokens.push(token);
    position = skipBlank(expression, token.end);
  }
  return tokens;
}

/** A semicolon may end the expression. */
function withoutEnd(tokens: Token[]): Token[] {
  const end = tokens.findIndex(({ kind, text }) => kind === 'symbol' && text === ';');
  const behind = end === -1 ? undefined : tokens[end + 1];
  if (behind) throw new ExpressionError(behind.start, 'there may be one statement only');
  return end === -1 ? tokens : tokens.slice(0, end);
}

function tokenAt(expression: string, start: number): Token {
  const first = expression[start];
  if (first === "'") return quotedAt(expression, start, 'string');
  if (first === '"') return quotedAt(expression, start, 'name');
  for (const [kind, pattern] of [
    ['word', wordPattern],
    ['number', numberPattern],
    ['symbol', symbolPattern],
  ] as const) {
    const text = matchAt(pattern, expression, start);
    if (text !== '') return { kind, text, start, end: start + text.length };
  }
  const character = String.fromCodePoint(expression.codePointAt(start) ?? 0);
  throw new ExpressionError(
    start,
    `${JSON.stringify(character)} is not expected outside of quotes`,
  );
}

function quotedAt(expression: string, start: number, kind: 'string' | 'name'): Token {
  const quote = expression[start] ?? '';
  let end = expression.indexOf(quote, start + 1);
  while (end !== -1 && expression[end + 1] === quote) {
    end = expression.indexOf(quote, end + 2); // a doubled quote stands for itself
  }
  if (end === -1) throw new ExpressionError(start, `the ${kind} has no closing quote`);
  const text = expression.slice(start + 1, end).replaceAll(quote + quote, quote);
  if (kind === 'name' && text === '') throw new ExpressionError(start, 'the name is empty');
  return { kind, text, start, end: end + 1 };
}

/** @returns where the next token begins, behind blanks and comments */
function skipBlank(expression: string, start: number): number {
  let position = start;
  for (;;) {
    const before = position;
    position += matchAt(blankPattern, expression, position).length;
    if (expression.startsWith('--', position)) {
      const end = expression.indexOf('\n', position);
      position = end === -1 ? expression.length : end;
    } else if (expression.startsWith('/*', position)) {
      const end = expression.indexOf('*/', position + 2);
      if (end === -1) throw new ExpressionError(position, 'the comment has no end');
      position = end + 2;
    }
    if (position === before) return position;
  }
}

function matchAt(pattern: RegExp, text: string, position: number): string {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0] ?? '';
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word;
}

function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === 'symbol' && token.text === symbol;
}

function isLiteral(token: Token | undefined): token is Token {
  return token?.kind === 'string' || token?.kind === 'number';
}

/** The literals from here, if here the list behind an IN begins and nothing else is in it. */
function literalsAt(tokens: readonly Token[], start: number): Token[] | undefined {
  if (!isSymbol(tokens[start - 1], '(') || !isWord(tokens[start - 2], 'IN')) return undefined;
  const literals: Token[] = [];
  for (let index = start; isLiteral(tokens[index]); index += 2) {
    literals.push(tokens[index] as Token);
    if (isSymbol(tokens[index + 1], ')')) return literals;
    if (!isSymbol(tokens[index + 1], ',')) return undefined;
  }
  return undefined;
}

/** Whether `ESCAPE 'x'` stands here, behind a text. */
function isEscape(tokens: readonly Token[], index: number): boolean {
  const isBehindString = tokens[index - 1]?.kind === 'string';
  return isBehindString && isWord(tokens[index], 'ESCAPE') && tokens[index + 1]?.kind === 'string';
}

function textOf(tokens: readonly Token[], kept: readonly number[]) {
  const startsAt = new Map<number, number>();
  const endsAt = new Map<number, number>();
  let text = '';
  for (const index of kept) {
    startsAt.set(text.length, index);
    text += shownToParser(tokens[index] as Token, index);
    endsAt.set(text.length, index);
    text += ' ';
  }
  return { text, startsAt, endsAt };
}

function shownToParser({ kind, text }: Token, index: number): string {
  switch (kind) {
    case 'string':
      return `'${index}'`;
    case 'name':
      return `"${index}"`;
    case 'number':
      return String(index);
    case 'word':
    case 'symbol':
      return text;
  }
}

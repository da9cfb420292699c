/**
 * Texts in policies: wildcards, and variables that stand for something of the request.
 *
 * `${aws:username}` is the value of a condition key, `${aws:username, 'nobody'}` the same with a
 * default, and `${*}`, `${?}`, `${$}` are the characters themselves (documented, Version 2012-10-17
 * only; in an older policy they are plain text). A value that is filled in is never read as a
 * wildcard (chosen: who may name himself `*` would match everything).
 */
import { conditionKey, type RequestContext, valueCharacters } from './condition-keys.ts';
import type { PlacedText } from './elements.ts';
import { InvalidPolicyError, quote } from './invalid-policy.ts';
import {
  anyRun,
  arnComponents,
  arnSubjectsOf,
  codePointsOf,
  compileWildcard,
  matchesArn,
  matchesWildcard,
  type Pattern,
  splitAt,
  subjectOf,
  type Wildcard,
  wildcardToken,
} from './match.ts';

/** How one value of a policy is judged against one value of a request. */
export type ValueTest = (value: string, scope: Scope) => boolean;

export interface Scope {
  readonly context: RequestContext;
  /** What a pattern answers if a variable in it has no value, or more than one. */
  readonly matchesUnresolved: boolean;
}

/** How a text is to be read. */
export interface TextRules {
  readonly hasVariables: boolean;
  readonly hasWildcards: boolean;
  readonly ignoresCase: boolean;
}

export interface ArnRules {
  readonly hasVariables: boolean;
  readonly isCompleted: boolean;
}

interface Variable {
  readonly key: string;
  readonly fallback: string | undefined;
}
type Token = number | Variable;

const colon = 0x3a;
/** No variable (chosen): the one value that the caller makes up freely and that may be long. */
const userAgent = 'aws:useragent';

/**
 * A test for equality or likeness with one of the texts.
 *
 * @throws InvalidPolicyError for a variable that is not known
 */
export function textTest(texts: readonly PlacedText[], rules: TextRules): ValueTest {
  const fold = (it: string): string => (rules.ignoresCase ? it.toLowerCase() : it);
  const tests = texts.map(({ text, place }) => {
    const tokens = parseTokens(fold(text), rules, place);
    return fillIn(tokens, (context) => {
      const pattern = resolve(tokens, context, fold);
      return pattern && compileWildcard(pattern);
    });
  });
  return (value, scope) => {
    const subject = subjectOf(fold(cut(value)));
    return tests.some((test) => test(scope, (wildcard) => matchesWildcard(wildcard, subject)));
  };
}

/**
 * A test for likeness with one of the ARNs, component by component.
 *
 * @param rules.isCompleted missing components at the end are taken as `*` (documented for Resource
 *   only)
 * @throws InvalidPolicyError when a text is no ARN, not even with wildcards
 */
export function arnTest(texts: readonly PlacedText[], rules: ArnRules): ValueTest {
  const tests = texts.filter((it) => it.text !== '*').map((it) => oneArnTest(it, rules));
  if (tests.length < texts.length) return () => true;
  return (value, scope) => {
    const subjects = arnSubjectsOf(cut(value));
    return tests.some((test) => test(scope, (wildcards) => matchesArn(wildcards, subjects)));
  };
}

function oneArnTest({ text, place }: PlacedText, rules: ArnRules): FilledTest<Wildcard[]> {
  const { hasVariables, isCompleted } = rules;
  const tokens = parseTokens(text, { hasVariables, hasWildcards: true, ignoresCase: false }, place);
  const components = splitArnTokens(tokens);
  if (isCompleted) while (components.length < arnComponents) components.push([anyRun]);
  if (!text.startsWith('arn:') || components.length !== arnComponents) {
    throw new InvalidPolicyError(place, `is not an ARN: ${quote(text)}`);
  }
  return fillIn(tokens, (context) => {
    const patterns = components.map((it) => resolve(it, context, (value) => value));
    return patterns.every((it) => it !== undefined) ? patterns.map(compileWildcard) : undefined;
  });
}

/** Whether the text names a variable of the request, so that it means different things to different callers. */
export function namesVariable(text: string, place: string): boolean {
  const rules = { hasVariables: true, hasWildcards: true, ignoresCase: false };
  return parseTokens(text, rules, place).some(isVariable);
}

/** A pattern, filled in for the request and shown to a judge. */
type FilledTest<Compiled> = (scope: Scope, judge: (compiled: Compiled) => boolean) => boolean;

/** Compiled now if nothing is to be filled in, else with each request. */
function fillIn<Compiled>(
  tokens: readonly Token[],
  compile: (context: RequestContext) => Compiled | undefined,
): FilledTest<Compiled> {
  const fixed = tokens.some(isVariable) ? undefined : compile(new Map());
  if (fixed !== undefined) return (_scope, judge) => judge(fixed);
  return (scope, judge) => {
    const compiled = compile(scope.context);
    return compiled === undefined ? scope.matchesUnresolved : judge(compiled);
  };
}

function cut(value: string): string {
  return value.length > valueCharacters ? value.slice(0, valueCharacters) : value;
}

/** Split at the first five colons that are not inside of a variable. */
function splitArnTokens(tokens: readonly Token[]): Token[][] {
  const parts = splitAt(tokens, colon);
  const resource = parts.splice(arnComponents - 1);
  if (resource.length === 0) return parts;
  const joined = resource.flatMap((part, index) => (index === 0 ? part : [colon, ...part]));
  return [...parts, joined];
}

function resolve(
  tokens: readonly Token[],
  context: RequestContext,
  fold: (text: string) => string,
): Pattern | undefined {
  const pattern: number[] = [];
  for (const token of tokens) {
    if (!isVariable(token)) {
      pattern.push(token);
      continue;
    }
    const value = variableValue(token, context);
    if (value === undefined) return undefined;
    for (const point of codePointsOf(fold(value))) pattern.push(point);
  }
  return pattern;
}

/** A key with several values cannot be filled in (documented). */
function variableValue(variable: Variable, context: RequestContext): string | undefined {
  const [value = variable.fallback, ...others] = context.get(variable.key) ?? [];
  return others.length > 0 || value === undefined ? undefined : cut(value);
}

function isVariable(token: Token): token is Variable {
  return typeof token === 'object';
}

function parseTokens(text: string, rules: TextRules, place: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    if (rules.hasVariables && text.startsWith('${', position)) {
      const end = text.indexOf('}', position);
      if (end < 0) throw new InvalidPolicyError(place, 'has a variable without its closing brace');
      tokens.push(parseVariable(text.slice(position + 2, end), place));
      position = end + 1;
      continue;
    }
    const point = text.codePointAt(position) ?? 0;
    tokens.push(rules.hasWildcards ? wildcardToken(point) : point);
    position += point > 0xffff ? 2 : 1;
  }
  if (tokens.filter((it) => it !== anyRun).length > valueCharacters) {
    throw new InvalidPolicyError(place, `asks for more than ${valueCharacters} characters`);
  }
  return tokens;
}

/** What stands between `${` and `}`. */
function parseVariable(text: string, place: string): Token {
  if (text === '*' || text === '?' || text === '$') return text.charCodeAt(0);
  const comma = text.indexOf(',');
  const name = (comma < 0 ? text : text.slice(0, comma)).trim();
  const key = conditionKey(name);
  if (!key || key.name === userAgent) {
    throw new InvalidPolicyError(place, `has an unknown variable: ${quote(name)}`);
  }
  if (comma < 0) return { key: key.name, fallback: undefined };
  const written = text.slice(comma + 1).trim();
  const isQuoted = written.length >= 2 && written.startsWith("'") && written.endsWith("'");
  const fallback = written.slice(1, -1);
  if (!isQuoted || fallback.includes("'")) {
    throw new InvalidPolicyError(place, `has a default that is not in quotes: ${quote(written)}`);
  }
  return { key: key.name, fallback };
}

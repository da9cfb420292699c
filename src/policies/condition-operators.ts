/**
 * The condition operators by name (documented): what each compares, and how its values are read.
 *
 * A name is `ForAllValues:` or `ForAnyValue:`, the operator, and `IfExists`; the first and the last
 * may be absent. Null takes neither: it asks for presence itself.
 */
import type { ComparisonKind } from './condition-keys.ts';
import { addressTest, dateTest, flagTest, numberTest, type Relation } from './condition-values.ts';
import type { PlacedText } from './elements.ts';
import { arnTest, textTest, type ValueTest } from './text-pattern.ts';

/** Reads the values that the policy gives for a key. `hasVariables`: Version 2012-10-17. */
export type ReadValues = (values: readonly PlacedText[], hasVariables: boolean) => ValueTest;

interface Comparison {
  readonly kind: ComparisonKind;
  readonly isNegated: boolean;
  readonly read: ReadValues;
}

export interface Operator extends Comparison {
  /** Whether all values of the request must pass, or one; undefined: the key has one value. */
  readonly quantifier: 'all' | 'any' | undefined;
  readonly isIfExists: boolean;
}

const equals: Relation = (value, limit) => value === limit;
const text =
  (hasWildcards: boolean, ignoresCase: boolean): ReadValues =>
  (values, hasVariables) =>
    textTest(values, { hasVariables, hasWildcards, ignoresCase });
const number =
  (relation: Relation): ReadValues =>
  (values) =>
    numberTest(values, relation);
const date =
  (relation: Relation): ReadValues =>
  (values) =>
    dateTest(values, relation);
/** ArnEquals and ArnLike are the same (documented). */
const arn: ReadValues = (values, hasVariables) =>
  arnTest(values, { hasVariables, isCompleted: false });

const relations: readonly (readonly [string, Relation])[] = [
  ['Equals', equals],
  ['LessThan', (value, limit) => value < limit],
  ['LessThanEquals', (value, limit) => value <= limit],
  ['GreaterThan', (value, limit) => value > limit],
  ['GreaterThanEquals', (value, limit) => value >= limit],
];

const comparisons = new Map<string, Comparison>([
  ...pair('StringEquals', 'StringNotEquals', 'text', text(false, false)),
  ...pair('StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', 'text', text(false, true)),
  ...pair('StringLike', 'StringNotLike', 'text', text(true, false)),
  ...relations.map(([name, it]) => one(`Numeric${name}`, 'number', number(it))),
  one('NumericNotEquals', 'number', number(equals), true),
  ...relations.map(([name, it]) => one(`Date${name}`, 'date', date(it))),
  one('DateNotEquals', 'date', date(equals), true),
  one('Bool', 'flag', flagTest),
  ...pair('IpAddress', 'NotIpAddress', 'address', addressTest),
  ...pair('ArnEquals', 'ArnNotEquals', 'arn', arn),
  ...pair('ArnLike', 'ArnNotLike', 'arn', arn),
  one('Null', 'presence', flagTest),
]);

function one(
  name: string,
  kind: ComparisonKind,
  read: ReadValues,
  isNegated = false,
): [string, Comparison] {
  return [name, { kind, isNegated, read }];
}

function pair(
  name: string,
  negatedName: string,
  kind: ComparisonKind,
  read: ReadValues,
): [string, Comparison][] {
  return [one(name, kind, read), one(negatedName, kind, read, true)];
}

const quantifiers = [
  ['ForAllValues:', 'all'],
  ['ForAnyValue:', 'any'],
] as const;
const ifExists = 'IfExists';

/** @returns undefined for a name that is none of the operators. Case matters. */
export function operatorOf(name: string): Operator | undefined {
  const [prefix = '', quantifier] = quantifiers.find(([it]) => name.startsWith(it)) ?? [];
  const isIfExists = name.endsWith(ifExists);
  const comparison = comparisons.get(
    name.slice(prefix.length, isIfExists ? -ifExists.length : undefined),
  );
  if (!comparison) return undefined;
  const isPlain = quantifier === undefined && !isIfExists;
  if (comparison.kind === 'presence' && !isPlain) return undefined;
  return { ...comparison, quantifier, isIfExists };
}

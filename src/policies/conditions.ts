/**
 * The Condition element: operators, their keys, and the values that a request must have.
 *
 * All operators and all keys must hold; of the values of a key one suffices, and with a negated
 * operator none may match (documented).
 */
import { conditionKey, type RequestContext } from './condition-keys.ts';
import { type Operator, operatorOf } from './condition-operators.ts';
import { expectObject, scalarsOf } from './elements.ts';
import { InvalidPolicyError, placeIn, quote } from './invalid-policy.ts';
import type { JsonValue } from './strict-json.ts';
import type { Scope, ValueTest } from './text-pattern.ts';

/** One operator on one key. */
export interface Condition {
  readonly operator: Operator;
  /** Lower case. */
  readonly key: string;
  /** Whether a value of the request matches one of the policy's. */
  readonly test: ValueTest;
}

/** @throws InvalidPolicyError for an operator, a key or a value that is not understood */
export function parseConditions(
  value: JsonValue | undefined,
  hasVariables: boolean,
  place: string,
): Condition[] {
  if (value === undefined) return [];
  return [...expectObject(value, place)].flatMap(([operatorName, keys]) => {
    const operatorPlace = placeIn(place, operatorName);
    const operator = operatorOf(operatorName);
    if (!operator) throw new InvalidPolicyError(operatorPlace, 'is not a condition operator');
    return parseKeys(keys, operator, hasVariables, operatorPlace);
  });
}

function parseKeys(
  value: JsonValue,
  operator: Operator,
  hasVariables: boolean,
  place: string,
): Condition[] {
  const conditions = [...expectObject(value, place)].map(([name, values]) => {
    const keyPlace = placeIn(place, name);
    const test = operator.read(scalarsOf(values, keyPlace), hasVariables);
    return { operator, key: parseKey(name, operator, keyPlace), test };
  });
  if (conditions.length === 0) throw new InvalidPolicyError(place, 'names no condition key');
  const seen = new Set<string>();
  for (const { key } of conditions) {
    if (seen.has(key)) throw new InvalidPolicyError(place, `has the key ${quote(key)} twice`);
    seen.add(key);
  }
  return conditions;
}

/** An operator that can never fit the key is refused: the statement would silently do nothing. */
function parseKey(name: string, operator: Operator, place: string): string {
  const key = conditionKey(name);
  if (!key) throw new InvalidPolicyError(place, 'is not a condition key of Glacier requests');
  if (!key.fits.has(operator.kind)) {
    throw new InvalidPolicyError(place, 'has no value of the kind that the operator compares');
  }
  return key.name;
}

/**
 * @param isAllow in an Allow a negated condition fails, too, when a variable in it has no value, so
 *   that a gap in the request never opens anything (chosen)
 */
export function conditionsHold(
  conditions: readonly Condition[],
  context: RequestContext,
  isAllow: boolean,
): boolean {
  return conditions.every((condition) => {
    const matchesUnresolved = isAllow && condition.operator.isNegated;
    return holds(condition, { context, matchesUnresolved });
  });
}

function holds({ operator, key, test }: Condition, scope: Scope): boolean {
  const values = scope.context.get(key) ?? [];
  const matches = (value: string): boolean => test(value, scope);
  if (operator.kind === 'presence') return matches(String(values.length === 0));
  if (values.length === 0) return holdsWhenMissing(operator);
  const passes = (value: string): boolean => matches(value) !== operator.isNegated;
  const needsAll = operator.quantifier === 'all' || (!operator.quantifier && operator.isNegated);
  return needsAll ? values.every(passes) : values.some(passes);
}

/**
 * A key that the request lacks: false, but for IfExists and negated operators (documented), and for
 * ForAllValues, which asks about all of no values (documented); ForAnyValue finds none to pass, also
 * when it is negated (documented).
 */
function holdsWhenMissing({ isIfExists, quantifier, isNegated }: Operator): boolean {
  return isIfExists || quantifier === 'all' || (isNegated && quantifier !== 'any');
}

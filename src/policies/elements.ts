/** Reading the parsed JSON of a policy: each reader refuses what it does not expect, with its place. */
import { InvalidPolicyError, placeIn, quote } from './invalid-policy.ts';
import { isObject, type JsonObject, type JsonValue } from './strict-json.ts';

/** A text of a policy and where it stands. */
export interface PlacedText {
  readonly text: string;
  readonly place: string;
}

export function expectObject(value: JsonValue, place: string): JsonObject {
  if (!isObject(value)) throw new InvalidPolicyError(place, 'is not an object');
  return value;
}

export function expectText(value: JsonValue, place: string): string {
  if (typeof value !== 'string') throw new InvalidPolicyError(place, 'is not a string');
  return value;
}

/** @throws InvalidPolicyError for a key that is not listed: nothing in a policy is skipped */
export function refuseOthers(object: JsonObject, known: readonly string[], place: string): void {
  for (const key of object.keys()) {
    if (!known.includes(key)) throw new InvalidPolicyError(placeIn(place, key), 'is not known');
  }
}

/** One string, or an array of at least one. */
export function textsOf(value: JsonValue, place: string): PlacedText[] {
  return itemsOf(value, place).map((item) => ({
    ...item,
    text: expectText(item.value, item.place),
  }));
}

/** One string, number or boolean as text, or an array of at least one: the values of a condition. */
export function scalarsOf(value: JsonValue, place: string): PlacedText[] {
  return itemsOf(value, place).map((item) => ({
    place: item.place,
    text: scalarText(item.value, item.place),
  }));
}

function itemsOf(value: JsonValue, place: string): { value: JsonValue; place: string }[] {
  if (!Array.isArray(value)) return [{ value, place }];
  if (value.length === 0) throw new InvalidPolicyError(place, 'is empty');
  return value.map((item, index) => ({ value: item, place: placeIn(place, index) }));
}

function scalarText(value: JsonValue, place: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (value !== null && 'numberText' in value) return value.numberText;
  throw new InvalidPolicyError(place, 'is not a string, a number or a boolean');
}

/** An element that is given as itself or as its opposite, for example Action or NotAction. */
export interface Choice {
  readonly isNegated: boolean;
  readonly value: JsonValue;
  readonly place: string;
}

/** @throws InvalidPolicyError when the statement has neither or both */
export function chooseElement(statement: JsonObject, name: string, place: string): Choice {
  const negatedName = `Not${name}`;
  const plain = statement.get(name);
  const negated = statement.get(negatedName);
  if (plain !== undefined && negated !== undefined) {
    throw new InvalidPolicyError(placeIn(place, negatedName), `is given beside ${quote(name)}`);
  }
  if (plain !== undefined) return { isNegated: false, value: plain, place: placeIn(place, name) };
  if (negated !== undefined) {
    return { isNegated: true, value: negated, place: placeIn(place, negatedName) };
  }
  throw new InvalidPolicyError(placeIn(place, name), 'is missing');
}

/**
 * JSON as a policy must be written: no key twice, bounded depth.
 *
 * `JSON.parse` keeps the last of two equal keys, so that a reader and the program may see two
 * different policies. Here the second is refused. Objects become Maps, so that no key of a policy
 * can reach a prototype; numbers stay text, so that none is rounded.
 */
import { InvalidPolicyError, placeIn, quote } from './invalid-policy.ts';

export interface JsonNumber {
  readonly numberText: string;
}
export type JsonObject = ReadonlyMap<string, JsonValue>;
export type JsonValue = string | boolean | null | JsonNumber | JsonValue[] | JsonObject;

/** Objects and arrays inside each other (chosen: the depth of any JSON body of ours). */
const maxDepth = 32;
const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const words: readonly (readonly [string, boolean | null])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

export function isObject(value: JsonValue): value is JsonObject {
  return value instanceof Map;
}

/** @throws InvalidPolicyError with the place of the first fault */
export function parseStrictJson(text: string): JsonValue {
  const reader = new Reader(text);
  const value = reader.readValue('', 0);
  reader.skipSpace();
  if (!reader.isAtEnd) throw reader.fault('');
  return value;
}

/** The value as JSON without spaces, members in their order. Never longer than what was parsed. */
export function printJson(value: JsonValue): string {
  if (isObject(value)) {
    const members = [...value].map(([key, it]) => `${JSON.stringify(key)}:${printJson(it)}`);
    return `{${members.join(',')}}`;
  }
  if (Array.isArray(value)) return `[${value.map(printJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) return value.numberText;
  return JSON.stringify(value);
}

class Reader {
  private readonly text: string;
  private position = 0;

  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.position === this.text.length;
  }

  fault(place: string): InvalidPolicyError {
    const found = this.isAtEnd ? 'the end' : quote(this.text.charAt(this.position));
    return new InvalidPolicyError(place, `is not JSON: ${found} at character ${this.position}`);
  }

  skipSpace(): void {
    while (!this.isAtEnd && ' \t\n\r'.includes(this.text.charAt(this.position))) this.position += 1;
  }

  readValue(place: string, depth: number): JsonValue {
    if (depth > maxDepth) throw new InvalidPolicyError(place, `is nested deeper than ${maxDepth}`);
    this.skipSpace();
    const first = this.text.charAt(this.position);
    if (first === '{') return this.readObject(place, depth);
    if (first === '[') return this.readList(place, depth);
    if (first === '"') return this.readString(place);
    const word = words.find(([it]) => this.text.startsWith(it, this.position));
    if (!word) return this.readNumber(place);
    this.position += word[0].length;
    return word[1];
  }

  private readObject(place: string, depth: number): JsonObject {
    const members = new Map<string, JsonValue>();
    this.readItems('}', place, () => {
      if (this.text.charAt(this.position) !== '"') throw this.fault(place);
      const key = this.readString(place);
      const memberPlace = placeIn(place, key);
      if (members.has(key)) throw new InvalidPolicyError(memberPlace, 'is given twice');
      if (!this.take(':')) throw this.fault(memberPlace);
      members.set(key, this.readValue(memberPlace, depth + 1));
    });
    return members;
  }

  private readList(place: string, depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    this.readItems(']', place, () => {
      items.push(this.readValue(placeIn(place, items.length), depth + 1));
    });
    return items;
  }

  /** What stands between two brackets, with commas between; at the opening one when called. */
  private readItems(closing: string, place: string, readItem: () => void): void {
    this.position += 1;
    if (this.take(closing)) return;
    do {
      this.skipSpace();
      readItem();
    } while (this.take(','));
    if (!this.take(closing)) throw this.fault(place);
  }

  private take(character: string): boolean {
    this.skipSpace();
    if (this.text.charAt(this.position) !== character) return false;
    this.position += 1;
    return true;
  }

  private readNumber(place: string): JsonNumber {
    numberPattern.lastIndex = this.position;
    const numberText = numberPattern.exec(this.text)?.[0];
    if (numberText === undefined) throw this.fault(place);
    this.position += numberText.length;
    return { numberText };
  }

  private readString(place: string): string {
    const start = this.position;
    this.position += 1;
    while (this.text.charAt(this.position) !== '"') {
      if (this.isAtEnd) throw this.fault(place);
      this.position += this.text.charAt(this.position) === '\\' ? 2 : 1;
      if (this.position > this.text.length) this.position = this.text.length;
    }
    this.position += 1;
    const value = decodeString(this.text.slice(start, this.position));
    if (value === undefined) {
      throw new InvalidPolicyError(place, `holds a malformed string at character ${start}`);
    }
    return value;
  }
}

/** The string that a JSON literal writes; undefined if it is malformed or has half a character. */
function decodeString(literal: string): string | undefined {
  try {
    const value = JSON.parse(literal) as string;
    return /\p{Surrogate}/u.test(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

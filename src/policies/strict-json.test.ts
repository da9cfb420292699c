import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidPolicyError } from './invalid-policy.ts';
import { isObject, type JsonValue, parseStrictJson, printJson } from './strict-json.ts';

describe('strict JSON', () => {
  it('reads what JSON.parse reads, and prints it again', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6, stringUnit: 'grapheme' }), (text) => {
        const value = parseStrictJson(text);
        expect(plain(value)).toEqual(plain(parseStrictJson(JSON.stringify(JSON.parse(text)))));
        expect(printJson(parseStrictJson(printJson(value)))).toBe(printJson(value));
        expect(JSON.parse(printJson(value))).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what JSON.parse refuses', () => {
    const character = fc.constantFrom(...Array.from('{}[]",:\\ \n\t01e.+-aturefalsn\u0000\u2028'));
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
        expect(isAccepted(() => parseStrictJson(text))).toBe(isAccepted(() => JSON.parse(text)));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"a":[{"b":1},{"b":1,"c":2,"b":3}]}', 'a[1].b'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"a":', 'a'],
    ['{"a" 1}', 'a'],
    ['{"a":1,}', 'Policy'],
    ['{"a":01}', 'Policy'],
    ['{"a":"\\ud800"}', 'a'],
    ['{"a":"\u0001"}', 'a'],
    ['{"a":"b\\', 'a'],
    ['{"a\nb":1}', 'Policy'],
    ['{"a b":[1,tru]}', '["a b"][1]'],
    ['\ufeff{}', 'Policy'],
    ['{} {}', 'Policy'],
    ['', 'Policy'],
  ])('refuses %j at %s', (text, place) => {
    expect(placeOf(text)).toBe(place);
  });

  it('bounds the depth', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(placeOf(nested(33))).toBeUndefined();
    expect(placeOf(nested(34))).toBe('[0]'.repeat(33));
    expect(placeOf('['.repeat(20_000))).toBe('[0]'.repeat(33));
  });

  it('keeps keys away from prototypes', () => {
    const value = parseStrictJson('{"__proto__":{"polluted":true},"constructor":1}');
    expect(isObject(value) && [...value.keys()]).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

function placeOf(text: string): string | undefined {
  try {
    parseStrictJson(text);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidPolicyError);
    return (error as InvalidPolicyError).place;
  }
}

function isAccepted(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

/** Comparable: Maps as lists of members. */
function plain(value: JsonValue): unknown {
  if (isObject(value)) return [...value].map(([key, it]) => [key, plain(it)]);
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'object' && value !== null ? Number(value.numberText) : value;
}

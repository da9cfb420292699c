import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileLike } from './like-pattern.ts';

describe('LIKE', () => {
  it.each<[text: string, pattern: string, isMatch: boolean]>([
    ['', '', true],
    ['', '%', true],
    ['', '_', false],
    ['abc', 'abc', true],
    ['abc', 'ABC', false],
    ['abc', 'ab', false],
    ['abc', 'a%', true],
    ['abc', '%c', true],
    ['abc', '%b%', true],
    ['abc', 'a%c', true],
    ['abc', 'a_c', true],
    ['abc', '__', false],
    ['abc', '%_', true],
    ['abc', '____%', false],
    ['a%c', 'a%%c', true],
    ['aXbXc', 'a%X%c', true],
    ['mississippi', '%iss%ippi', true],
    ['mississippi', '%iss%ippo', false],
    ['a.c', 'a.c', true],
    ['abc', 'a.c', false],
    ['x😀y', 'x_y', true],
    ['x\ny', 'x%y', true],
    ['a\\b', 'a\\b', true],
  ])('%j LIKE %j: %s', (text, pattern, isMatch) => {
    expect(compileLike(pattern)(text)).toBe(isMatch);
  });

  it.each<[text: string, pattern: string, isMatch: boolean]>([
    ['50%', '50!%', true],
    ['50x', '50!%', false],
    ['a_b', 'a!_b', true],
    ['axb', 'a!_b', false],
    ['a!b', 'a!!b', true],
    ['%%', '!%%', true],
    ['x%', '!%%', false],
  ])("%j LIKE %j ESCAPE '!': %s", (text, pattern, isMatch) => {
    expect(compileLike(pattern, '!')(text)).toBe(isMatch);
  });

  it('refuses a pattern that ends with its escape, or that is too long', () => {
    expect(() => compileLike('a!', '!')).toThrow('ends with its escape');
    expect(() => compileLike('_'.repeat(1_025))).toThrow('over 1024 characters');
    expect(compileLike('%_'.repeat(1_024))('x'.repeat(1_024))).toBe(true);
  });

  it('matches what the definition says, over words of 32 places too', () => {
    const isLike = (text: string, pattern: string): boolean => {
      if (pattern === '') return text === '';
      const rest = pattern.slice(1);
      if (pattern[0] === '%') {
        return isLike(text, rest) || (text !== '' && isLike(text.slice(1), pattern));
      }
      const isRead = text !== '' && (pattern[0] === '_' || pattern[0] === text[0]);
      return isRead && isLike(text.slice(1), rest);
    };
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 9 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '_', '%'), maxLength: 7 });
    const prefix = fc.constantFrom('', 'a'.repeat(30), 'b'.repeat(64));
    fc.assert(
      fc.property(letters, pattern, prefix, (text, wanted, before) => {
        expect(compileLike(before + wanted)(before + text)).toBe(isLike(text, wanted));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is quick with patterns that others go back and forth for', () => {
    const text = 'a'.repeat(1024 * 1024);
    expect(compileLike(`${'%a'.repeat(30)}%b`)(text)).toBe(false);
    expect(compileLike(`%${'a'.repeat(500)}b${'a'.repeat(500)}%`)(text)).toBe(false);
  });
});

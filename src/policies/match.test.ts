import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  arnSubjectsOf,
  matchesArn,
  matchesWildcard,
  splitArn,
  subjectOf,
  wildcardOf,
} from './match.ts';

describe('a wildcard', () => {
  it.each([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['**', '', true],
    ['?', '', false],
    ['?', 'a', true],
    ['?', '🧊', true],
    ['??', '🧊', false],
    ['a', 'A', false],
    ['a*', 'a', true],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['*ab*ab*', 'ab-ab', true],
    ['*ab*ab*', 'aba', false],
    ['*aab*', 'aaaab', true],
    ['*a?c*', 'aabbabc', true],
    ['*?*?*', 'a', false],
    ['*?*?*', 'ab', true],
    ['vaults/example*', 'vaults/examplevault', true],
    ['vaults/example*', 'vaults/exampl', false],
    ['a.c', 'abc', false],
    ['[a-c]', 'b', false],
    [`*${'x'.repeat(40)}?*`, `${'x'.repeat(41)}y`, true],
    [`*${'x'.repeat(40)}y*`, `${'x'.repeat(39)}y${'x'.repeat(39)}`, false],
  ])('%j on %j: %s', (pattern, text, expected) => {
    expect(isMatch(pattern, text)).toBe(expected);
  });

  it('agrees with the definition, on any pattern and text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '🧊'), maxLength: 14 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '🧊', '*', '?'), maxLength: 10 });
    fc.assert(
      fc.property(pattern, text, (somePattern, someText) => {
        const byDefinition = matchesByDefinition(Array.from(somePattern), Array.from(someText));
        expect(isMatch(somePattern, someText)).toBe(byDefinition);
      }),
      { numRuns: 5_000 },
    );
  });

  it('agrees with the definition where a piece is longer than a word of bits', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 30, maxLength: 70 });
    fc.assert(
      fc.property(part, part, part, fc.boolean(), (before, middle, after, isThere) => {
        const pattern = `*${middle.replace('b', '?')}*`;
        const text = isThere ? before + middle + after : before + after;
        const byDefinition = matchesByDefinition(Array.from(pattern), Array.from(text));
        expect(isMatch(pattern, text)).toBe(byDefinition);
      }),
      { numRuns: 300 },
    );
  });
});

describe('steps on patterns made to be slow', () => {
  const text = 'a'.repeat(16_000);
  it.each([
    ['many runs', `${'*a'.repeat(200)}*b`],
    ['many runs with any characters', `${'*a?'.repeat(200)}*b*`],
    ['runs alone', '*'.repeat(10_000)],
    ['a short piece that nearly fits', '*aaaaaaaaab*'],
    ['no run', 'a'.repeat(15_999)],
  ])('%s: at most twice the lengths', (_name, pattern) => {
    expect(stepsOf(pattern, text)).toBeLessThanOrEqual(2 * (pattern.length + text.length));
  });

  it('a long piece: the text once for each 32 characters of it', () => {
    const piece = `${'a'.repeat(8_000)}b`;
    const most = text.length * Math.ceil(piece.length / 32) + 2 * text.length;
    expect(stepsOf(`*${piece}*`, text)).toBeLessThanOrEqual(most);
  });

  it('grow like the text, not faster', () => {
    const pattern = '*a*aaaa?ab*b';
    const once = stepsOf(pattern, 'a'.repeat(5_000));
    expect(stepsOf(pattern, 'a'.repeat(10_000))).toBeLessThanOrEqual(2 * once + 100);
  });
});

describe('an ARN', () => {
  const vault = 'arn:aws:glacier:us-west-2:111122223333:vaults/examplevault';

  it.each([
    [vault, vault, true],
    ['arn:aws:glacier:*:111122223333:vaults/example*', vault, true],
    ['arn:*:glacier:us-west-?:*:*', vault, true],
    ['arn:aws:glacier:us-west-2:111122223333:vaults/Examplevault', vault, false],
    ['arn:aws:glacier:*:vaults/examplevault:*:*', vault, false],
    ['arn:aws:glacier:*', vault, false],
    ['arn:aws:s3:::a:b:c', 'arn:aws:s3:::a:b:c', true],
    ['arn:aws:s3:::*', 'arn:aws:s3:::a:b:c', true],
    ['*:*:*:*:*:*', 'no ARN', false],
    ['*:*:*:*:*:*', 'x:aws:glacier:r:a:v', false],
  ])('%s on %s: %s', (pattern, arn, expected) => {
    const parts = pattern.split(':');
    const components = [...parts.slice(0, 5), parts.slice(5).join(':')].map(wildcardOf);
    expect(matchesArn(parts.length < 6 ? [] : components, arnSubjectsOf(arn))).toBe(expected);
  });

  it('has six components, the last with its colons', () => {
    expect(splitArn('arn:aws:s3:::a:b')).toEqual(['arn', 'aws', 's3', '', '', 'a:b']);
    expect(splitArn('arn:aws:s3')).toBeUndefined();
  });
});

function isMatch(pattern: string, text: string): boolean {
  return matchesWildcard(wildcardOf(pattern), subjectOf(text));
}

function stepsOf(pattern: string, text: string): number {
  let steps = 0;
  matchesWildcard(wildcardOf(pattern), subjectOf(text), (more) => {
    steps += more;
  });
  return steps;
}

/** Row by row: which lengths of the text the pattern so far can match. */
function matchesByDefinition(pattern: string[], text: string[]): boolean {
  let reachable = [true, ...text.map(() => false)];
  for (const token of pattern) {
    const before = reachable;
    reachable = before.map((_, length) => {
      if (token === '*') return before.slice(0, length + 1).includes(true);
      return (
        length > 0 && before[length - 1] === true && (token === '?' || token === text[length - 1])
      );
    });
  }
  return reachable.at(-1) === true;
}

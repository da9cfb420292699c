import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkTagKeys, checkTags } from './tag.ts';

function invalid(message: string) {
  return expect.objectContaining({ code: 'InvalidParameterValueException', message });
}

function keys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `key ${index}`);
}

const goodTexts = [
  'a',
  'Name',
  'two words',
  ' ',
  '_.:/=+-@',
  '0123456789',
  'Größe',
  '日本語',
  'ключ',
  '٣',
  'aws',
  'my:aws:key',
  'awsome:thing',
  '𝒳',
];

test.each(goodTexts)('%j may be a key and a value', (text) => {
  expect(() => checkTags({ [text]: text })).not.toThrow();
  expect(() => checkTagKeys([text])).not.toThrow();
});

test.each([
  'tab\t',
  'line\n',
  'a,b',
  'a;b',
  'a*b',
  'a?b',
  'a#b',
  '"',
  "'",
  '\\',
  '(a)',
  '€',
  '\u0000',
  '😀',
  '\ud800',
])('%j may be neither a key nor a value', (text) => {
  expect(() => checkTags({ [text]: 'v' })).toThrow(invalid(`Invalid tag key: ${text}`));
  expect(() => checkTagKeys([text])).toThrow(invalid(`Invalid tag key: ${text}`));
  expect(() => checkTags({ k: text })).toThrow(invalid(`Invalid tag value: ${text}`));
});

test.each(['aws:', 'aws:createdBy', 'AWS:x', 'aWs:x'])(
  '%j is a reserved key, but a value',
  (text) => {
    expect(() => checkTags({ [text]: 'v' })).toThrow(invalid(`Invalid tag key: ${text}`));
    expect(() => checkTagKeys([text])).toThrow(invalid(`Invalid tag key: ${text}`));
    expect(() => checkTags({ k: text })).not.toThrow();
  },
);

test('a value may be empty, a key may not', () => {
  expect(() => checkTags({ k: '' })).not.toThrow();
  expect(() => checkTags({ '': 'v' })).toThrow(invalid('Invalid tag key: '));
  expect(() => checkTagKeys([''])).toThrow(invalid('Invalid tag key: '));
});

// One byte; two bytes; four bytes and two halves of a character.
test.each(['a', 'ä', '𝒳'])('lengths are counted in characters: %s', (character) => {
  const key = character.repeat(128);
  const value = character.repeat(255);
  expect(() => checkTags({ [key]: value })).not.toThrow();
  expect(() => checkTagKeys([key])).not.toThrow();
  expect(() => checkTags({ [key + character]: '' })).toThrow('Invalid tag key');
  expect(() => checkTagKeys([key + character])).toThrow('Invalid tag key');
  expect(() => checkTags({ k: value + character })).toThrow('Invalid tag value');
});

test.each([1, 2, 10])('a request may name %i', (count) => {
  expect(() => checkTagKeys(keys(count))).not.toThrow();
  expect(() => checkTags(Object.fromEntries(keys(count).map((key) => [key, 'v'])))).not.toThrow();
});

test.each([0, 11, 50])('a request may not name %i', (count) => {
  const tags = Object.fromEntries(keys(count).map((key) => [key, 'v']));
  const message = `1 to 10 are allowed, not ${count}`;
  expect(() => checkTagKeys(keys(count))).toThrow(invalid(`Invalid TagKeys: ${message}`));
  expect(() => checkTags(tags)).toThrow(invalid(`Invalid Tags: ${message}`));
});

test('one bad tag among good ones is enough', () => {
  expect(() => checkTags({ a: 'x', b: 'y', 'c#': 'z' })).toThrow('Invalid tag key: c#');
  expect(() => checkTags({ a: 'x', b: 'y#', c: 'z' })).toThrow('Invalid tag value: y#');
  expect(() => checkTagKeys(['a', 'b', 'c#'])).toThrow('Invalid tag key: c#');
});

test('any letters, digits and spaces of ASCII with the marks between them may be a tag', () => {
  const character = fc.constantFrom(...'abcXYZ019 _.:/=+-@'.split(''));
  const text = fc.string({ unit: character, minLength: 1, maxLength: 128 });
  fc.assert(
    fc.property(text, text, (key, value) => {
      fc.pre(!key.toLowerCase().startsWith('aws:'));
      expect(() => checkTags({ [key]: value })).not.toThrow();
    }),
  );
});

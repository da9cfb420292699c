import { expect, test } from 'vitest';
import { makeAccessKey } from './access-key.ts';

const many = 500;

test('a pair has the form that clients accept', () => {
  for (let made = 0; made < many; made++) {
    const { accessKeyId, secretAccessKey } = makeAccessKey();
    expect(accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
  }
});

test('no pair is made twice', () => {
  const pairs = Array.from({ length: many }, makeAccessKey);
  expect(new Set(pairs.map((pair) => pair.accessKeyId)).size).toBe(many);
  expect(new Set(pairs.map((pair) => pair.secretAccessKey)).size).toBe(many);
});

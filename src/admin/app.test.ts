import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createAdmin } from './app.ts';
import type { AdminContext } from './route.ts';

const readJson = (path: string) =>
  JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<string, unknown>;

const { version } = readJson('../../package.json');
const document = createAdmin({ version } as AdminContext).document() as {
  readonly paths: Record<string, Record<string, { readonly operationId: string }>>;
};
const described = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId }]) => ({ path, method, operationId })),
);

test('docs/own-openapi.json is the document that the rows make', () => {
  const made: unknown = JSON.parse(JSON.stringify(document));
  const message = 'docs/own-openapi.json is out of date: run `npm run openapi`';
  expect(readJson('../../docs/own-openapi.json'), message).toEqual(made);
});

test('every row has a name of its own', () => {
  const names = described.map(({ operationId }) => operationId);
  expect(new Set(names).size).toBe(names.length);
});

test.each(described)('$operationId is under /_/', ({ path }) => {
  expect(path).toMatch(/^\/_\/[a-z-]+/);
});

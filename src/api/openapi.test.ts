import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApiDocument } from './openapi.ts';
import { operations } from './operations.ts';

interface Described {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, unknown>>;
}

const document = openApiDocument();
const paths = Object.entries(document.paths as Record<string, Record<string, Described>>);
const described = paths.flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);

test('docs/openapi.json is the document that the table makes', () => {
  const file = new URL('../../docs/openapi.json', import.meta.url);
  const stored: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const made: unknown = JSON.parse(JSON.stringify(document));
  expect(stored, 'docs/openapi.json is out of date: run `npm run openapi`').toEqual(made);
});

test('it describes each of the 33 operations once', () => {
  const ids = described.map(({ operationId }) => operationId);
  expect(ids).toHaveLength(33);
  expect(ids.toSorted()).toEqual(Object.keys(operations).toSorted());
});

test.each(described)('$operationId: what its path names are parameters', (operation) => {
  const named = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const parameters = operation.parameters.filter((parameter) => parameter.in === 'path');
  expect(parameters.map(({ name }) => name)).toEqual(named);
});

test.each(described)('$operationId: its parameters differ', ({ parameters }) => {
  const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name.toLowerCase()}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys).toContain('header x-amz-glacier-version');
});

test.each(described)(
  '$operationId: it has one success, and 206 beside it for ranges',
  (operation) => {
    const successes = Object.keys(operation.responses).filter((status) => status < '300');
    const name = operation.operationId as keyof typeof operations;
    const status = String(operations[name].answer.status);
    expect(successes).toEqual(name === 'GetJobOutput' ? [status, '206'] : [status]);
  },
);

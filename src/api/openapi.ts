/** The OpenAPI 3.1 document of the Glacier API, made from the table of operations. */
import { z } from 'zod';
import { type ErrorCode, errorTable } from './errors.ts';
import { type AnswerShape, type Operation, operations } from './operations.ts';

type Json = Record<string, unknown>;

/** Errors that any operation can answer with. */
const commonErrors: readonly ErrorCode[] = [
  'InvalidParameterValueException',
  'MissingParameterValueException',
  'AccessDeniedException',
  'ServiceUnavailableException',
];

const guide = 'https://docs.aws.amazon.com/amazonglacier/latest/dev';

export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const [name, operation] of Object.entries<Operation>(operations)) {
    // The two tag operations share a path: OpenAPI tells them apart by a path of their own.
    const path = operation.path;
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(name, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Amazon Glacier API, as served by Firn',
      version: '2012-06-01',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ signatureVersion4: [] }],
    paths,
    components: {
      securitySchemes: {
        signatureVersion4: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'AWS Signature Version 4 with the service name glacier.',
        },
      },
      schemas: {
        Error: {
          type: 'object',
          required: ['code', 'message', 'type'],
          properties: {
            code: { type: 'string', enum: Object.keys(errorTable) },
            message: { type: 'string' },
            type: { type: 'string', enum: ['Client', 'Server'] },
          },
        },
      },
    },
  };
}

function describe(name: string, operation: Operation): Json {
  return {
    operationId: name,
    summary: operation.summary,
    externalDocs: { url: `${guide}/${operation.doc}.html` },
    parameters: [...pathParameters(operation), versionParameter, ...fieldParameters(operation)],
    ...requestBody(operation),
    responses: { ...success(operation.answer), ...failures(operation.errors) },
  };
}

function pathParameters({ path }: Operation): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

const versionParameter: Json = {
  name: 'x-amz-glacier-version',
  in: 'header',
  required: true,
  schema: { type: 'string', const: '2012-06-01' },
};

function fieldParameters({ fields }: Operation): Json[] {
  return Object.values(fields).map((field) => ({
    name: field.name,
    in: field.place,
    required: field.required,
    description: field.doc,
    schema: toSchema(field.schema, 'input'),
  }));
}

function requestBody({ body }: Operation): Json {
  if (body === 'none') return {};
  const content =
    body === 'bytes'
      ? { 'application/octet-stream': {} }
      : { 'application/json': { schema: toSchema(body, 'input') } };
  return { requestBody: { required: true, content } };
}

function success({ status, headers, body }: AnswerShape): Json {
  const answer: Json = { description: 'Success' };
  const names = Object.values(headers).filter((name) => name !== 'Content-Type');
  if (names.length > 0) {
    answer.headers = Object.fromEntries(
      names.map((name) => [name, { schema: { type: 'string' } }]),
    );
  }
  if (body !== 'none' && body !== 'bytes') {
    answer.content = { 'application/json': { schema: toSchema(body, 'output') } };
  }
  if (body !== 'bytes') return { [status]: answer };
  answer.content = { 'application/octet-stream': {}, 'application/json': {}, 'text/csv': {} };
  return { [status]: answer, 206: { ...answer, description: 'The range that was asked for' } };
}

function failures(own: readonly ErrorCode[]): Json {
  const byStatus = new Map<number, string[]>();
  for (const code of [...commonErrors, ...own]) {
    const { status } = errorTable[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const schema = { $ref: '#/components/schemas/Error' };
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      { description: codes.join(', '), content: { 'application/json': { schema } } },
    ]),
  );
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

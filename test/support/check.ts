/** What every answer of a kind must look like (wire page, sections 1.7 to 1.9). */
import { expect } from 'vitest';
import type { Client } from './client.ts';
import type { Reply } from './http.ts';

const REQUEST_ID = /^[A-Za-z0-9_-]{47}$/;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** A date in a JSON body: always with milliseconds. */
export const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
/** A date inside an inventory: never with milliseconds. */
export const INVENTORY_DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
/** Ids never begin with `-` in profile live. */
export const ARCHIVE_ID = /^[A-Za-z0-9_][A-Za-z0-9_-]{136}[AQgw]$/;
export const JOB_ID = /^[A-Za-z0-9_][A-Za-z0-9_-]{91}$/;
export const UPLOAD_ID = JOB_ID;

const errors = {
  AccessDeniedException: 403,
  BadRequest: 400,
  InvalidParameterValueException: 400,
  InvalidSignatureException: 403,
  LimitExceededException: 400,
  MissingAuthenticationTokenException: 400,
  MissingParameterValueException: 400,
  RequestTimeoutException: 408,
  ResourceNotFoundException: 404,
  SerializationException: 400,
  UnrecognizedClientException: 400,
} as const;

export type ErrorCode = keyof typeof errors;

/**
 * Codes of the layer in front of the service, whose keys come in another order (observed). That
 * order has a test of its own; here both count.
 */
const authenticationCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
]);

/** What is true of every answer. */
export function checkCommon(reply: Reply): void {
  expect(reply.header('x-amzn-RequestId')).toMatch(REQUEST_ID);
  expect(reply.header('Date')).toMatch(HTTP_DATE);
  expect(reply.header('x-amzn-ErrorType')).toBeUndefined();
  expect(reply.header('Transfer-Encoding')).toBeUndefined();
}

/** 201 or 202 without a body. */
export function checkEmpty(reply: Reply, status: 201 | 202): void {
  expect({ status: reply.status, text: reply.text }).toEqual({ status, text: '' });
  expect(reply.header('Content-Length')).toBe('0');
  expect(reply.header('Content-Type')).toBeUndefined();
  checkCommon(reply);
}

/** 204: neither body nor Content-Length nor Content-Type. */
export function checkNoContent(reply: Reply): void {
  expect({ status: reply.status, text: reply.text }).toEqual({ status: 204, text: '' });
  expect(reply.header('Content-Length')).toBeUndefined();
  expect(reply.header('Content-Type')).toBeUndefined();
  checkCommon(reply);
}

/** A JSON answer, compared as text: compact, keys in the order given. */
export function checkJson(reply: Reply, value: unknown): void {
  expect({ status: reply.status, text: reply.text }).toEqual({
    status: 200,
    text: JSON.stringify(value),
  });
  expect(reply.header('Content-Type')).toBe('application/json');
  expect(reply.header('Content-Length')).toBe(String(reply.body.length));
  checkCommon(reply);
}

/**
 * A refusal, compared whole. A message that is only partly known is given as a regular expression
 * (or left out), and then the rest is still compared.
 */
export function checkError(reply: Reply, code: ErrorCode, message: string | RegExp = /./): void {
  const shown = { status: reply.status, text: reply.text };
  let given = message;
  if (typeof given !== 'string') {
    expect(shown).toEqual({ status: errors[code], text: expect.stringMatching(/^\{.*\}$/s) });
    const body = reply.json() as { readonly message: string };
    expect(body).toMatchObject({ code, message: expect.stringMatching(given) });
    given = body.message;
  }
  const orders = [JSON.stringify({ code, message: given, type: 'Client' })];
  if (authenticationCodes.has(code)) {
    orders.push(JSON.stringify({ message: given, code, type: 'Client' }));
  }
  const text = orders.find((one) => one === reply.text) ?? orders[0];
  expect(shown).toEqual({ status: errors[code], text });
  expect(reply.header('Content-Type')).toBe('application/json');
  expect(reply.header('Content-Length')).toBe(String(reply.body.length));
  checkCommon(reply);
}

/** 404: the vault that is named does not exist. */
export function checkNoVault(reply: Reply, client: Client, name: string): void {
  checkError(reply, 'ResourceNotFoundException', `Vault not found for ARN: ${client.arn(name)}`);
}

/** The names of a JSON object, in the order in which they came. */
export function keysOf(value: unknown): string[] {
  return Object.keys(value as object);
}

/**
 * What a request says about its signature, as text: from the Authorization header or, in the
 * presigned form, from the query. Nothing is judged here but that the pieces are there, each once
 * and in one form only.
 *
 * The texts are those with which Amazon's authentication layer answers elsewhere (observed with
 * DynamoDB and recorded in the dynalite and scratchstack projects); Glacier's own are not known.
 * Their code is InvalidSignatureException throughout. Chosen: Glacier's list of errors has no
 * IncompleteSignatureException.
 */

import { GlacierError } from '../api/errors.ts';
import { algorithm } from './canonical.ts';
import type { QueryParameters, ReceivedRequest } from './received-request.ts';

export interface Claim {
  readonly form: 'header' | 'presigned';
  /** `{accessKeyId}/{date}/{region}/{service}/aws4_request`, when it is well made. */
  readonly credential: string;
  /** Header names joined with `;`. */
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  /** The header that the date is from; undefined in the presigned form. */
  readonly dateHeader: 'x-amz-date' | 'date' | undefined;
  /** X-Amz-Expires as given; undefined in the header form. */
  readonly expires: string | undefined;
  readonly sessionToken: string | undefined;
}

const presignedNames = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
] as const;

const tokenParameter = 'X-Amz-Security-Token';

export function invalidSignature(message: string): GlacierError {
  return new GlacierError('InvalidSignatureException', message);
}

/**
 * Reads the claim of a request.
 * Throws MissingAuthenticationTokenException when there is none at all (documented; the text is
 * Amazon's general one), and InvalidSignatureException when it is incomplete, given twice or in
 * both forms.
 */
export function readClaim(request: ReceivedRequest): Claim {
  const authorization = request.headers.get('authorization') ?? '';
  if (authorization !== '') {
    return readAuthorizationHeader(request, authorization);
  }
  if (request.query['X-Amz-Signature'] !== undefined) {
    return readPresignedQuery(request);
  }
  throw missingAuthenticationToken();
}

export function missingAuthenticationToken(): GlacierError {
  return new GlacierError(
    'MissingAuthenticationTokenException',
    'Request is missing Authentication Token',
  );
}

function readAuthorizationHeader(request: ReceivedRequest, authorization: string): Claim {
  refuseBothForms(request.query);
  const space = authorization.search(/[ \t]|$/);
  const scheme = authorization.slice(0, space);
  checkAlgorithm(scheme);
  const fields = readFields(authorization.slice(space));
  const { headers } = request;
  const dateHeader = headers.has('x-amz-date') ? 'x-amz-date' : 'date';
  const claim = {
    form: 'header',
    credential: fields.get('Credential') ?? '',
    signedHeaders: fields.get('SignedHeaders') ?? '',
    signature: fields.get('Signature') ?? '',
    date: headers.get(dateHeader) ?? '',
    dateHeader,
    expires: undefined,
    sessionToken: readSessionToken(request),
  } as const;
  refuseIncompleteHeader(claim);
  return claim;
}

function refuseBothForms(query: QueryParameters): void {
  const name = presignedNames.find((parameter) => query[parameter] !== undefined);
  if (name !== undefined) {
    throw invalidSignature(
      `Found both '${name}' as a query-string param and 'Authorization' as HTTP header.`,
    );
  }
}

function checkAlgorithm(given: string): void {
  if (given !== algorithm) {
    throw invalidSignature(`Unsupported AWS 'algorithm': '${given}' (only ${algorithm} for now).`);
  }
}

/** `k=v` pieces between commas, in any order and with or without space around them (seen). */
function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  const pieces = text.split(',').map((piece) => piece.trim());
  for (const field of pieces.filter((piece) => piece !== '')) {
    const equals = field.indexOf('=');
    if (equals < 0) {
      throw invalidSignature(
        `'${field}' not a valid key=value pair (missing equal-sign) in Authorization header.`,
      );
    }
    const name = field.slice(0, equals);
    if (fields.has(name)) {
      throw invalidSignature(`The Authorization header has more than one '${name}'.`);
    }
    fields.set(name, field.slice(equals + 1));
  }
  return fields;
}

function refuseIncompleteHeader(claim: Claim): void {
  const missing = [
    claim.credential === '' && "Authorization header requires 'Credential' parameter.",
    claim.signature === '' && "Authorization header requires 'Signature' parameter.",
    claim.signedHeaders === '' && "Authorization header requires 'SignedHeaders' parameter.",
    claim.date === '' &&
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
  ].filter((text) => text !== false);
  if (missing.length > 0) {
    throw invalidSignature(`${missing.join(' ')} Authorization=${algorithm}`);
  }
}

function readPresignedQuery(request: ReceivedRequest): Claim {
  const { query } = request;
  const missing = presignedNames.filter((name) => readParameter(query, name) === '');
  if (missing.length > 0) {
    const texts = missing.map((name) => `AWS query-string parameters must include '${name}'.`);
    throw invalidSignature(`${texts.join(' ')} Re-examine the query-string parameters.`);
  }
  checkAlgorithm(readParameter(query, 'X-Amz-Algorithm'));
  return {
    form: 'presigned',
    credential: readParameter(query, 'X-Amz-Credential'),
    signedHeaders: readParameter(query, 'X-Amz-SignedHeaders'),
    signature: readParameter(query, 'X-Amz-Signature'),
    date: readParameter(query, 'X-Amz-Date'),
    dateHeader: undefined,
    expires: readParameter(query, 'X-Amz-Expires'),
    sessionToken: readSessionToken(request),
  };
}

/** The token of temporary credentials: a header or a query parameter, both of them signed. */
function readSessionToken({ headers, query }: ReceivedRequest): string | undefined {
  const header = headers.get('x-amz-security-token');
  const parameter = readParameter(query, tokenParameter);
  if (header !== undefined && parameter !== '') {
    throw invalidSignature(
      `Found both '${tokenParameter}' as a query-string param and as HTTP header.`,
    );
  }
  return header ?? (parameter === '' ? undefined : parameter);
}

/** One query parameter; empty when it is not there. */
function readParameter(query: QueryParameters, name: string): string {
  const value = query[name] ?? '';
  if (typeof value !== 'string') {
    throw invalidSignature(`The query-string param '${name}' must not be given more than once.`);
  }
  return value;
}

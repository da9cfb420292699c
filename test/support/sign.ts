/**
 * Signature Version 4 for the tests: a second implementation, with nothing from `src/`, so that
 * the server's verifier is never tested against its own signer. Source: the wire page, section 1.5.
 *
 * Header values are held as Node holds them, one character per byte (latin1); what is hashed are
 * those bytes.
 */
import { createHash, createHmac } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface Unsigned {
  readonly method: string;
  /** The request target as it goes over the wire: path and query, already percent-encoded. */
  readonly target: string;
  readonly headers: HeaderList;
  readonly signedNames: readonly string[];
  /** Lower-case hex SHA-256 of the body, or the value of x-amz-content-sha256. */
  readonly payloadHash: string;
}

export interface Scope {
  readonly credentials: Credentials;
  readonly region: string;
  readonly service?: string | undefined;
  /** Basic ISO 8601, as in x-amz-date. */
  readonly date: string;
  /** The date in the credential scope, where it should differ from `date`. */
  readonly scopeDate?: string | undefined;
  readonly terminator?: string | undefined;
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** `20260105T081530Z` */
export function basicDate(at: Date): string {
  return `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** Percent-encodes everything but the unreserved characters, byte by byte. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(percentEncode(segment));
  }
  const trailingSlash = kept.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${kept.join('/')}${trailingSlash}`;
}

function canonicalQuery(query: string): string {
  const pairs = query.split('&').filter((pair) => pair !== '');
  return pairs
    .map((pair) => {
      const [key = '', ...value] = pair.split('=');
      return [key, value.join('=')].map((part) => percentEncode(decodeURIComponent(part)));
    })
    .filter(([key]) => key !== 'X-Amz-Signature')
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join('&');
}

function canonicalHeader(headers: HeaderList, name: string): string {
  const values = headers
    .filter(([candidate]) => candidate.toLowerCase() === name)
    .map(([, value]) => value.trim().replaceAll(/\s+/g, ' '));
  return `${name}:${values.join(',')}\n`;
}

export function canonicalRequest(request: Unsigned): string {
  const [path = '', query = ''] = request.target.split('?', 2);
  const names = [...request.signedNames].sort();
  return [
    request.method,
    canonicalPath(path),
    canonicalQuery(query),
    names.map((name) => canonicalHeader(request.headers, name)).join(''),
    names.join(';'),
    request.payloadHash,
  ].join('\n');
}

export function scopeOf(scope: Scope): string {
  const date = scope.scopeDate ?? scope.date.slice(0, 8);
  const { region, service = 'glacier', terminator = 'aws4_request' } = scope;
  return `${date}/${region}/${service}/${terminator}`;
}

export function stringToSign(request: Unsigned, scope: Scope): string {
  const hash = sha256(Buffer.from(canonicalRequest(request), 'latin1'));
  return `AWS4-HMAC-SHA256\n${scope.date}\n${scopeOf(scope)}\n${hash}`;
}

export function signingKey(scope: Scope): Buffer {
  return scopeOf(scope)
    .split('/')
    .reduce(
      (key, part) => createHmac('sha256', key).update(part).digest(),
      Buffer.from(`AWS4${scope.credentials.secretAccessKey}`),
    );
}

export function signature(request: Unsigned, scope: Scope): string {
  return createHmac('sha256', signingKey(scope)).update(stringToSign(request, scope)).digest('hex');
}

/** The value of the Authorization header. */
export function authorization(request: Unsigned, scope: Scope): string {
  const credential = `${scope.credentials.accessKeyId}/${scopeOf(scope)}`;
  const names = [...request.signedNames].sort().join(';');
  return (
    `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, ` +
    `Signature=${signature(request, scope)}`
  );
}

/** The target with the six parameters of the presigned form; the body is empty. */
export function presign(
  request: Omit<Unsigned, 'payloadHash'>,
  scope: Scope,
  expiresSeconds: number | string,
): string {
  const query = new Map([
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${scope.credentials.accessKeyId}/${scopeOf(scope)}`],
    ['X-Amz-Date', scope.date],
    ['X-Amz-Expires', String(expiresSeconds)],
    ['X-Amz-SignedHeaders', [...request.signedNames].sort().join(';')],
  ]);
  const added = [...query].map(([key, value]) => `${key}=${percentEncode(value)}`).join('&');
  const target = `${request.target}${request.target.includes('?') ? '&' : '?'}${added}`;
  const signed = signature({ ...request, target, payloadHash: sha256('') }, scope);
  return `${target}&X-Amz-Signature=${signed}`;
}

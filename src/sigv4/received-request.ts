/**
 * A request as it came over the wire, taken apart once for everything that checking its signature
 * needs: the path untouched, the query decoded once, the header lines gathered by name.
 *
 * Node gives header values as Latin-1, one character for a byte, with the space around them
 * removed; clients sign the bytes as UTF-8. So a value that is not plain ASCII is read again. A
 * target that is not plain ASCII never comes this far, Node refuses it.
 */

import { isUtf8 } from 'node:buffer';
import { GlacierError } from '../api/errors.ts';

/** What the listener knows of a request before a byte of its body is read. */
export interface SignedRequest {
  readonly method: string;
  /** The raw target of the request line, for example `/-/vaults?limit=2`. */
  readonly target: string;
  /** The header lines as received, names and values alternating: Node's `rawHeaders`. */
  readonly rawHeaders: readonly string[];
}

/** Decoded names and values; an array where a name comes more than once, in order of arrival. */
export type QueryParameters = Record<string, string | string[]>;

/** A request taken apart. */
export interface ReceivedRequest {
  readonly method: string;
  /** Everything before the `?`, neither decoded nor normalised. */
  readonly path: string;
  readonly query: QueryParameters;
  /** Values by lower-case name; those of several lines with one name are joined with `,`. */
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * Header lines of which a request may have only one. Two of them mean that two readers of the same
 * request (a proxy, our router, this check) could each believe another one. Chosen.
 */
const singleHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'date',
  'host',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-glacier-version',
  'x-amz-security-token',
]);

/**
 * No operation has more than a dozen. Chosen, because the library's work on one name grows with
 * the square of its values, and all this happens before we know who is asking.
 */
const mostParameters = 100;

const beyondAscii = /[^\0-\x7f]/;

/**
 * Takes a request apart.
 * Throws BadRequest for a query that is not well-formed percent-encoding or absurdly long, and
 * InvalidSignatureException where a header that may come once comes twice.
 */
export function readRequest(request: SignedRequest): ReceivedRequest {
  return {
    method: request.method,
    ...readTarget(request.target),
    headers: readHeaders(request.rawHeaders),
  };
}

/** Splits a raw target into its path and its decoded query. Throws BadRequest as above. */
export function readTarget(target: string): { path: string; query: QueryParameters } {
  const mark = target.indexOf('?');
  return mark < 0
    ? { path: target, query: {} }
    : { path: target.slice(0, mark), query: readQuery(target.slice(mark + 1)) };
}

function readHeaders(rawHeaders: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = String(rawHeaders[index]).toLowerCase();
    const value = asUtf8(String(rawHeaders[index + 1]));
    const before = headers.get(name);
    if (before !== undefined && singleHeaders.has(name)) {
      throw new GlacierError(
        'InvalidSignatureException',
        `The header '${name}' must not be given more than once.`,
      );
    }
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
}

/** NOTE `+` stays a plus sign: SigV4 knows only `%20` for a space (RFC 3986, not HTML forms). */
function readQuery(text: string): QueryParameters {
  // Without a prototype, so that a parameter named `__proto__` is one like any other.
  const query: QueryParameters = Object.create(null);
  const pieces = text.split('&').filter((piece) => piece !== '');
  if (pieces.length > mostParameters) {
    const message = `The query of the request has more than ${mostParameters} parameters.`;
    throw new GlacierError('BadRequest', message);
  }
  for (const piece of pieces) {
    const equals = piece.indexOf('=');
    const name = decode(equals < 0 ? piece : piece.slice(0, equals));
    const value = equals < 0 ? '' : decode(piece.slice(equals + 1));
    const before = query[name];
    query[name] = before === undefined ? value : [before, value].flat();
  }
  return query;
}

function decode(text: string): string {
  try {
    return text.includes('%') ? decodeURIComponent(text) : text;
  } catch (error) {
    const message = 'The query of the request is not valid percent-encoded UTF-8.';
    throw new GlacierError('BadRequest', message, { cause: error });
  }
}

/** Some clients send UTF-8, and some Latin-1 after having signed the same text as UTF-8 (seen). */
function asUtf8(text: string): string {
  if (!beyondAscii.test(text)) return text;
  const bytes = Buffer.from(text, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : text;
}

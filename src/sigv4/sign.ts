/**
 * Signing, for our own command line and for tests: the same canonical request as `verify.ts`, seen
 * from the other side. That both agree proves little; the tests therefore hold both against
 * published vectors and against other people's signers.
 */

import {
  algorithm,
  canonicalRequest,
  computeSignature,
  credentialScope,
  deriveSigningKey,
  signableHeaders,
  stringToSign,
} from './canonical.ts';
import { type ReceivedRequest, readTarget } from './received-request.ts';

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface UnsignedRequest {
  readonly method: string;
  /** Percent-encoded, as it will stand in the request line. */
  readonly target: string;
  /** Must hold `host`. All are signed but those that proxies may change. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Lower-case hex SHA-256 of the body. Uploads must also send it, as x-amz-content-sha256 among
   * `headers`; it is not added here.
   */
  readonly payloadHash: string;
  readonly credentials: SigningCredentials;
  readonly region: string;
  /** `YYYYMMDD'T'HHMMSS'Z'`, from `formatBasicDate`. */
  readonly requestDate: string;
}

/**
 * Signs a request in the header form.
 * Returns all headers to send: those given, x-amz-date, x-amz-security-token for temporary
 * credentials, and authorization.
 */
export async function signRequest(request: UnsignedRequest): Promise<Record<string, string>> {
  const { credentials, requestDate } = request;
  const headers: Record<string, string> = { ...request.headers, 'x-amz-date': requestDate };
  if (credentials.sessionToken !== undefined) {
    headers['x-amz-security-token'] = credentials.sessionToken;
  }
  const received = asReceived(request, request.target, headers);
  const signature = await computeFor(request, received);
  const authorization =
    `${algorithm} Credential=${credentials.accessKeyId}/${scopeOf(request)}, ` +
    `SignedHeaders=${signedNames(received)}, Signature=${signature}`;
  return { ...headers, authorization };
}

/**
 * Signs a request in the presigned form, good for `expiresSeconds` (1 to 604,800).
 * Returns the target to ask for; whoever does must send the same `headers`.
 * NOTE The server also wants x-amz-glacier-version: in the target, or sent along unsigned.
 */
export async function presignRequest(
  request: UnsignedRequest & { readonly expiresSeconds: number },
): Promise<string> {
  const { credentials, target, headers } = request;
  const parameters: [string, string][] = [
    ['X-Amz-Algorithm', algorithm],
    ['X-Amz-Credential', `${credentials.accessKeyId}/${scopeOf(request)}`],
    ['X-Amz-Date', request.requestDate],
    ['X-Amz-Expires', String(request.expiresSeconds)],
    ['X-Amz-SignedHeaders', signedNames(asReceived(request, target, headers))],
  ];
  if (credentials.sessionToken !== undefined) {
    parameters.push(['X-Amz-Security-Token', credentials.sessionToken]);
  }
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const unsigned = `${target}${target.includes('?') ? '&' : '?'}${query.join('&')}`;
  const signature = await computeFor(request, asReceived(request, unsigned, headers));
  return `${unsigned}&X-Amz-Signature=${signature}`;
}

/** Gathers what will be sent, with only the headers that are to be signed. */
function asReceived(
  request: UnsignedRequest,
  target: string,
  headers: Readonly<Record<string, string>>,
): ReceivedRequest {
  return { method: request.method, ...readTarget(target), headers: signableHeaders(headers) };
}

function signedNames(received: ReceivedRequest): string {
  return [...received.headers.keys()].sort().join(';');
}

function scopeOf({ requestDate, region }: UnsignedRequest): string {
  return credentialScope(requestDate.slice(0, 8), region);
}

async function computeFor(request: UnsignedRequest, received: ReceivedRequest): Promise<string> {
  const { credentials, region, requestDate, payloadHash } = request;
  const canonical = canonicalRequest(received, new Set(received.headers.keys()), payloadHash);
  const scopeDate = requestDate.slice(0, 8);
  const { accessKeyId, secretAccessKey } = credentials;
  const key = await deriveSigningKey({ accessKeyId, secretAccessKey, scopeDate, region });
  return computeSignature(key, stringToSign(requestDate, scopeOf(request), canonical));
}

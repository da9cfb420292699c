/**
 * Who a request claims to be from, and whether the claim is well made: everything about a
 * signature that can be judged without the secret, the clock or the body. What passes here may
 * still be wrong; `request-time.ts` looks at the clock, `verify.ts` at the signature itself.
 *
 * What must be signed: `host`, the date header in use, and every `x-amz-*` header that is present
 * (chosen: the general rule of Signature Version 4). Nothing more is asked for, because clients
 * differ: boto 2 signs only these, others also content-type, range or content-length.
 */

import { parseBasicDate } from './basic-date.ts';
import { service } from './canonical.ts';
import { type Claim, invalidSignature, readClaim } from './claim.ts';
import { refuseSentinel } from './payload-hash.ts';
import { type ReceivedRequest, readRequest, type SignedRequest } from './received-request.ts';

/** A well-made claim. */
export interface Authentication {
  readonly form: 'header' | 'presigned';
  readonly accessKeyId: string;
  /** `YYYYMMDD'T'HHMMSS'Z'`, as signed. */
  readonly requestDate: string;
  /** The same in milliseconds since 1970. */
  readonly requestTimeMs: number;
  /** `YYYYMMDD`: the first eight characters of `requestDate`. */
  readonly scopeDate: string;
  readonly region: string;
  /** Lower-case names, each present in the request. */
  readonly signedHeaders: ReadonlySet<string>;
  /** As sent, of any length and form. */
  readonly signature: string;
  readonly sessionToken: string | undefined;
  /** x-amz-content-sha256 as sent, to be given to `checkPayloadHash` once the body is read. */
  readonly payloadHash: string | undefined;
  /** How long a presigned request is good for; undefined in the header form. */
  readonly expiresSeconds: number | undefined;
  /**
   * The request, taken apart, for `verifySignature`. In the presigned form its headers hold
   * x-amz-glacier-version also where only the query does.
   */
  readonly request: ReceivedRequest;
}

/** One week: the longest life of a presigned request, as everywhere at Amazon. */
const longestExpirySeconds = 604_800;

const versionHeader = 'x-amz-glacier-version';

/**
 * Reads and judges the claim of a request.
 * Throws MissingAuthenticationTokenException when there is none, BadRequest for a query that
 * cannot be decoded, and InvalidSignatureException for everything else that is wrong with it.
 */
export function readAuthentication(
  signedRequest: SignedRequest,
  scope: { readonly region: string },
): Authentication {
  const received = readRequest(signedRequest);
  const claim = readClaim(received);
  const request = claim.form === 'presigned' ? withVersionOfQuery(received) : received;
  const requestTimeMs = readDate(claim.date);
  const signedHeaders = readSignedHeaders(claim, request);
  const credential = readCredential(claim, scope.region);
  const expiresSeconds = claim.expires === undefined ? undefined : readExpiry(claim.expires);
  const payloadHash = request.headers.get('x-amz-content-sha256');
  refuseSentinel(payloadHash);
  return {
    form: claim.form,
    ...credential,
    region: scope.region,
    requestDate: claim.date,
    requestTimeMs,
    signedHeaders,
    signature: claim.signature,
    sessionToken: claim.sessionToken,
    payloadHash,
    expiresSeconds,
    request,
  };
}

/**
 * aws-sdk 2 puts the version into a presigned URL as a parameter, yet signs it as a header (seen).
 * Taking the one for the other lets such a URL be opened by any client, and opens nothing: the
 * query is signed as well. Chosen.
 */
function withVersionOfQuery(request: ReceivedRequest): ReceivedRequest {
  const version = request.query[versionHeader];
  if (typeof version !== 'string' || request.headers.has(versionHeader)) {
    return request;
  }
  return { ...request, headers: new Map([...request.headers, [versionHeader, version]]) };
}

/** The text is Amazon's general one (observed in other services). */
function readDate(date: string): number {
  const timeMs = parseBasicDate(date);
  if (timeMs === undefined) {
    throw invalidSignature(
      `Date must be in ISO-8601 'basic format'. Got '${date}'. ` +
        'See http://en.wikipedia.org/wiki/ISO_8601',
    );
  }
  return timeMs;
}

function readSignedHeaders(claim: Claim, request: ReceivedRequest): Set<string> {
  const names = claim.signedHeaders.toLowerCase().split(';');
  const signed = new Set(names);
  if (signed.size !== names.length || signed.has('')) {
    throw invalidSignature(`The list of 'SignedHeaders' is malformed: '${claim.signedHeaders}'.`);
  }
  requireSigned(signed, 'host', 'Host');
  if (claim.dateHeader === 'date') {
    requireSigned(signed, 'date', 'Date');
  }
  for (const name of request.headers.keys()) {
    if (name.startsWith('x-amz-') && !isLeftUnsigned(name, claim)) {
      requireSigned(signed, name, name);
    }
  }
  for (const name of names) {
    if (!request.headers.has(name)) {
      throw invalidSignature(`'${name}' is a 'SignedHeader' but the request does not have it.`);
    }
  }
  return signed;
}

/** Most SDKs leave the version out of a presigned URL, so whoever uses one must add it (seen). */
function isLeftUnsigned(name: string, claim: Claim): boolean {
  return claim.form === 'presigned' && name === versionHeader;
}

/** The text is Amazon's general one (observed in other services). */
function requireSigned(signed: ReadonlySet<string>, name: string, shownName: string): void {
  if (!signed.has(name)) {
    throw invalidSignature(`'${shownName}' must be a 'SignedHeader' in the AWS Authorization.`);
  }
}

/** The texts are Amazon's general ones, all that apply in one message (observed elsewhere). */
function readCredential(
  claim: Claim,
  ourRegion: string,
): Pick<Authentication, 'accessKeyId' | 'scopeDate'> {
  const elements = claim.credential.split('/');
  const [accessKeyId, scopeDate, region, scopeService, terminator] = elements;
  if (elements.length !== 5 || !accessKeyId || scopeDate === undefined) {
    throw invalidSignature(
      'Credential must have exactly 5 slash-delimited elements, ' +
        `e.g. keyid/date/region/service/term, got '${claim.credential}'`,
    );
  }
  const requestDay = claim.date.slice(0, 8);
  const faults = [
    region !== ourRegion && `Credential should be scoped to a valid region, not '${region}'.`,
    scopeService !== service && `Credential should be scoped to correct service: '${service}'.`,
    terminator !== 'aws4_request' &&
      `Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'.`,
    scopeDate !== requestDay &&
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
        `'${scopeDate}' != '${requestDay}', from '${claim.date}'.`,
  ].filter((fault) => fault !== false);
  if (faults.length > 0) {
    throw invalidSignature(faults.join(' '));
  }
  return { accessKeyId, scopeDate };
}

function readExpiry(text: string): number {
  const seconds = /^(0|[1-9]\d{0,6})$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > longestExpirySeconds) {
    throw invalidSignature(
      `X-Amz-Expires must be a number of seconds from 1 to ${longestExpirySeconds}, not '${text}'.`,
    );
  }
  return seconds;
}

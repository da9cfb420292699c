/**
 * What a Signature Version 4 is computed over, and the key it is computed with.
 *
 * The canonical request and the key derivation are those of `@smithy/signature-v4`, the library
 * that Amazon's own JavaScript clients sign with. We call its building blocks and not `sign()`:
 * that drops a signed `date` header, adds headers of its own, and signs what it thinks should be
 * signed, where a verifier must follow what the client says it signed.
 *
 * Glacier follows the general rule for paths, not that of S3: dot segments and repeated slashes
 * go, then every segment is percent-encoded once more (documented; vectors 4 and 10 of the tests).
 */

import { createHash, createHmac, hash } from 'node:crypto';
import {
  createScope,
  getCanonicalHeaders,
  getSigningKey,
  SignatureV4Base,
} from '@smithy/signature-v4';
import type { ReceivedRequest } from './received-request.ts';

export const algorithm = 'AWS4-HMAC-SHA256';
export const service = 'glacier';

/** Hex SHA-256 of nothing: the payload hash of a request without a body. */
export const emptyPayloadHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

type LibraryRequest = Parameters<typeof getCanonicalHeaders>[0];
type HashClass = Extract<Parameters<typeof getSigningKey>[0], new (secret?: never) => unknown>;
type SourceData = ConstructorParameters<HashClass>[0];

/** The library's idea of a hash, on node:crypto: an HMAC when made with a secret. */
class NodeSha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(secret?: SourceData) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', asBytes(secret));
  }

  update(data: NonNullable<SourceData>): void {
    this.#hash.update(asBytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function asBytes(data: NonNullable<SourceData>): string | Uint8Array {
  if (typeof data === 'string') {
    return data;
  }
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** Opens the library's protected canonicalisation; it signs nothing and holds no credentials. */
class Canonicaliser extends SignatureV4Base {
  constructor() {
    const credentials = { accessKeyId: '', secretAccessKey: '' };
    super({ service, region: '', credentials, sha256: NodeSha256, uriEscapePath: true });
  }

  canonicalRequest(request: LibraryRequest, signedNames: Set<string>, payloadHash: string): string {
    const headers = getCanonicalHeaders(request, undefined, signedNames);
    return this.createCanonicalRequest(request, headers, payloadHash);
  }
}

const canonicaliser = new Canonicaliser();

/**
 * The canonical request: six parts joined by line feeds.
 * `signedNames` are lower-case header names which the request all has, in any order.
 */
export function canonicalRequest(
  request: ReceivedRequest,
  signedNames: ReadonlySet<string>,
  payloadHash: string,
): string {
  // NOTE The library takes every header it is given (but for those that signers leave out), and
  // `signedNames` only brings those back; so it must be given exactly the signed ones.
  const headers: Record<string, string> = Object.create(null);
  for (const name of signedNames) {
    headers[name] = request.headers.get(name) ?? '';
  }
  const { method, path, query } = request;
  const signed = { method, path, query, headers, protocol: '', hostname: '' };
  return canonicaliser.canonicalRequest(signed, signedNames as Set<string>, payloadHash);
}

/**
 * The headers of a request that a signer should sign, by lower-case name: all but those that
 * proxies on the way may change.
 */
export function signableHeaders(headers: Readonly<Record<string, string>>): Map<string, string> {
  const request = { method: '', path: '', headers, protocol: '', hostname: '' };
  return new Map(Object.entries(getCanonicalHeaders(request)));
}

/** `YYYYMMDD/region/glacier/aws4_request`. */
export function credentialScope(scopeDate: string, region: string): string {
  return createScope(scopeDate, region, service);
}

/** The string to sign: algorithm, date, scope and the hash of the canonical request. */
export function stringToSign(requestDate: string, scope: string, canonical: string): string {
  return `${algorithm}\n${requestDate}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
}

/** What a signing key is derived from. */
export interface SigningKeyParts {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** `YYYYMMDD`: a signing key is good for one day. */
  readonly scopeDate: string;
  readonly region: string;
}

/** Derives the signing key of one access key, day and region: 32 bytes. */
export function deriveSigningKey(parts: SigningKeyParts): Promise<Uint8Array> {
  const { accessKeyId, secretAccessKey, scopeDate, region } = parts;
  const credentials = { accessKeyId, secretAccessKey };
  return getSigningKey(NodeSha256, credentials, scopeDate, region, service);
}

/** The signature as it is sent: 64 lower-case hex digits. */
export function computeSignature(signingKey: Uint8Array, text: string): string {
  return createHmac('sha256', signingKey).update(text).digest('hex');
}

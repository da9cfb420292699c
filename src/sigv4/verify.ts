/**
 * The signature itself: computed again from what came over the wire and compared.
 *
 * The caller's steps for one request, in this order:
 * 1. `readAuthentication` (no secret, no clock), `checkRequestTime`;
 * 2. look up the secret of `accessKeyId`, `undefined` when nobody has it;
 * 3. `verifySignature` with either: an unknown key costs the same work and gets its own refusal;
 * 4. when the body has been read, `checkPayloadHash` if `payloadHash` is set.
 */

import { timingSafeEqual } from 'node:crypto';
import { GlacierError } from '../api/errors.ts';
import type { Authentication } from './authentication.ts';
import { canonicalRequest, computeSignature, credentialScope, stringToSign } from './canonical.ts';
import { invalidSignature } from './claim.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface SignatureCheck {
  readonly authentication: Authentication;
  /** The secret of the access key; undefined when there is no such key or it is not active. */
  readonly secretAccessKey: string | undefined;
  /**
   * Lower-case hex SHA-256 of the body, needed where the client sent no x-amz-content-sha256.
   * Where it did, its value is what was signed, and this is not looked at.
   */
  readonly bodyHash?: string | undefined;
  readonly signingKeys: SigningKeys;
}

/**
 * Returns when the signature is right.
 * Throws UnrecognizedClientException for an unknown access key, whatever the signature, and
 * otherwise 403 InvalidSignatureException with the two strings that should have been signed
 * (observed; they hold no secret, and they are what makes a client's mistake findable).
 */
export async function verifySignature(check: SignatureCheck): Promise<void> {
  const { authentication, secretAccessKey, signingKeys } = check;
  const { accessKeyId, scopeDate, region } = authentication;
  const canonical = canonicalRequest(
    authentication.request,
    authentication.signedHeaders,
    choosePayloadHash(check),
  );
  const scope = credentialScope(scopeDate, region);
  const toSign = stringToSign(authentication.requestDate, scope, canonical);
  const signingKey =
    secretAccessKey === undefined
      ? await signingKeys.getDecoy(scopeDate, region)
      : await signingKeys.get({ accessKeyId, secretAccessKey, scopeDate, region });
  const isRight = equalInConstantTime(
    computeSignature(signingKey, toSign),
    authentication.signature,
  );
  if (secretAccessKey === undefined) {
    throw unrecognizedClient();
  }
  if (!isRight) {
    throw signatureMismatch(canonical, toSign);
  }
}

/**
 * The refusal of an unknown access key or session token.
 * The text is Amazon's general one (observed in other services), the status 400 Glacier's.
 */
export function unrecognizedClient(): GlacierError {
  return new GlacierError(
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
  );
}

function choosePayloadHash({ authentication, bodyHash }: SignatureCheck): string {
  const payloadHash = authentication.payloadHash ?? bodyHash;
  if (payloadHash === undefined) {
    throw new TypeError('bodyHash is needed where x-amz-content-sha256 was not sent');
  }
  return payloadHash;
}

/** Takes the same time wherever the two differ; only a wrong length shows. */
function equalInConstantTime(ours: string, theirs: string): boolean {
  const ourBytes = Buffer.from(ours);
  const theirBytes = Buffer.from(theirs);
  return ourBytes.length === theirBytes.length && timingSafeEqual(ourBytes, theirBytes);
}

function signatureMismatch(canonical: string, toSign: string): GlacierError {
  return invalidSignature(
    'The request signature we calculated does not match the signature you provided. ' +
      'Check your AWS Secret Access Key and signing method. ' +
      'Consult the service documentation for details.\n\n' +
      `The Canonical String for this request should have been\n'${canonical}'\n\n` +
      `The String-to-Sign should have been\n'${toSign}'`,
  );
}

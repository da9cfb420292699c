/**
 * Who is calling, proven: the signature is checked before anything else is looked at, and before the
 * body is read wherever the client has signed the body's hash in a header.
 */
import { createHash } from 'node:crypto';
import type { KnownKey } from '../accounts/find-access-key.ts';
import type { Principal } from '../accounts/principal.ts';
import { GlacierError, missingParameter } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import type { Operation } from '../api/operations.ts';
import type { Clock } from '../lib/clock.ts';
import { type Authentication, readAuthentication } from '../sigv4/authentication.ts';
import { checkPayloadHash } from '../sigv4/payload-hash.ts';
import type { SignedRequest } from '../sigv4/received-request.ts';
import { checkRequestTime } from '../sigv4/request-time.ts';
import type { SigningKeys } from '../sigv4/signing-keys.ts';
import { verifySignature } from '../sigv4/verify.ts';
import type { RequestBody } from './request-body.ts';

export interface Authenticator {
  readonly region: string;
  readonly skewSeconds: number;
  /** Signatures are judged by the wall clock, whatever the store's clock says. */
  readonly clock: Clock;
  readonly signingKeys: SigningKeys;
  /** Undefined when there is no such key, or the session token is not its own. */
  findKey(accessKeyId: string, sessionToken: string | undefined): Promise<KnownKey | undefined>;
}

export interface Authenticated {
  readonly authentication: Authentication;
  readonly principal: Principal;
  /** The body, where it is not a stream of bytes for the operation. */
  readonly body: Buffer;
}

/** @throws GlacierError when it is not proven who is calling, or the body is not what was signed */
export async function authenticate(
  authenticator: Authenticator,
  { body: expects }: Pick<Operation, 'body'>,
  request: SignedRequest,
  body: RequestBody,
): Promise<Authenticated> {
  const { region, clock, skewSeconds, signingKeys } = authenticator;
  const authentication = readAuthentication(request, { region });
  checkRequestTime(authentication, clock.now(), skewSeconds);
  const { accessKeyId, sessionToken, payloadHash } = authentication;
  const key = await authenticator.findKey(accessKeyId, sessionToken);
  const isStream = expects === 'bytes';
  const early = payloadHash === undefined ? await readUnhashedBody(body, isStream) : undefined;
  await verifySignature({
    authentication,
    secretAccessKey: key?.secretAccessKey,
    bodyHash: early && sha256Hex(early),
    signingKeys,
  });
  const { principal, isExpired } = key as KnownKey;
  if (isExpired) throw expiredToken();
  if (isStream) return { authentication, principal, body: Buffer.alloc(0) };
  const whole = early ?? (await body.readAll(limits.jsonBodyBytes));
  if (payloadHash !== undefined) checkPayloadHash(payloadHash, sha256Hex(whole));
  return { authentication, principal, body: whole };
}

/** The text is Amazon's general one (chosen: Glacier's was never seen). */
export function expiredToken(): GlacierError {
  return new GlacierError(
    'ExpiredTokenException',
    'The security token included in the request is expired',
  );
}

/**
 * Without the header the body itself is needed to check the signature. An upload without it is
 * refused in any case; one that is too long to be read for that is refused right away.
 */
async function readUnhashedBody(body: RequestBody, isStream: boolean): Promise<Buffer> {
  if (isStream && body.announcedBytes > limits.jsonBodyBytes) {
    throw missingParameter('x-amz-content-sha256');
  }
  return body.readAll(limits.jsonBodyBytes);
}

function sha256Hex(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

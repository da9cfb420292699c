/**
 * x-amz-content-sha256: the hash of the body that a client signed. The signature is checked with
 * the value as sent, before a byte of the body is read; the body must then turn out to have it.
 */

import { payloadHashMismatch } from '../api/errors.ts';

/**
 * Compares the hash that was claimed with that of the body which came: hex SHA-256, ours in lower
 * case, the client's in any (chosen: the same number, and SDKs send a given checksum unchanged).
 * Throws 403 InvalidSignatureException in the words of the service (observed).
 */
export function checkPayloadHash(claimed: string, computed: string): void {
  if (claimed.toLowerCase() !== computed) {
    throw payloadHashMismatch(claimed, computed);
  }
}

/**
 * Refuses the values that stand for a body without a hash, which other services know and Glacier
 * never did (chosen: the same error). There is no need to read the body to know that they differ
 * from its hash, hence no computed digest.
 */
export function refuseSentinel(claimed: string | undefined): void {
  if (claimed === 'UNSIGNED-PAYLOAD' || claimed?.startsWith('STREAMING-')) {
    throw payloadHashMismatch(claimed, 'not computed');
  }
}

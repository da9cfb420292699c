/**
 * The clock window of a signature. Time is an argument; so is the window, because Amazon's own
 * differs: 5 minutes at Glacier (observed 2012 to 2018), 15 elsewhere.
 */

import type { Authentication } from './authentication.ts';
import { formatBasicDate } from './basic-date.ts';
import { invalidSignature } from './claim.ts';

/** Glacier's own window (observed). */
export const defaultSkewSeconds = 300;

/**
 * Judges the date of a request against the server's time, in whole seconds. The edge itself still
 * passes. A presigned request may be as old as it says it lives; too new is too new for both.
 * Throws 403 InvalidSignatureException in the words of the service (observed).
 */
export function checkRequestTime(
  authentication: Authentication,
  nowMs: number,
  skewSeconds: number = defaultSkewSeconds,
): void {
  const { requestDate, requestTimeMs, expiresSeconds } = authentication;
  const serverMs = Math.floor(nowMs / 1000) * 1000;
  const lifeSeconds = expiresSeconds ?? skewSeconds;
  const oldestMs = serverMs - lifeSeconds * 1000;
  const newestMs = serverMs + skewSeconds * 1000;
  if (requestTimeMs < oldestMs) {
    throw invalidSignature(
      `Signature expired: ${requestDate} is now earlier than ${formatBasicDate(oldestMs)} ` +
        `(${formatBasicDate(serverMs)} - ${formatSpan(lifeSeconds)})`,
    );
  }
  if (requestTimeMs > newestMs) {
    throw invalidSignature(
      `Signature not yet current: ${requestDate} is still later than ` +
        `${formatBasicDate(newestMs)} (${formatBasicDate(serverMs)} + ${formatSpan(skewSeconds)})`,
    );
  }
}

/** Minutes as the service writes them; seconds where they are not whole (chosen). */
function formatSpan(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} min.` : `${seconds} sec.`;
}

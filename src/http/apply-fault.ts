/** Makes a request fail the way that a tester has ordered. */
import { type ErrorCode, GlacierError } from '../api/errors.ts';
import type { Fault } from '../faults/faults.ts';
import { systemClock } from '../lib/clock.ts';
import { missingAuthenticationToken } from '../sigv4/claim.ts';
import { unrecognizedClient } from '../sigv4/verify.ts';
import { expiredToken } from './authenticate.ts';
import { BrokenOffError, type Output, unavailable } from './reply.ts';

/** Runs `work`, or what the fault leaves of it. */
export async function applyFault(
  fault: Fault | undefined,
  work: () => Promise<Output>,
): Promise<Output> {
  switch (fault?.kind) {
    case undefined:
    case 'fail-job':
      return work();
    case 'error':
      throw new GlacierError(fault.code, fault.message ?? usualMessage(fault.code));
    case 'delay':
      await systemClock.sleep(fault.milliseconds);
      return work();
    case 'break':
      return breakOff(work, fault.afterBytes);
    case 'corrupt':
      return corrupt(await work(), fault.atByte);
  }
}

async function breakOff(work: () => Promise<Output>, breakAfterBytes: number): Promise<Output> {
  try {
    return { ...(await work()), breakAfterBytes };
  } catch (error) {
    if (!(error instanceof GlacierError)) throw error;
    throw new BrokenOffError(breakAfterBytes, error);
  }
}

/** In Amazon's words where they are known (observed). */
const usualMessages: Partial<Record<ErrorCode, string>> = {
  ExpiredTokenException: expiredToken().message,
  MissingAuthenticationTokenException: missingAuthenticationToken().message,
  NoLongerSupportedException:
    'This API is no longer supported for new accounts. Please use S3 Glacier storage classes instead. Please contact AWS Support if you believe this is an error.',
  PolicyEnforcedException: 'InitiateJob request denied by current data retrieval policy.',
  RequestTimeoutException: 'Request timed out.',
  ServiceUnavailableException: unavailable().message,
  ThrottlingException: 'Rate exceeded',
  UnrecognizedClientException: unrecognizedClient().message,
};

function usualMessage(code: ErrorCode): string {
  return usualMessages[code] ?? 'This fault was ordered';
}

function corrupt(output: Output, atByte: number): Output {
  if (!output.bytes) return output;
  const { sizeBytes, pieces } = output.bytes;
  return { ...output, bytes: { sizeBytes, pieces: corruptPieces(pieces, atByte) } };
}

async function* corruptPieces(pieces: AsyncIterable<Uint8Array>, atByte: number) {
  let offset = 0;
  for await (const piece of pieces) {
    const index = atByte - offset;
    offset += piece.length;
    if (index < 0 || index >= piece.length) yield piece;
    else yield piece.map((byte, at) => (at === index ? byte ^ 1 : byte));
  }
}

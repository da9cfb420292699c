/** A unit of provisioned capacity: it is valid for a calendar month, and guarantees retrievals. */
import { GlacierError } from '../api/errors.ts';
import type { Milliseconds } from '../lib/clock.ts';

/** A unit has room for this many expedited retrievals in this time (documented as at least). */
const retrievalsPerUnit = 3;
export const capacityWindowMs: Milliseconds = 5 * 60 * 1000;

/**
 * Expedited retrievals go as far as provisioned capacity does (documented: without it they may be
 * refused when demand is high; chosen: then they always are, so that a client's answer to it can be
 * tested).
 *
 * @param recentRetrievals expedited ones of the account within the last `capacityWindowMs`
 * @throws GlacierError InsufficientCapacityException (the text is chosen: Amazon's was never seen)
 */
export function requireCapacity(validUnits: number, recentRetrievals: number): void {
  if (recentRetrievals < validUnits * retrievalsPerUnit) return;
  throw new GlacierError(
    'InsufficientCapacityException',
    'There is insufficient capacity to process this expedited request. Try again later, or use another retrieval tier.',
  );
}

/**
 * The same time one calendar month later, to the second; a day that the month has not got becomes its
 * last (documented; to the second: chosen where two examples disagree).
 */
export function capacityExpiry(start: Milliseconds): Milliseconds {
  const from = new Date(start);
  const [year, month] = [from.getUTCFullYear(), from.getUTCMonth()];
  const daysOfNextMonth = new Date(Date.UTC(year, month + 2, 0)).getUTCDate();
  const day = Math.min(from.getUTCDate(), daysOfNextMonth);
  const time = [from.getUTCHours(), from.getUTCMinutes(), from.getUTCSeconds()] as const;
  return Date.UTC(year, month + 1, day, ...time);
}

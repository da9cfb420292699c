/** A unit of provisioned capacity: it is valid for a calendar month. */
import type { Milliseconds } from '../lib/clock.ts';

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

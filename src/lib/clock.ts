/**
 * Time as an argument.
 *
 * Everything that needs to know what time it is, or that waits, is given a `Clock`. This file is the
 * only one that reads the wall clock, so that four-hour jobs and 24-hour lives can be tested in
 * milliseconds.
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Milliseconds = number;

export interface Clock {
  /** The wall clock's time. */
  now(): Milliseconds;
  /** Milliseconds on a clock that never jumps; only differences mean something. */
  monotonic(): Milliseconds;
  /** Resolves after `milliseconds` of this clock's time, or at once when `signal` is aborted. */
  sleep(milliseconds: Milliseconds, signal?: AbortSignal): Promise<void>;
}

/** The longest delay that Node's timers take before they overflow to 1 ms. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, Math.min(milliseconds, longestTimerMs));
      signal?.addEventListener('abort', finish);
    }),
};

/** A date as JSON answers carry it: UTC with milliseconds, `2026-01-05T08:15:30.123Z` (documented). */
export function toIsoDate(time: Milliseconds): string {
  return new Date(time).toISOString();
}

/**
 * A date as inventories carry it: UTC, milliseconds cut off, `2026-01-05T08:15:30Z`
 * (observed in every real inventory from 2012 to 2021).
 */
export function toInventoryDate(time: Milliseconds): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

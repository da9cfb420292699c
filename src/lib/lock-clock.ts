/**
 * The clock by which retention is judged: one that nobody can wind forward.
 *
 * It never goes back, never runs ahead of the wall clock, and advances by the monotonic clock: when
 * it is behind (the machine was off, or the wall clock jumped ahead) it catches up at no more than
 * one extra day per day, that is at twice the speed of time. Moving the wall clock ten years ahead
 * therefore frees nothing today. Its value stands in every journal entry, and goes on from the last.
 */
import type { Clock, Milliseconds } from './clock.ts';

export class LockClock {
  readonly #clock: Clock;
  #time: Milliseconds;
  #readAt: Milliseconds;

  /** @param lastTime the value in the journal's last entry; undefined for a new store. */
  constructor(clock: Clock, lastTime: Milliseconds | undefined) {
    this.#clock = clock;
    this.#time = lastTime ?? clock.now();
    this.#readAt = clock.monotonic();
  }

  now(): Milliseconds {
    const monotonic = this.#clock.monotonic();
    const reachable = this.#time + 2 * (monotonic - this.#readAt);
    this.#readAt = monotonic;
    this.#time = Math.max(this.#time, Math.min(this.#clock.now(), reachable));
    return Math.floor(this.#time);
  }
}

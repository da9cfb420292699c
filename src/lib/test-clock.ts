/**
 * A clock for testers, who move it through hours in milliseconds. Only a store that was made for it
 * has one.
 *
 * What waits on this clock waits in real time, so that nothing stands still when the clock does, and
 * is woken whenever the clock is moved: then it looks again at what has fallen due.
 */
import { type Clock, type Milliseconds, systemClock } from './clock.ts';

/** How far the clock is from the real one, or where it stands. */
export interface TestClockState {
  readonly offsetMs: Milliseconds;
  /** Undefined: it runs. */
  readonly frozenAt?: Milliseconds | undefined;
}

/** Longer than any time between two starts. */
const longestMs: Milliseconds = 10_000 * 365 * 24 * 60 * 60 * 1000;

export class TestClock implements Clock {
  readonly #real: Clock;
  #state: TestClockState = { offsetMs: 0 };
  /** What `monotonic` is ahead of the real one, or while frozen, where it stands. */
  #monotonicMs: Milliseconds = 0;
  readonly #sleepers = new Set<() => void>();

  constructor(real: Clock = systemClock) {
    this.#real = real;
  }

  get state(): TestClockState {
    return this.#state;
  }

  now(): Milliseconds {
    return this.#state.frozenAt ?? this.#real.now() + this.#state.offsetMs;
  }

  /** Goes on with `now`, but never back. */
  monotonic(): Milliseconds {
    const isFrozen = this.#state.frozenAt !== undefined;
    return isFrozen ? this.#monotonicMs : this.#real.monotonic() + this.#monotonicMs;
  }

  async sleep(milliseconds: Milliseconds, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    const waking = new AbortController();
    const wake = () => waking.abort();
    this.#sleepers.add(wake);
    signal?.addEventListener('abort', wake);
    await this.#real.sleep(milliseconds, waking.signal);
    signal?.removeEventListener('abort', wake);
    this.#sleepers.delete(wake);
  }

  /** The state in which the clock shows `time` and goes on as it does now, running or frozen. */
  stateAt(time: Milliseconds): TestClockState {
    const offsetMs = time - this.#real.now();
    return this.#state.frozenAt === undefined ? { offsetMs } : { offsetMs, frozenAt: time };
  }

  /** The same time, standing. */
  frozenState(): TestClockState {
    return { offsetMs: this.#state.offsetMs, frozenAt: this.now() };
  }

  /** The same time, running. */
  runningState(): TestClockState {
    return { offsetMs: this.now() - this.#real.now() };
  }

  /** Where the clock was before a restart, which took as long as one likes. */
  restore(state: TestClockState): void {
    this.#enter(state, longestMs);
  }

  /** Moves the clock, and wakes what waits on it. */
  enter(state: TestClockState): void {
    this.#enter(state, 0);
  }

  #enter(state: TestClockState, leastMs: Milliseconds): void {
    const before = { now: this.now(), monotonic: this.monotonic() };
    this.#state = state;
    const monotonic = before.monotonic + Math.max(leastMs, this.now() - before.now);
    const isFrozen = state.frozenAt !== undefined;
    this.#monotonicMs = isFrozen ? monotonic : monotonic - this.#real.monotonic();
    for (const wake of this.#sleepers) wake();
  }
}

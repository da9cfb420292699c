import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { LockClock } from './lock-clock.ts';

const day = 24 * 60 * 60 * 1000;

/** A clock whose wall can be moved apart from its monotonic time. */
class MovableClock implements Clock {
  wall = Date.parse('2026-01-05T00:00:00Z');
  elapsed = 0;

  now = () => this.wall;
  monotonic = () => this.elapsed;
  sleep = async () => {};

  pass(milliseconds: number): void {
    this.wall += milliseconds;
    this.elapsed += milliseconds;
  }
}

describe('LockClock', () => {
  it('goes with the wall clock while nobody moves that', () => {
    const clock = new MovableClock();
    const lockClock = new LockClock(clock, undefined);
    for (let step = 0; step < 1000; step++) {
      clock.pass(1);
      expect(lockClock.now()).toBe(clock.wall);
    }
  });

  it('gains at most a day a day after a jump ahead', () => {
    const clock = new MovableClock();
    const lockClock = new LockClock(clock, undefined);
    const start = lockClock.now();
    clock.wall += 3650 * day;
    expect(lockClock.now()).toBe(start);
    clock.pass(day);
    expect(lockClock.now()).toBe(start + 2 * day);
  });

  it('stands still after a jump back, until the wall clock has caught up', () => {
    const clock = new MovableClock();
    const lockClock = new LockClock(clock, undefined);
    const start = lockClock.now();
    clock.wall -= 2 * day;
    clock.pass(day);
    expect(lockClock.now()).toBe(start);
    clock.pass(2 * day);
    expect(lockClock.now()).toBe(start + day);
  });

  it('goes on from its last value after a restart', () => {
    const clock = new MovableClock();
    const last = clock.wall - 30 * day;
    const lockClock = new LockClock(clock, last);
    expect(lockClock.now()).toBe(last);
    clock.pass(30 * day);
    expect(lockClock.now()).toBe(clock.wall);
  });

  it('never goes back and gains at most as much again as has passed, whatever the wall does', () => {
    const steps = fc.array(
      fc.record({
        passed: fc.integer({ min: 0, max: day }),
        jump: fc.integer({ min: -9 * day, max: 9 * day }),
      }),
    );
    fc.assert(
      fc.property(steps, (moves) => {
        const clock = new MovableClock();
        const lockClock = new LockClock(clock, undefined);
        let last = lockClock.now();
        for (const { passed, jump } of moves) {
          clock.pass(passed);
          clock.wall += jump;
          const now = lockClock.now();
          expect(now).toBeGreaterThanOrEqual(last);
          expect(now - last).toBeLessThanOrEqual(2 * passed);
          if (now > last) expect(now).toBeLessThanOrEqual(clock.wall);
          last = now;
        }
      }),
    );
  });
});

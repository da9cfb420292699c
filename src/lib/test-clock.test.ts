import { expect, test } from 'vitest';
import type { Clock } from './clock.ts';
import { LockClock } from './lock-clock.ts';
import { TestClock } from './test-clock.ts';

const start = Date.UTC(2026, 0, 5, 8);
const hourMs = 3_600_000;

class HandClock implements Clock {
  time = start;
  readonly slept: number[] = [];
  now = () => this.time;
  monotonic = () => this.time - start + 500;
  sleep = (milliseconds: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      this.slept.push(milliseconds);
      if (signal?.aborted) resolve();
      signal?.addEventListener('abort', () => resolve());
    });
}

test('it shows the real time until it is moved', () => {
  const real = new HandClock();
  const clock = new TestClock(real);
  expect(clock.now()).toBe(start);
  real.time += 5;
  expect(clock.now()).toBe(start + 5);
});

test('it is moved ahead and goes on from there', () => {
  const real = new HandClock();
  const clock = new TestClock(real);
  const before = clock.monotonic();
  clock.enter(clock.stateAt(start + hourMs));
  expect(clock.now()).toBe(start + hourMs);
  real.time += 7;
  expect(clock.now()).toBe(start + hourMs + 7);
  expect(clock.monotonic() - before).toBe(hourMs + 7);
});

test('it stands while it is frozen, also when it is moved, and runs on from where it stood', () => {
  const real = new HandClock();
  const clock = new TestClock(real);
  clock.enter(clock.frozenState());
  real.time += 1_000;
  expect(clock.now()).toBe(start);
  clock.enter(clock.stateAt(start + hourMs));
  real.time += 1_000;
  expect(clock.now()).toBe(start + hourMs);
  clock.enter(clock.runningState());
  real.time += 3;
  expect(clock.now()).toBe(start + hourMs + 3);
  expect(clock.monotonic()).toBe(500 + hourMs + 3);
});

test('what only differences mean something of never goes back', () => {
  const real = new HandClock();
  const clock = new TestClock(real);
  const before = clock.monotonic();
  clock.enter(clock.stateAt(start - hourMs));
  expect(clock.now()).toBe(start - hourMs);
  expect(clock.monotonic()).toBe(before);
});

test('the lock clock follows it ahead, and not back', () => {
  const clock = new TestClock(new HandClock());
  const lockClock = new LockClock(clock, undefined);
  clock.enter(clock.stateAt(start + 400 * 24 * hourMs));
  expect(lockClock.now()).toBe(start + 400 * 24 * hourMs);
  clock.enter(clock.stateAt(start));
  expect(lockClock.now()).toBe(start + 400 * 24 * hourMs);
});

test('who sleeps is woken when it is moved, and when asked to', async () => {
  const real = new HandClock();
  const clock = new TestClock(real);
  const sleeping = clock.sleep(hourMs);
  clock.enter(clock.stateAt(start + 1));
  await sleeping;
  const waking = new AbortController();
  const again = clock.sleep(hourMs, waking.signal);
  waking.abort();
  await again;
  await clock.sleep(hourMs, AbortSignal.abort());
  expect(real.slept).toEqual([hourMs, hourMs]);
});

test('its state is what a restart needs', () => {
  const real = new HandClock();
  const clock = new TestClock(real);
  clock.enter(clock.stateAt(start + hourMs));
  real.time += 10;
  const next = new TestClock(real);
  next.restore(clock.state);
  expect(next.now()).toBe(clock.now());
});

test('after a restart the lock clock is where the clock is, though real time has overtaken it', () => {
  const real = new HandClock();
  const clock = new TestClock(real);
  clock.enter(clock.frozenState());
  clock.enter(clock.stateAt(start + hourMs));
  real.time += 2 * hourMs;
  const next = new TestClock(real);
  const lockClock = new LockClock(next, start);
  next.restore(clock.state);
  expect(lockClock.now()).toBe(start + hourMs);
});

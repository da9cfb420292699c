import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { systemClock, toInventoryDate, toIsoDate } from './clock.ts';

test('the system clock is the wall clock', () => {
  const before = Date.now();
  const now = systemClock.now();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
});

test('its monotonic time goes on', async () => {
  const before = systemClock.monotonic();
  await systemClock.sleep(5);
  expect(systemClock.monotonic()).toBeGreaterThan(before);
});

describe('sleeping', () => {
  test('takes as long as it was asked to', async () => {
    const before = performance.now();
    await systemClock.sleep(30);
    // Timers count whole milliseconds and may be one early.
    expect(performance.now() - before).toBeGreaterThanOrEqual(29);
  });

  test('ends when it is aborted, and leaves no listener behind', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const sleeping = systemClock.sleep(60_000, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort();
    await sleeping;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('leaves no listener behind when it was not aborted', async () => {
    const { signal } = new AbortController();
    await systemClock.sleep(1, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('does not begin when the signal is aborted already', async () => {
    await systemClock.sleep(60_000, AbortSignal.abort());
  });

  /** Node's timers take 32 bits and fire at once when given more. */
  test('for longer than a timer can count does not end at once', async () => {
    const controller = new AbortController();
    let isOver = false;
    const sleeping = systemClock.sleep(2 ** 40, controller.signal).then(() => {
      isOver = true;
    });
    await systemClock.sleep(30);
    expect(isOver).toBe(false);
    controller.abort();
    await sleeping;
  });
});

describe('dates', () => {
  test.each([
    [0, '1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00Z'],
    [1_767_600_930_000, '2026-01-05T08:15:30.000Z', '2026-01-05T08:15:30Z'],
    [1_767_600_930_042, '2026-01-05T08:15:30.042Z', '2026-01-05T08:15:30Z'],
    [1_767_600_930_999, '2026-01-05T08:15:30.999Z', '2026-01-05T08:15:30Z'], // cut, not rounded
    [1_709_164_799_999, '2024-02-28T23:59:59.999Z', '2024-02-28T23:59:59Z'],
  ])('%d', (time, iso, inventory) => {
    expect(toIsoDate(time)).toBe(iso);
    expect(toInventoryDate(time)).toBe(inventory);
  });
});

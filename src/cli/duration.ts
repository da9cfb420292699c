/** Lengths of time as people type them: `90s`, `15m`, `4h`, `3d`, `2w`, `250ms`, `1d12h`, `90`. */
import type { Milliseconds } from '../lib/clock.ts';

const second = 1_000;
const unitMs: Readonly<Record<string, Milliseconds>> = {
  ms: 1,
  s: second,
  m: 60 * second,
  h: 3_600 * second,
  d: 86_400 * second,
  w: 604_800 * second,
};

const sum = /^(?:[0-9]+(?:ms|[smhdw]))+$/;

/** Undefined for what is no length of time. A number alone is seconds (chosen). */
export function parseDuration(text: string): Milliseconds | undefined {
  const whole = /^[0-9]+$/.test(text) ? `${text}s` : text;
  if (!sum.test(whole)) return undefined;
  const terms = whole.matchAll(/([0-9]+)(ms|[smhdw])/g);
  let total = 0;
  for (const [, count, unit = ''] of terms) total += Number(count) * (unitMs[unit] ?? Number.NaN);
  return Number.isSafeInteger(total) ? total : undefined;
}

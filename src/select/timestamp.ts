/**
 * TIMESTAMP of select expressions: an instant, in nanoseconds.
 *
 * Read from ISO 8601 and its shorter forms (documented: `2007T`, `2007-02-23`, `2007-02-23T12:14Z`);
 * a blank may stand for the `T`, and a time without an offset is taken as UTC (chosen). Written in
 * UTC, with as many digits behind the seconds as it needs.
 */
const datePattern = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/;
const timePattern = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):(\d\d))?$/;

export class Timestamp {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }

  /** @returns undefined for a text that is no date, or that names a day or time that is none */
  static parse(text: string): Timestamp | undefined {
    const split = text.search(/[T ]/);
    const date = split === -1 ? text : text.slice(0, split);
    const time = split === -1 ? '' : text.slice(split + 1);
    const day = parseDay(date);
    // Hours need a whole date before them.
    if (day === undefined || (time !== '' && date.length !== 10)) return undefined;
    const nanoseconds = time === '' ? 0n : parseTime(time);
    return nanoseconds === undefined ? undefined : new Timestamp(day + nanoseconds);
  }

  toString(): string {
    const [milliseconds, rest] = divideDown(this.nanoseconds, 1_000_000n);
    const text = new Date(Number(milliseconds)).toISOString();
    const fraction = `${text.slice(-4, -1)}${String(rest).padStart(6, '0')}`.replace(/0+$/, '');
    return `${text.slice(0, -5)}${fraction === '' ? '' : `.${fraction}`}Z`;
  }
}

/** @returns nanoseconds since 1970 at the beginning of the day */
function parseDay(date: string): bigint | undefined {
  const [, year, month = '01', day = '01'] = datePattern.exec(date) ?? [];
  if (year === undefined) return undefined;
  const whole = `${year}-${month}-${day}`;
  const midnight = new Date(`${whole}T00:00:00Z`);
  const isRealDay =
    !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(`${whole}T`);
  return isRealDay ? BigInt(midnight.getTime()) * 1_000_000n : undefined;
}

/** @returns nanoseconds since the beginning of the day in UTC */
function parseTime(time: string): bigint | undefined {
  const parts = timePattern.exec(time);
  if (!parts) return undefined;
  const [, hours, minutes, seconds = '0', fraction = '', sign, offsetHours, offsetMinutes] = parts;
  const isTime = Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60;
  if (!isTime || Number(offsetHours ?? 0) > 23 || Number(offsetMinutes ?? 0) > 59) return undefined;
  const offset = secondsOf(offsetHours, offsetMinutes) * (sign === '-' ? -1 : 1);
  const wholeSeconds = secondsOf(hours, minutes) + Number(seconds) - offset;
  return BigInt(wholeSeconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

function secondsOf(hours: string | undefined, minutes: string | undefined): number {
  return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60;
}

/** Quotient and remainder, the remainder never negative. */
function divideDown(dividend: bigint, divisor: bigint): [quotient: bigint, remainder: bigint] {
  const remainder = ((dividend % divisor) + divisor) % divisor;
  return [(dividend - remainder) / divisor, remainder];
}

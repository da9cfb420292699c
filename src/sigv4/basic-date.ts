/**
 * Dates in ISO 8601 basic form, `YYYYMMDD'T'HHMMSS'Z'`: the only form that Signature Version 4
 * knows, in x-amz-date, in the presigned query and in the texts about the clock.
 */

const basicDatePattern = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** Milliseconds since 1970 as a basic date; parts of a second are dropped. */
export function formatBasicDate(timeMs: number): string {
  const text = new Date(timeMs).toISOString();
  return `${text.slice(0, 19).replaceAll('-', '').replaceAll(':', '')}Z`;
}

/**
 * Reads a basic date as milliseconds since 1970; undefined when it is in another form or names a
 * day or time that does not exist (30 February, 24:00:00, a leap second).
 */
export function parseBasicDate(text: string): number | undefined {
  const parts = basicDatePattern.exec(text);
  if (parts === null) {
    return undefined;
  }
  const [, year, month, day, hour, minute, second] = parts;
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // V8 refuses hour 25 and month 13, but rolls 30 February into March and 24:00 into the next day.
  const isRolledOver = new Date(timeMs).getUTCDate() !== Number(day);
  return Number.isNaN(timeMs) || isRolledOver ? undefined : timeMs;
}

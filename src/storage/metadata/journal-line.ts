/**
 * One line of the journal: an entry as JSON, chained to the line before it.
 *
 * A line is one JSON object whose last two fields are `previous`, the hash of the line before, and
 * `hash`, the SHA-256 (lower-case hex) of the line without its `hash` field. So a changed line is
 * seen by its own hash, and a removed, added or reordered one by its neighbour's.
 */
import { createHash } from 'node:crypto';
import { toIsoDate } from '../../lib/clock.ts';
import type { Envelope, RecordedEntry } from './entries.ts';

/** What the first line of a store names as the hash before it. */
export const firstPrevious = '0'.repeat(64);

export interface JournalLine {
  /** The line's text, with its line end. */
  readonly text: string;
  readonly hash: string;
}

/** Writes an entry as the line that follows the one with the hash `previous`. */
export function writeLine(entry: RecordedEntry, previous: string): JournalLine {
  const { sequence, time, lockTime, accountId, principalArn, requestId, kind, data } = entry;
  const body = JSON.stringify({
    sequence,
    time: toIsoDate(time),
    lockTime: toIsoDate(lockTime),
    account: accountId,
    principal: principalArn,
    requestId,
    kind,
    data,
    previous,
  });
  const hash = createHash('sha256').update(body).digest('hex');
  return { text: `${body.slice(0, -1)},"hash":"${hash}"}\n`, hash };
}

/** What a line says; undefined when it is no JSON. */
interface LineFields {
  readonly sequence: number;
  readonly time: string;
  readonly lockTime: string;
  readonly account: string;
  readonly principal: string;
  readonly requestId: string;
  readonly kind: string;
  readonly data: unknown;
  readonly previous: string;
}

function parseJson(body: string): LineFields | undefined {
  try {
    return JSON.parse(body) as LineFields;
  } catch {
    return undefined;
  }
}

export interface ReadLine {
  readonly entry: RecordedEntry;
  readonly previous: string;
  readonly hash: string;
}

/** `,"hash":"…"}` at the end of a line. */
const hashFieldLength = ',"hash":""}'.length + 64;

/** Reads a line (without its line end); undefined when it is not one, or not as it was written. */
export function readLine(text: string): ReadLine | undefined {
  const body = `${text.slice(0, -hashFieldLength)}}`;
  const hash = createHash('sha256').update(body).digest('hex');
  if (!text.endsWith(`,"hash":"${hash}"}`)) return undefined;
  const line = parseJson(body);
  if (!line) return undefined;
  const envelope: Envelope = {
    sequence: line.sequence,
    time: Date.parse(line.time),
    lockTime: Date.parse(line.lockTime),
    accountId: line.account,
    principalArn: line.principal,
    requestId: line.requestId,
  };
  const entry = { ...envelope, kind: line.kind, data: line.data } as RecordedEntry;
  return { entry, previous: line.previous, hash };
}

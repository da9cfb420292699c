/**
 * The journal's files as they are read: which there are, their lines, and the chain through them.
 * Nothing here changes a file, so it may run beside a server that appends.
 */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readAt } from '../durable-file.ts';
import { StoreDamagedError } from '../store-errors.ts';
import { firstPrevious, type ReadLine, readLine } from './journal-line.ts';

/** Lines are read in pieces of this size. */
const readBytes = 1024 * 1024;
/** No append is longer, and so no line and no torn end. A group of changes has far less. */
export const longestAppendBytes = 16 * 1024 * 1024;
export const lineEnd = 0x0a;

/** A line's place, and what is needed to go on after it. */
export interface JournalPosition {
  readonly sequence: number;
  readonly fileNumber: number;
  readonly lineStartByte: number;
  readonly lineEndByte: number;
  readonly hash: string;
}

/** Before the first line of a store. */
export const journalStart: JournalPosition = {
  sequence: 0,
  fileNumber: 1,
  lineStartByte: 0,
  lineEndByte: 0,
  hash: firstPrevious,
};

export interface PlacedLine extends ReadLine {
  readonly position: JournalPosition;
  /** As it stands in the file, with its line end. */
  readonly bytes: Buffer;
}

/** In the store's root. */
export const journalName = 'journal';

export function journalDirectory(storeDirectory: string): string {
  return join(storeDirectory, journalName);
}

export function journalPath(directory: string, fileNumber: number): string {
  return join(directory, `${String(fileNumber).padStart(8, '0')}.jsonl`);
}

/** Their numbers, in order. */
export async function listJournalFiles(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => /^[0-9]{8}\.jsonl$/.test(name))
    .map((name) => Number(name.slice(0, 8)))
    .sort((a, b) => a - b);
}

export function missingFile(directory: string, fileNumber: number): StoreDamagedError {
  const path = journalPath(directory, fileNumber);
  return new StoreDamagedError(`The journal's file ${path} is missing`);
}

export function damagedAt(path: string, startByte: number): StoreDamagedError {
  return new StoreDamagedError(
    `${path} is damaged at byte ${startByte}: the line there is not the one that was written. Nothing was changed; put back a good copy of the file`,
  );
}

/**
 * The lines of one file behind `after`, each chained to the one before it.
 *
 * @returns where something stands that is not a line (a torn end, if it is the last of the last
 *   file), or undefined when every byte belongs to a line
 * @throws StoreDamagedError when a line is whole, but not the one that follows
 */
export async function* readChain(
  file: FileHandle,
  path: string,
  fileNumber: number,
  after: JournalPosition,
): AsyncGenerator<PlacedLine, number | undefined, undefined> {
  let startByte = fileNumber === after.fileNumber ? after.lineEndByte : 0;
  let { sequence, hash: previous } = after;
  for await (const bytes of splitLines(file, startByte)) {
    const isEnded = bytes.at(-1) === lineEnd;
    const line = isEnded ? readLine(bytes.toString('utf8', 0, bytes.length - 1)) : undefined;
    if (!line) return startByte;
    if (line.previous !== previous || line.entry.sequence !== sequence + 1) {
      throw damagedAt(path, startByte);
    }
    const lineEndByte = startByte + bytes.length;
    const { hash } = line;
    sequence += 1;
    previous = hash;
    const position = { sequence, fileNumber, lineStartByte: startByte, lineEndByte, hash };
    yield { ...line, bytes, position };
    startByte = lineEndByte;
  }
  return undefined;
}

/** The pieces between line ends (which they include; the last may lack one), from `startByte` on. */
async function* splitLines(file: FileHandle, startByte: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for (let at = startByte; ; ) {
    const piece = Buffer.alloc(readBytes);
    const read = await readAt(file, piece, at);
    at += read;
    let bytes: Buffer = Buffer.concat([rest, piece.subarray(0, read)]);
    for (let end = bytes.indexOf(lineEnd); end >= 0; end = bytes.indexOf(lineEnd)) {
      yield bytes.subarray(0, end + 1);
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
    if (read < readBytes || rest.length > longestAppendBytes) {
      if (rest.length > 0) yield rest;
      return;
    }
  }
}

/**
 * Every line behind the entry `afterSequence`, oldest first. It ends where the journal does; an
 * append that is being made, or was cut short, is not part of it.
 *
 * @param directory where the journal's files lie
 * @throws StoreDamagedError when a line is damaged or a file is missing
 */
export async function* readJournal(
  directory: string,
  afterSequence = 0,
): AsyncGenerator<PlacedLine, void, undefined> {
  const fileNumbers = await listJournalFiles(directory);
  let position = await positionBefore(directory, fileNumbers, afterSequence);
  for (const fileNumber of fileNumbers.filter((number) => number >= position.fileNumber)) {
    if (fileNumber > position.fileNumber + 1) {
      throw missingFile(directory, position.fileNumber + 1);
    }
    const path = journalPath(directory, fileNumber);
    const file = await open(path, 'r');
    try {
      const lines = readChain(file, path, fileNumber, position);
      let line = await lines.next();
      for (; !line.done; line = await lines.next()) {
        position = line.value.position;
        if (position.sequence > afterSequence) yield line.value;
      }
      const isUnread = line.value !== undefined;
      if (isUnread && fileNumber !== fileNumbers.at(-1)) throw damagedAt(path, line.value ?? 0);
      if (isUnread && (await holdsLineEnd(file, line.value ?? 0))) {
        throw damagedAt(path, line.value ?? 0);
      }
    } finally {
      await file.close();
    }
  }
}

/** Behind a torn end nothing follows: a line end there means that a line was changed. */
async function holdsLineEnd(file: FileHandle, startByte: number): Promise<boolean> {
  for await (const bytes of splitLines(file, startByte)) return bytes.at(-1) === lineEnd;
  return false;
}

/** Where to begin to read: before the first line of the file that holds the entry. */
async function positionBefore(
  directory: string,
  fileNumbers: readonly number[],
  sequence: number,
): Promise<JournalPosition> {
  let before = journalStart;
  for (const fileNumber of sequence === 0 ? [] : fileNumbers) {
    const first = await firstLine(directory, fileNumber);
    if (!first || first.entry.sequence > sequence + 1) break;
    const { previous: hash, entry } = first;
    const place = { fileNumber, lineStartByte: 0, lineEndByte: 0 };
    before = { ...place, sequence: entry.sequence - 1, hash };
  }
  return before;
}

async function firstLine(directory: string, fileNumber: number): Promise<ReadLine | undefined> {
  const file = await open(journalPath(directory, fileNumber), 'r');
  try {
    for await (const bytes of splitLines(file, 0)) {
      return readLine(bytes.toString('utf8', 0, bytes.length - 1));
    }
    return undefined;
  } finally {
    await file.close();
  }
}

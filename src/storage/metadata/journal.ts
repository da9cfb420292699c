/**
 * The journal on disk: `journal/00000001.jsonl` and so on, append-only, one file after the other.
 *
 * Appending is the moment of acknowledgement. A torn end, left by a power cut in the middle of an
 * append, was never acknowledged: it is set aside when the journal is opened.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { randomName } from '../../lib/ids.ts';
import { durableWrite, flushDirectory, readAt, writeAt } from '../durable-file.ts';
import { StoreDamagedError, StoreUnavailableError } from '../store-errors.ts';
import type { StoreHealth } from '../store-health.ts';
import {
  damagedAt,
  type JournalPosition,
  journalPath,
  journalStart,
  listJournalFiles,
  longestAppendBytes,
  missingFile,
  type PlacedLine,
  readChain,
} from './journal-files.ts';
import { readLine } from './journal-line.ts';

/** A new file is begun when the current one has reached this size. */
const fileBytes = 64 * 1024 * 1024;
const lineBeginning = '{"sequence":';

export class Journal {
  readonly #directory: string;
  readonly #health: StoreHealth;
  #file: FileHandle | undefined;
  #end: JournalPosition = journalStart;
  #tornBytes = 0;

  constructor(directory: string, health: StoreHealth) {
    this.#directory = directory;
    this.#health = health;
  }

  /** Bytes of an append that was cut short, which `replay` has set aside. */
  get tornBytes(): number {
    return this.#tornBytes;
  }

  /** Where the last line stands. */
  get end(): JournalPosition {
    return this.#end;
  }

  /**
   * Reads every line behind `after`, checks the chain, and is ready to append when done. Bytes behind
   * the last line that never became one are moved to `asideDirectory`.
   *
   * @throws StoreDamagedError when a line is damaged, or the journal does not reach as far as `after`
   */
  async *replay(
    after: JournalPosition,
    asideDirectory: string,
  ): AsyncGenerator<PlacedLine, void, undefined> {
    await this.#checkPosition(after);
    const fileNumbers = await listJournalFiles(this.#directory);
    let position = after;
    for (const fileNumber of fileNumbers.filter((number) => number >= after.fileNumber)) {
      if (fileNumber > position.fileNumber + 1)
        throw missingFile(this.#directory, position.fileNumber + 1);
      const isLast = fileNumber === fileNumbers.at(-1);
      for await (const line of this.#readFile(fileNumber, position, isLast, asideDirectory)) {
        position = line.position;
        yield line;
      }
    }
    this.#end = position;
    this.#file = await this.#openFile(position.fileNumber);
  }

  /**
   * Appends whole lines. Durable when it resolves: this is the moment of acknowledgement.
   *
   * @param text the lines with their ends
   * @param last the position of the last of them, as `place` has computed it
   * @throws StoreUnavailableError when nothing was appended; the journal is as it was before
   */
  async append(text: Buffer, last: JournalPosition): Promise<void> {
    this.#health.assertWritable();
    if (text.length > longestAppendBytes) {
      throw new StoreUnavailableError(`${text.length} bytes are too many for one append`);
    }
    const startByte = last.fileNumber === this.#end.fileNumber ? this.#end.lineEndByte : 0;
    const file = startByte === 0 ? await this.#beginFile(last.fileNumber) : this.#current();
    try {
      await writeAt(file, text, startByte);
    } catch (error) {
      await this.#undo(file, startByte, error);
    }
    try {
      await file.datasync();
    } catch (error) {
      this.#health.turnReadOnly(`flushing the journal failed: ${messageOf(error)}`);
      throw new StoreUnavailableError('The journal could not be flushed', { cause: error });
    }
    this.#end = last;
  }

  /**
   * Takes back the last append, which nobody was told of. The store is read-only when that fails.
   *
   * @param before where the journal ended before it
   */
  async takeBack(before: JournalPosition): Promise<void> {
    const isSameFile = before.fileNumber === this.#end.fileNumber;
    try {
      await this.#current().truncate(isSameFile ? before.lineEndByte : 0);
      await this.#current().datasync();
      this.#end = before;
    } catch (error) {
      this.#health.turnReadOnly(`the journal could not be cut back: ${messageOf(error)}`);
    }
  }

  /** Where lines of these lengths (in bytes, with their ends) would come to stand. */
  place(lines: readonly { lengthBytes: number; hash: string }[]): JournalPosition {
    let position = this.#end;
    const isFull = position.lineEndByte >= fileBytes;
    const fileNumber = position.fileNumber + (isFull ? 1 : 0);
    let endByte = isFull ? 0 : position.lineEndByte;
    for (const line of lines) {
      position = {
        sequence: position.sequence + 1,
        fileNumber,
        lineStartByte: endByte,
        lineEndByte: endByte + line.lengthBytes,
        hash: line.hash,
      };
      endByte = position.lineEndByte;
    }
    return position;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  #current(): FileHandle {
    if (!this.#file) throw new StoreUnavailableError('The journal is closed');
    return this.#file;
  }

  /** Takes back what a failed write has left, so that the next append begins on a clean end. */
  async #undo(file: FileHandle, lengthBytes: number, cause: unknown): Promise<never> {
    try {
      await file.truncate(lengthBytes);
    } catch {
      this.#health.turnReadOnly(`the journal could not be written: ${messageOf(cause)}`);
    }
    throw new StoreUnavailableError(`The journal could not be written: ${messageOf(cause)}`, {
      cause,
    });
  }

  async #beginFile(fileNumber: number): Promise<FileHandle> {
    const file = await this.#openFile(fileNumber).catch((cause) => {
      throw new StoreUnavailableError(`No journal file can be begun: ${messageOf(cause)}`, {
        cause,
      });
    });
    await this.#file?.close();
    this.#file = file;
    return file;
  }

  /** Opens a file to write in it; makes it, durably, when it is not there. */
  async #openFile(fileNumber: number): Promise<FileHandle> {
    const path = this.#path(fileNumber);
    try {
      return await open(path, 'r+');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const file = await open(path, 'wx+', 0o600);
    await flushDirectory(this.#directory);
    return file;
  }

  #path(fileNumber: number): string {
    return journalPath(this.#directory, fileNumber);
  }

  /** The line at `position` must be the one that the view has applied last. */
  async #checkPosition(position: JournalPosition): Promise<void> {
    if (position.sequence === 0) return;
    const path = this.#path(position.fileNumber);
    const file = await open(path, 'r').catch(() => {
      throw missingFile(this.#directory, position.fileNumber);
    });
    try {
      const length = position.lineEndByte - position.lineStartByte;
      const line = Buffer.alloc(length);
      const read = await readAt(file, line, position.lineStartByte);
      const found = read === length ? readLine(line.toString('utf8', 0, length - 1)) : undefined;
      if (found?.hash !== position.hash) {
        throw new StoreDamagedError(
          `${path} does not hold entry ${position.sequence}, which the view has applied: the journal was changed or is older than the view`,
        );
      }
    } finally {
      await file.close();
    }
  }

  /** The lines of one file behind `after`. */
  async *#readFile(
    fileNumber: number,
    after: JournalPosition,
    isLast: boolean,
    asideDirectory: string,
  ): AsyncGenerator<PlacedLine, void, undefined> {
    const path = this.#path(fileNumber);
    const file = await open(path, 'r+');
    try {
      const tornAt = yield* readChain(file, path, fileNumber, after);
      if (tornAt === undefined) return;
      if (!isLast) throw damagedAt(path, tornAt);
      this.#tornBytes = await setTornEndAside(file, path, tornAt, asideDirectory);
    } finally {
      await file.close();
    }
  }
}

/**
 * Cuts off what stands behind the last good line and keeps it aside. Returns how many bytes that were.
 *
 * @throws StoreDamagedError when it cannot be the torn end of one append: it is longer than any, or a
 *   whole line stands in it, which then was acknowledged and is now changed, or stands behind one
 */
async function setTornEndAside(
  file: FileHandle,
  path: string,
  startByte: number,
  asideDirectory: string,
): Promise<number> {
  const { size } = await file.stat();
  if (size - startByte > longestAppendBytes) throw damagedAt(path, startByte);
  const torn = Buffer.alloc(size - startByte);
  await readAt(file, torn, startByte);
  if (holdsWholeLine(torn.toString('latin1'))) throw damagedAt(path, startByte);
  await durableWrite(join(asideDirectory, `journal-end-${startByte}-${randomName()}.torn`), torn);
  await file.truncate(startByte);
  await file.datasync();
  return torn.length;
}

/** Whether a line stands in the text that was written whole, changed or not. */
function holdsWholeLine(text: string): boolean {
  const pieces = text.split('\n');
  const unended = pieces.pop() ?? '';
  return (
    pieces.some(isJson) ||
    // Behind something that is no line, or with another character in the place of its end.
    [...pieces, unended.slice(0, -1)].some((piece) => {
      const at = piece.lastIndexOf(lineBeginning);
      return at >= 0 && readLine(Buffer.from(piece.slice(at), 'latin1').toString()) !== undefined;
    })
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

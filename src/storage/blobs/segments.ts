/**
 * Small blobs, many to a file: `segments/00000001.tar` and so on.
 *
 * A segment is a tar archive that only grows: each blob is a member that has the blob's id as its
 * name. All blobs that wait are written with one write and one flush. When a segment is full, or the
 * server was started again, the next is begun; whatever a crash has left at the end of one is never
 * written over. A segment goes when all of its members have been deleted; which ones were stands in
 * `00000001.deleted` beside it, a blob id a line.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { flush, flushDirectory, readAt, writeAt } from '../durable-file.ts';
import { readStored, withStored } from './read-stored.ts';
import {
  endOfArchive,
  isMember,
  memberHeader,
  memberSize,
  paddedBytes,
  tarBlockBytes,
} from './tar.ts';

/** A new segment is begun when the current one has reached this size. */
const segmentBytes = 64 * 1024 * 1024;
/** Bytes of one write, and of its flush. */
const groupBytes = 8 * 1024 * 1024;

export interface SegmentPlace {
  readonly segmentNumber: number;
  /** Where the blob's bytes begin, behind its member's header. */
  readonly offsetBytes: number;
}

/** Segment and offset, so that the id alone says where the bytes are. */
export function formatSegmentBlobId(place: SegmentPlace): string {
  const { segmentNumber, offsetBytes } = place;
  return `${segmentName(segmentNumber)}-${String(offsetBytes).padStart(10, '0')}`;
}

export function parseSegmentBlobId(blobId: string): SegmentPlace | undefined {
  const match = /^([0-9]{8})-([0-9]{10})$/.exec(blobId);
  return match ? { segmentNumber: Number(match[1]), offsetBytes: Number(match[2]) } : undefined;
}

function segmentName(segmentNumber: number): string {
  return String(segmentNumber).padStart(8, '0');
}

interface WaitingBlob {
  readonly bytes: Uint8Array;
  readonly resolve: (blobId: string) => void;
  readonly reject: (error: unknown) => void;
}

interface OpenSegment {
  readonly segmentNumber: number;
  readonly file: FileHandle;
  endByte: number;
}

export class Segments {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #lastNumber: number;
  #current: OpenSegment | undefined;
  #begun = 0;
  #waiting: WaitingBlob[] = [];
  #writing: Promise<void> | undefined;
  #deleting: Promise<void> = Promise.resolve();

  private constructor(directory: string, clock: Clock, lastNumber: number) {
    this.#directory = directory;
    this.#clock = clock;
    this.#lastNumber = lastNumber;
  }

  /** Opens the segments of a directory; those that died while they were current are removed. */
  static async open(directory: string, clock: Clock): Promise<Segments> {
    const names = await readdir(directory);
    const numbers = names.map((name) => Number.parseInt(name, 10)).filter(Number.isInteger);
    const segments = new Segments(directory, clock, Math.max(0, ...numbers));
    const touched = names.filter((name) => name.endsWith('.deleted'));
    for (const name of touched) await segments.#removeIfDead(Number.parseInt(name, 10));
    return segments;
  }

  /** Appends a blob. Durable on return. Blobs that come at the same time share one flush. */
  append(bytes: Uint8Array): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      this.#writing ??= this.#writeGroups();
    });
  }

  /** All bytes of a blob. @throws BlobDamagedError when they are not there */
  async read(place: SegmentPlace, sizeBytes: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(sizeBytes);
    const path = this.#path(place.segmentNumber);
    await withStored(path, (file) => readStored(file, path, bytes, place.offsetBytes));
    return bytes;
  }

  /** Notes that a blob is deleted, and removes its segment when it was the last one there. */
  delete(place: SegmentPlace): Promise<void> {
    const deletion = this.#deleting.then(() => this.#delete(place));
    this.#deleting = deletion.catch(() => {});
    return deletion;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#deleting;
    await this.#current?.file.close();
    this.#current = undefined;
  }

  async #writeGroups(): Promise<void> {
    // Everything that arrives in the same turn of the event loop shares the first group.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        const blobIds = await this.#writeGroup(group);
        group.forEach((blob, index) => {
          blob.resolve(blobIds[index] as string);
        });
      } catch (error) {
        // What stands at the end of this segment is not known: nothing is added to it any more.
        await this.#leaveCurrent();
        for (const blob of group) blob.reject(error);
      }
    }
    this.#writing = undefined;
  }

  #takeGroup(): WaitingBlob[] {
    let bytes = 0;
    let count = 0;
    for (const blob of this.#waiting) {
      bytes += blob.bytes.length;
      if (count > 0 && bytes > groupBytes) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #writeGroup(group: readonly WaitingBlob[]): Promise<string[]> {
    const segment = await this.#openSegment();
    const pieces: Uint8Array[] = [];
    const blobIds: string[] = [];
    let endByte = segment.endByte;
    for (const { bytes } of group) {
      const offsetBytes = endByte + tarBlockBytes;
      const blobId = formatSegmentBlobId({ segmentNumber: segment.segmentNumber, offsetBytes });
      const padding = Buffer.alloc(paddedBytes(bytes.length) - bytes.length);
      pieces.push(memberHeader(blobId, bytes.length, this.#clock.now()), bytes, padding);
      blobIds.push(blobId);
      endByte = offsetBytes + paddedBytes(bytes.length);
    }
    await writeAt(segment.file, Buffer.concat(pieces), segment.endByte);
    await flush(segment.file, this.#path(segment.segmentNumber));
    segment.endByte = endByte;
    return blobIds;
  }

  async #openSegment(): Promise<OpenSegment> {
    if (this.#current && this.#current.endByte >= segmentBytes) await this.#seal(this.#current);
    if (!this.#current) {
      this.#begun += 1;
      const segmentNumber = this.#lastNumber + this.#begun;
      const file = await open(this.#path(segmentNumber), 'wx', 0o600);
      await flushDirectory(this.#directory);
      this.#current = { segmentNumber, file, endByte: 0 };
    }
    return this.#current;
  }

  /** Ends a full segment as tar ends an archive. */
  async #seal(segment: OpenSegment): Promise<void> {
    await writeAt(segment.file, endOfArchive, segment.endByte);
    await segment.file.chmod(0o440);
    await flush(segment.file, this.#path(segment.segmentNumber));
    await this.#leaveCurrent();
    this.#deleting = this.#deleting.then(() =>
      this.#removeIfDead(segment.segmentNumber).catch(() => {}),
    );
  }

  async #leaveCurrent(): Promise<void> {
    await this.#current?.file.close().catch(() => {});
    this.#current = undefined;
  }

  async #delete(place: SegmentPlace): Promise<void> {
    const deletedPath = this.#path(place.segmentNumber, 'deleted');
    const deleted = await readBlobIds(deletedPath);
    const blobId = formatSegmentBlobId(place);
    if (!deleted.has(blobId)) await appendLine(deletedPath, blobId);
    await this.#removeIfDead(place.segmentNumber);
  }

  /** Removes a segment of which all members were deleted, unless blobs are still added to it. */
  async #removeIfDead(segmentNumber: number): Promise<void> {
    if (segmentNumber === this.#current?.segmentNumber) return;
    const deletedPath = this.#path(segmentNumber, 'deleted');
    const deleted = await readBlobIds(deletedPath);
    if (deleted.size < (await this.#countMembers(segmentNumber))) return;
    await unlink(this.#path(segmentNumber)).catch(ignoreMissing);
    await unlink(deletedPath).catch(ignoreMissing);
  }

  /** Walks from header to header. A member that was cut off at the end was never acknowledged. */
  async #countMembers(segmentNumber: number): Promise<number> {
    const file = await open(this.#path(segmentNumber), 'r').catch(ignoreMissing);
    if (!file) return 0;
    try {
      const { size: fileBytes } = await file.stat();
      const header = Buffer.alloc(tarBlockBytes);
      let members = 0;
      for (let at = 0; (await readAt(file, header, at)) === tarBlockBytes; members++) {
        const isWhole = at + tarBlockBytes + memberSize(header) <= fileBytes;
        if (!isMember(header) || !isWhole) break;
        at += tarBlockBytes + paddedBytes(memberSize(header));
      }
      return members;
    } finally {
      await file.close();
    }
  }

  #path(segmentNumber: number, extension = 'tar'): string {
    return join(this.#directory, `${segmentName(segmentNumber)}.${extension}`);
  }
}

/** The line end before it closes a line that a crash may have torn. */
async function appendLine(path: string, line: string): Promise<void> {
  const flags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY;
  const file = await open(path, flags, 0o600);
  try {
    await file.write(`\n${line}\n`);
    await flush(file, path);
  } finally {
    await file.close();
  }
}

async function readBlobIds(path: string): Promise<Set<string>> {
  const text = (await readFile(path, 'utf8').catch(ignoreMissing)) ?? '';
  return new Set(text.split('\n').filter((line) => parseSegmentBlobId(line)));
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

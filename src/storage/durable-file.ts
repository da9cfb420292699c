/**
 * The one way in which a file becomes durable.
 *
 * It is written under a temporary name in the directory where it will live, flushed, closed, renamed
 * and then its directory is flushed. Until the rename there is nothing; after it there is the whole.
 */
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomName } from '../lib/ids.ts';

/** Temporary files are named by it; those that a crash has left are removed at start. */
export const temporaryMark = '.tmp-';

/** What is finished is never written again. */
const readOnlyMode = 0o440;

/** A file on its way: not there yet under its own name. */
export class TemporaryFile {
  readonly file: FileHandle;
  readonly #temporaryPath: string;
  readonly #path: string;

  private constructor(file: FileHandle, temporaryPath: string, path: string) {
    this.file = file;
    this.#temporaryPath = temporaryPath;
    this.#path = path;
  }

  /** @param path where the file will be; its directory exists, the file does not */
  static async create(path: string): Promise<TemporaryFile> {
    const temporaryPath = `${path}${temporaryMark}${randomName()}`;
    return new TemporaryFile(await open(temporaryPath, 'wx', 0o600), temporaryPath, path);
  }

  /**
   * Flushes and closes the file and gives it its name, read-only. The bytes are durable on return,
   * the name only when the directory was flushed.
   *
   * @throws FlushError when the device would not confirm the bytes
   */
  async commit(mode: number = readOnlyMode): Promise<void> {
    await this.file.chmod(mode);
    await flush(this.file, this.#path);
    await this.file.close();
    await rename(this.#temporaryPath, this.#path);
  }

  /** Closes and removes it. */
  async discard(): Promise<void> {
    await this.file.close().catch(() => {});
    await unlink(this.#temporaryPath).catch(() => {});
  }
}

/** A flush has failed: what the device holds of this file is not known. */
export class FlushError extends Error {
  override readonly name = 'FlushError';
}

/** @throws FlushError */
export async function flush(file: FileHandle, path: string): Promise<void> {
  try {
    await file.datasync();
  } catch (cause) {
    throw new FlushError(`Flushing ${path} failed: ${(cause as Error).message}`, { cause });
  }
}

/** Writes a small file whole. Durable on return, name included. */
export async function durableWrite(
  path: string,
  bytes: Uint8Array,
  mode: number = readOnlyMode,
): Promise<void> {
  const temporary = await TemporaryFile.create(path);
  try {
    await writeAt(temporary.file, bytes, 0);
    await temporary.commit(mode);
  } catch (error) {
    await temporary.discard();
    throw error;
  }
  await flushDirectory(dirname(path));
}

/** Makes the names in a directory durable. @throws FlushError */
export async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } catch (cause) {
    throw new FlushError(`Flushing ${directory} failed: ${(cause as Error).message}`, { cause });
  } finally {
    await handle.close();
  }
}

/** Makes directories that may be there already; durable on return. `parent` exists. */
export async function ensureDirectories(parent: string, names: readonly string[]): Promise<void> {
  const made = await Promise.all(names.map((name) => makeDirectory(join(parent, name))));
  if (made.includes(true)) await flushDirectory(parent);
}

/** Returns whether it was not there before. */
async function makeDirectory(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Writes all of `bytes` at `offsetBytes`, however short the single writes are. */
export async function writeAt(
  file: FileHandle,
  bytes: Uint8Array,
  offsetBytes: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offsetBytes + done);
    done += bytesWritten;
  }
}

/** Fills `target` from `offsetBytes` on. Returns how many bytes there were: fewer only at the end. */
export async function readAt(
  file: FileHandle,
  target: Uint8Array,
  offsetBytes: number,
): Promise<number> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await file.read(target, done, target.length - done, offsetBytes + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

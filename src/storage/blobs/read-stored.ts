/** Reading what was stored: a file that is missing, or that the device cannot read, is damage. */
import { type FileHandle, open } from 'node:fs/promises';
import { readAt } from '../durable-file.ts';
import { BlobDamagedError, StoreUnavailableError } from '../store-errors.ts';

/** Opens a file of the store, hands it to `work`, and closes it. @throws BlobDamagedError */
export async function withStored<T>(
  path: string,
  work: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await openStored(path);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** Too few descriptors, or too little memory: that passes, and says nothing about the file. */
const passingCodes = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * @throws BlobDamagedError when it is not there or cannot be opened
 * @throws StoreUnavailableError when the process has no room for it now
 */
export async function openStored(path: string): Promise<FileHandle> {
  return open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    const message = `${path} cannot be opened: ${cause.message}`;
    if (passingCodes.has(cause.code ?? '')) throw new StoreUnavailableError(message, { cause });
    throw new BlobDamagedError(message, { cause });
  });
}

/** Fills `target` from `offsetBytes` on. @throws BlobDamagedError when that is not all there */
export async function readStored(
  file: FileHandle,
  path: string,
  target: Uint8Array,
  offsetBytes: number,
): Promise<void> {
  const found = await readAt(file, target, offsetBytes).catch((cause: Error) => {
    throw new BlobDamagedError(`${path} cannot be read: ${cause.message}`, { cause });
  });
  if (found === target.length) return;
  throw new BlobDamagedError(`${path} ends at byte ${offsetBytes + found}`);
}

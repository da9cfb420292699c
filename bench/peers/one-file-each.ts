/**
 * The plain way to keep small archives durably: one file each, written under a temporary name,
 * flushed, renamed, its directory flushed. No HTTP, no signature, no hash: just the writing.
 */
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { countFor, type Measured } from '../measure.ts';
import { answerMessages } from './peer-process.ts';

export interface OneFileEach {
  readonly directory: string;
  readonly writers: number;
  readonly sizeBytes: number;
  readonly seconds: number;
}

let written = 0;

async function writeOne(directory: string, bytes: Buffer): Promise<void> {
  const path = join(directory, String(written++));
  const file = await open(`${path}.tmp`, 'wx');
  await file.write(bytes);
  await file.datasync();
  await file.close();
  await rename(`${path}.tmp`, path);
  const handle = await open(directory, 'r');
  await handle.sync();
  await handle.close();
}

answerMessages<OneFileEach, Measured>(({ directory, writers, sizeBytes, seconds }) => {
  const bytes = Buffer.alloc(sizeBytes, 'firn');
  const workers = Array.from({ length: writers }, () => () => writeOne(directory, bytes));
  return countFor(seconds, workers);
});

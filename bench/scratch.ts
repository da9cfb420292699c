/**
 * What a run leaves on the machine, and how it goes: everything lies in one directory, and whatever
 * was begun is ended when the program ends, however that comes (Ctrl-C included).
 * NOTE tsx kills a program that has not taken a signal after a few hundredths of a second: nothing
 * here may keep the event loop for longer than that.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

const endings: (() => void)[] = [];

/** Has `end` called when the program ends: last come, first served. Calling it must do no harm. */
export function onExit(end: () => void): void {
  endings.push(end);
}

process.on('exit', () => {
  for (const end of endings.reverse()) end();
});
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const) {
  process.on(signal, () => process.exit(128 + number));
}

/** Makes a directory of our own in `parent`; it goes with the program. */
export function makeScratchDirectory(parent: string): string {
  const directory = mkdtempSync(join(parent, 'firn-bench-'));
  onExit(() => rmSync(directory, removal));
  return directory;
}

export function removeDirectory(directory: string): Promise<void> {
  return rm(directory, removal);
}

/** A process that was just killed may still be writing: tried more than once. */
const removal = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 };

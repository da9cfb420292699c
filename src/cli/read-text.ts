/** Files that are named on the command line. */
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { UsageError } from './cli-error.ts';

/**
 * The text of a file; `-` is standard input.
 * @param source the option that named it, for the error
 * @throws UsageError
 */
export async function readText(path: string, source: string): Promise<string> {
  try {
    return path === '-' ? await textOf(process.stdin) : await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${source}: ${(error as Error).message}`, { cause: error });
  }
}

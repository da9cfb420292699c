/** Whether a journal is as it was written: every line, the chain through them, and what was noted of it. */
import { StoreDamagedError } from '../store-errors.ts';
import type { ChainedEntry } from './metadata-store.ts';

/** The number and hash of an entry, as somebody noted it elsewhere at the time. */
export interface NotedEntry {
  readonly sequence: number;
  readonly hash: string;
}

export interface JournalVerification {
  readonly isIntact: boolean;
  /** How many entries were read and found good. */
  readonly entries: number;
  /** The last good one: noted elsewhere, it proves later that nothing before it was changed. */
  readonly last: NotedEntry | undefined;
  /** A sentence that says what is wrong. */
  readonly damage: string | undefined;
}

/**
 * Reads every entry. A chain that was computed anew from some entry on is intact in itself: only an
 * entry that was noted elsewhere tells it from the first one.
 */
export async function verifyJournal(
  entries: AsyncIterable<ChainedEntry>,
  noted?: NotedEntry,
): Promise<JournalVerification> {
  let count = 0;
  let last: NotedEntry | undefined;
  const result = (damage?: string) => ({
    isIntact: damage === undefined,
    entries: count,
    last,
    damage,
  });
  try {
    for await (const { entry, hash } of entries) {
      const { sequence } = entry;
      if (noted && count === 0 && sequence > noted.sequence) {
        return result(`It begins at entry ${sequence}, after ${noted.sequence}`);
      }
      if (sequence === noted?.sequence && hash !== noted.hash) {
        return result(`Entry ${sequence} has the hash ${hash}, and ${noted.hash} was noted`);
      }
      count += 1;
      last = { sequence, hash };
    }
  } catch (error) {
    if (error instanceof StoreDamagedError) return result(error.message);
    throw error;
  }
  if (noted && (last?.sequence ?? 0) < noted.sequence) {
    return result(`The journal ends at entry ${last?.sequence ?? 0}, before ${noted.sequence}`);
  }
  return result();
}

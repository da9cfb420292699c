/** A change that somebody may not make is part of the audit trail, as one that was made. */
import { GlacierError } from '../api/errors.ts';
import type { Actor, EntryData } from '../storage/metadata/entries.ts';
import type { MetadataStore } from '../storage/metadata/metadata-store.ts';

/**
 * Does the work, and records it when it is refused with AccessDeniedException.
 *
 * @param describe what was refused; undefined where nothing would have changed
 * @throws what `work` throws
 */
export async function recordRefusals<T>(
  metadata: MetadataStore,
  actor: Actor,
  describe: () => EntryData['Refused'] | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isDenied = error instanceof GlacierError && error.code === 'AccessDeniedException';
    const data = isDenied ? describe() : undefined;
    if (data) await metadata.write(actor, (tx) => tx.record({ kind: 'Refused', data }));
    throw error;
  }
}

/**
 * What each kind of entry does to the rows.
 *
 * The same functions run when an entry is made and when the journal is read again at start, so the
 * view can be thrown away at any time. They decide nothing: whoever recorded the entry has.
 */
import { StoreDamagedError } from '../store-errors.ts';
import { accountAppliers } from './appliers/account.ts';
import type { Applier, Appliers, RowWriter } from './appliers/applier.ts';
import { archiveAppliers } from './appliers/archive.ts';
import { jobAppliers } from './appliers/job.ts';
import { notificationAppliers } from './appliers/notification.ts';
import { vaultAppliers } from './appliers/vault.ts';
import type { EntryKind, RecordedEntry } from './entries.ts';

const appliers: Appliers<EntryKind> = {
  ...accountAppliers,
  ...vaultAppliers,
  ...archiveAppliers,
  ...jobAppliers,
  ...notificationAppliers,
};

/**
 * Changes the rows as the entry says.
 *
 * @throws StoreDamagedError when the entry speaks of something that no entry before it has made, or
 *   is of a kind that this version does not know.
 */
export async function applyEntry(rows: RowWriter, entry: RecordedEntry): Promise<void> {
  const apply = appliers[entry.kind] as Applier<EntryKind> | undefined;
  if (!apply) {
    throw new StoreDamagedError(
      `Journal entry ${entry.sequence} is of the kind ${JSON.stringify(entry.kind)}, which this version does not know: it was written by a newer one`,
    );
  }
  await apply(rows, entry);
}

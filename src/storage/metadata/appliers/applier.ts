/** What all appliers are made of. */
import { changedRecords, StoreDamagedError } from '../../store-errors.ts';
import type { EntryKind, RecordedEntry } from '../entries.ts';
import type { Reader } from '../metadata-store.ts';
import { releaseBlob as releaseBlobQuery } from '../queries/blobs.ts';
import { listTags } from '../queries/tags.ts';
import { findVault } from '../queries/vaults.ts';
import type { Query } from '../query.ts';
import { isVaultIntact, type RowSeal, type VaultSeals } from '../row-seal.ts';
import type { TagRow, VaultRow } from '../schema.ts';

/** Rows inside the one transaction that may change them. */
export interface RowWriter extends Reader {
  readonly seal: RowSeal;
  readonly vaultSeals: VaultSeals;
  run<Parameters>(query: Query<Parameters, never>, parameters: Parameters): Promise<void>;
}

/** Changes the rows as an entry of this kind says. */
export type Applier<Kind extends EntryKind> = (
  rows: RowWriter,
  entry: RecordedEntry<Kind>,
) => Promise<void>;

export type Appliers<Kinds extends EntryKind> = { readonly [Kind in Kinds]: Applier<Kind> };

/** @throws StoreDamagedError when there is no such row: no entry has made it */
export function known<Row>(row: Row | undefined, entry: RecordedEntry): Row {
  if (row) return row;
  throw new StoreDamagedError(
    `Journal entry ${entry.sequence} (${entry.kind}) speaks of something that does not exist`,
  );
}

/**
 * The vault that an entry names.
 *
 * @throws StoreDamagedError when its row is not as entries made it: what is recorded about it then
 *   would be about something else
 */
export async function vaultOf(
  rows: RowWriter,
  entry: RecordedEntry & { readonly data: { readonly vaultName: string } },
): Promise<VaultRow> {
  const { accountId, data } = entry;
  const vault = known(await rows.first(findVault, { accountId, vaultName: data.vaultName }), entry);
  if (isVaultIntact(vault, await tagsOf(rows, vault), rows)) return vault;
  throw new StoreDamagedError(changedRecords(vault));
}

/** Its seal covers them. */
export function tagsOf(rows: RowWriter, { sequence }: VaultRow): Promise<TagRow[]> {
  return rows.all(listTags, { vaultSequence: sequence });
}

/** The blob goes after a while, unless a job needs the archive that it belongs to. */
export function releaseBlob(
  rows: RowWriter,
  entry: RecordedEntry,
  blobId: string,
  archiveSequence: number | null,
): Promise<void> {
  return rows.run(releaseBlobQuery, {
    blob_id: blobId,
    released_at: entry.time,
    archive_sequence: archiveSequence,
  });
}

/** Whoever changes records by hand closes the vault: nothing is deleted by what they say then. */
import { GlacierError } from '../api/errors.ts';
import type { Service } from '../operation.ts';
import type { Reader } from '../storage/metadata/metadata-store.ts';
import type { ArchiveRow, VaultRow } from '../storage/metadata/schema.ts';
import { changedRecords } from '../storage/store-errors.ts';

/**
 * Asked inside the change that deletes.
 *
 * @throws GlacierError AccessDeniedException when the vault's or the archive's record is not as the
 *   journal made it; an alarm is raised
 */
export async function requireIntact(
  tx: Reader,
  { metadata, raiseAlarm }: Pick<Service, 'metadata' | 'raiseAlarm'>,
  vault: VaultRow,
  archive?: ArchiveRow,
): Promise<void> {
  if (await metadata.isIntact(tx, { vault, ...(archive && { archive }) })) return;
  raiseAlarm('records-changed', changedRecords(vault));
  throw new GlacierError('AccessDeniedException', changedRecords(vault));
}

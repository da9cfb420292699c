/** Whoever changes records by hand closes the vault: nothing is deleted by what they say then. */
import { GlacierError } from '../api/errors.ts';
import type { Service } from '../operation.ts';
import type { Reader } from '../storage/metadata/metadata-store.ts';
import type { ArchiveRow, VaultRow } from '../storage/metadata/schema.ts';

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

/** In the words that a change of it is refused with as well. */
export function changedRecords(vault: VaultRow): string {
  return `The records of vault ${vault.vault_name} in account ${vault.account_id} are not as the journal made them: nothing is changed in it. Stop the server, move view.sqlite aside, and start: it is made anew from the journal`;
}

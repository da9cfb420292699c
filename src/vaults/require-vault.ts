import type { VaultPlace } from '../lib/arn.ts';
import type { VaultCall } from '../operation.ts';
import type { Reader } from '../storage/metadata/metadata-store.ts';
import { findVault } from '../storage/metadata/queries/vaults.ts';
import type { VaultRow } from '../storage/metadata/schema.ts';
import { vaultNotFound } from './vault.ts';

/** @throws GlacierError 404 when there is no such vault */
export function checkVaultExists(vault: VaultRow | undefined, place: VaultPlace): void {
  if (!vault) throw vaultNotFound(place);
}

/**
 * The vault of a call, looked up again inside the transaction that changes it.
 *
 * @throws GlacierError 404 when it was deleted since the call began, even if made again
 */
export async function requireVault(tx: Reader, call: VaultCall): Promise<VaultRow> {
  const { accountId, settings, vault } = call;
  const name = { region: settings.region, accountId, vaultName: vault.vault_name };
  const found = await tx.first(findVault, name);
  if (found?.sequence === vault.sequence) return found;
  throw vaultNotFound(name);
}

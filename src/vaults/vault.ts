/**
 * A vault: its name, and what it shows of itself.
 *
 * What a vault counts and lists is its last inventory, not its live state (documented). With an
 * `inventorySeconds` of 0 an inventory is taken by every write, so that both are the same.
 */
import { invalidParameter, notFound } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import type { VaultDescription } from '../api/shapes.ts';
import { type VaultPlace, vaultArn } from '../lib/arn.ts';
import { type Milliseconds, toIsoDate } from '../lib/clock.ts';
import type { VaultRow } from '../storage/metadata/schema.ts';

/** `.` and `..` fit Glacier's pattern but cannot be addressed: paths are normalised (chosen). */
export function isVaultName(name: string): boolean {
  return (
    /^[A-Za-z0-9_.-]+$/.test(name) &&
    name.length <= limits.vaultNameCharacters &&
    name !== '.' &&
    name !== '..'
  );
}

export function invalidVaultName(name: string) {
  return invalidParameter(`Invalid vault name: ${name}`);
}

/** A name that cannot be one is answered like a missing vault, without an ARN (observed). */
export function vaultNotFound(name: VaultPlace) {
  const shown = isVaultName(name.vaultName) ? vaultArn(name) : name.vaultName;
  return notFound(`Vault not found for ARN: ${shown}`);
}

export function arnOfVault(vault: VaultRow, region: string): string {
  return vaultArn({ region, accountId: vault.account_id, vaultName: vault.vault_name });
}

/** A vault as it was after the entry `upToSequence`. */
export interface Inventory {
  readonly date: Milliseconds;
  readonly upToSequence: number;
  readonly numberOfArchives: number;
  /** Sum of the archives' sizes, without overhead. */
  readonly sizeBytes: number;
}

/** The newest inventory; undefined before the first, which a vault never written to has not got. */
export function lastInventory(vault: VaultRow, inventorySeconds: number): Inventory | undefined {
  if (inventorySeconds > 0) {
    if (vault.inventory_at === null || vault.inventory_sequence === null) return undefined;
    return {
      date: vault.inventory_at,
      upToSequence: vault.inventory_sequence,
      numberOfArchives: vault.inventory_number_of_archives,
      sizeBytes: vault.inventory_size_bytes,
    };
  }
  if (vault.written_at === null || vault.written_sequence === null) return undefined;
  return {
    date: vault.written_at,
    upToSequence: vault.written_sequence,
    numberOfArchives: vault.number_of_archives,
    sizeBytes: vault.size_bytes,
  };
}

/**
 * Whether DeleteVault may have it: the last inventory is empty and nothing was written since, or
 * nothing was ever written (documented, observed).
 */
export function isDeletable(vault: VaultRow, inventorySeconds: number): boolean {
  if (vault.written_sequence === null) return true;
  const inventory = lastInventory(vault, inventorySeconds);
  return (
    inventory !== undefined &&
    inventory.numberOfArchives === 0 &&
    inventory.upToSequence >= vault.written_sequence
  );
}

/** Before the first inventory the counts are 0 (observed; the guide says null). */
export function describeVault(
  vault: VaultRow,
  settings: { readonly region: string; readonly inventorySeconds: number },
): VaultDescription {
  const inventory = lastInventory(vault, settings.inventorySeconds);
  const numberOfArchives = inventory?.numberOfArchives ?? 0;
  const overheadBytes = numberOfArchives * limits.archiveOverheadBytes;
  return {
    CreationDate: toIsoDate(vault.created_at),
    LastInventoryDate: inventory ? toIsoDate(inventory.date) : null,
    NumberOfArchives: numberOfArchives,
    SizeInBytes: (inventory?.sizeBytes ?? 0) + overheadBytes,
    VaultARN: arnOfVault(vault, settings.region),
    VaultName: vault.vault_name,
  };
}

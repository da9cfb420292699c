import { invalidParameter } from '../api/errors.ts';
import { requireIntact } from '../lock/require-intact.ts';
import type { Handler } from '../operation.ts';
import { requirePermission } from '../policies/require-permission.ts';
import { findLiveArchive } from '../storage/metadata/queries/archives.ts';
import { findVault } from '../storage/metadata/queries/vaults.ts';
import { arnOfVault, isDeletable, isVaultName, vaultNotFound } from './vault.ts';

/**
 * Deletes an empty vault, and with it its jobs and unfinished uploads (chosen). One that does not
 * exist is deleted already (documented as idempotent).
 */
export const deleteVault: Handler<'DeleteVault'> = async (_input, call) => {
  const { accountId, vaultName, settings } = call;
  if (!isVaultName(vaultName)) {
    throw vaultNotFound({ region: settings.region, accountId, vaultName });
  }
  await call.metadata.write(call, async (tx) => {
    const vault = await tx.first(findVault, { accountId, vaultName });
    if (!vault) return;
    const arn = arnOfVault(vault, settings.region);
    await requireIntact(tx, call, vault);
    await requirePermission(tx, {
      caller: call.caller,
      action: 'DeleteVault',
      resourceArn: arn,
      vault,
      archive: undefined,
      now: tx.now(),
      lockNow: tx.lockNow(),
    });
    // The count of a row is not enough for that.
    const archive = await tx.first(findLiveArchive, { vaultSequence: vault.sequence });
    if (archive || !isDeletable(vault, settings.inventorySeconds)) {
      throw invalidParameter(`Vault not empty or recently written to: ${arn}`);
    }
    await tx.record({ kind: 'VaultDeleted', data: { vaultName } });
  });
  return {};
};

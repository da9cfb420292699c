import type { Handler } from '../operation.ts';
import { requireVault } from '../vaults/require-vault.ts';

/** A success also when none is set (chosen: like its siblings). */
export const deleteVaultNotifications: Handler<'DeleteVaultNotifications'> = async (
  _input,
  call,
) => {
  await call.metadata.write(call, async (tx) => {
    const vault = await requireVault(tx, call);
    if (vault.notification_topic === null) return;
    const vaultName = vault.vault_name;
    await tx.record({ kind: 'NotificationsDeleted', data: { vaultName } });
  });
  return {};
};

import type { Handler } from '../operation.ts';
import { requireVault } from '../vaults/require-vault.ts';

/** A success also when none is set (documented as idempotent). */
export const deleteVaultAccessPolicy: Handler<'DeleteVaultAccessPolicy'> = async (_input, call) => {
  await call.metadata.write(call, async (tx) => {
    const vault = await requireVault(tx, call);
    if (vault.access_policy === null) return;
    const vaultName = vault.vault_name;
    await tx.record({ kind: 'AccessPolicyDeleted', data: { vaultName } });
  });
  return {};
};

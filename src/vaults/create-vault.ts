import { GlacierError } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import type { Handler } from '../operation.ts';
import { countVaults, findVault } from '../storage/metadata/queries/vaults.ts';
import { invalidVaultName, isVaultName } from './vault.ts';

/** Makes the vault, or leaves the one that exists as it is: both are answered alike (documented). */
export const createVault: Handler<'CreateVault'> = async (_input, call) => {
  const { accountId, vaultName } = call;
  if (!isVaultName(vaultName)) throw invalidVaultName(vaultName);
  await call.metadata.write(call, async (tx) => {
    if (await tx.first(findVault, { accountId, vaultName })) return;
    const counted = await tx.first(countVaults, { accountId });
    if (Number(counted?.count) >= limits.vaults) {
      throw new GlacierError(
        'LimitExceededException',
        'The maximum number of vaults for this account has been reached.',
      );
    }
    await tx.record({ kind: 'VaultCreated', data: { vaultName } });
  });
  return { location: `/${accountId}/vaults/${vaultName}` };
};

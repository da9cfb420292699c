import type { Handler } from '../operation.ts';
import { requireVault } from '../vaults/require-vault.ts';
import { arnOfVault } from '../vaults/vault.ts';
import { readVaultPolicy } from './vault-policy.ts';

/** Puts the policy in the place of the one before; in force at once. */
export const setVaultAccessPolicy: Handler<'SetVaultAccessPolicy'> = async (
  { parameters },
  call,
) => {
  const arn = arnOfVault(call.vault, call.settings.region);
  const policy = readVaultPolicy(parameters, 'access', arn);
  await call.metadata.write(call, async (tx) => {
    const { vault_name: vaultName } = await requireVault(tx, call);
    await tx.record({ kind: 'AccessPolicySet', data: { vaultName, policy } });
  });
  return {};
};

import type { Handler } from '../operation.ts';
import { readVaultPolicy } from '../policies/vault-policy.ts';
import { requireVault } from '../vaults/require-vault.ts';
import { arnOfVault } from '../vaults/vault.ts';
import { inProgressRefusal, lockedRefusal, lockOf } from './lock.ts';

/** The policy is in force from now on, and for good once completed within 24 hours. */
export const initiateVaultLock: Handler<'InitiateVaultLock'> = async ({ parameters }, call) => {
  const arn = arnOfVault(call.vault, call.settings.region);
  const policy = readVaultPolicy(parameters, 'lock', arn);
  const lockId = call.ids.next('lock');
  await call.metadata.write(call, async (tx) => {
    const vault = await requireVault(tx, call);
    const lock = lockOf(vault, tx.lockNow());
    if (lock) throw lock.state === 'Locked' ? lockedRefusal(vault) : inProgressRefusal(vault);
    await tx.record({
      kind: 'LockInitiated',
      data: { vaultName: vault.vault_name, lockId, policy },
    });
  });
  return { lockId };
};

import { invalidParameter } from '../api/errors.ts';
import type { Handler } from '../operation.ts';
import { requireVault } from '../vaults/require-vault.ts';
import { lockedRefusal, lockOf, noLock } from './lock.ts';

/** Irreversible. With the right id it may be repeated (documented). */
export const completeVaultLock: Handler<'CompleteVaultLock'> = async ({ lockId }, call) => {
  await call.metadata.write(call, async (tx) => {
    const vault = await requireVault(tx, call);
    const lock = lockOf(vault, tx.lockNow());
    if (!lock) throw noLock(vault);
    const isLocked = lock.state === 'Locked';
    if (lock.lockId !== lockId) {
      throw isLocked ? lockedRefusal(vault) : invalidParameter(`Invalid lock ID: ${lockId}`);
    }
    if (isLocked) return;
    await tx.record({ kind: 'LockCompleted', data: { vaultName: vault.vault_name } });
  });
  return {};
};

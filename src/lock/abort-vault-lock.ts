import type { Handler } from '../operation.ts';
import { requireVault } from '../vaults/require-vault.ts';
import { lockedRefusal, lockOf } from './lock.ts';

/** Ends a trial; without one it is a success as well. A completed lock stays (documented). */
export const abortVaultLock: Handler<'AbortVaultLock'> = async (_input, call) => {
  await call.metadata.write(call, async (tx) => {
    const vault = await requireVault(tx, call);
    const lock = lockOf(vault, tx.lockNow());
    if (!lock) return;
    if (lock.state === 'Locked') throw lockedRefusal(vault);
    await tx.record({ kind: 'LockAborted', data: { vaultName: vault.vault_name } });
  });
  return {};
};

import { invalidParameter } from '../api/errors.ts';
import { requireIntact } from '../lock/require-intact.ts';
import type { Handler } from '../operation.ts';
import { requirePermission } from '../policies/require-permission.ts';
import { findArchive } from '../storage/metadata/queries/archives.ts';
import { requireVault } from '../vaults/require-vault.ts';
import { arnOfVault } from '../vaults/vault.ts';
import { archiveNotFound } from './archive.ts';

/**
 * The archive is gone at once; its bytes go later, when nothing needs them any more. Deleting it
 * again is a success (documented). The lock is judged here, inside the change that deletes.
 */
export const deleteArchive: Handler<'DeleteArchive'> = async ({ archiveId }, call) => {
  await call.metadata.write(call, async (tx) => {
    const vault = await requireVault(tx, call);
    const archive = await tx.first(findArchive, { archiveId });
    if (!archive) throw archiveNotFound(archiveId);
    if (archive.vault_sequence !== vault.sequence) {
      // Observed: an id of another vault is answered with the name of this one.
      const arn = arnOfVault(vault, call.settings.region);
      throw invalidParameter(`Invalid vault name: ${arn}`);
    }
    if (archive.deleted_sequence !== null) return;
    await requireIntact(tx, call, vault, archive);
    await requirePermission(tx, {
      caller: call.caller,
      action: 'DeleteArchive',
      resourceArn: arnOfVault(vault, call.settings.region),
      vault,
      archive,
      now: tx.now(),
      lockNow: tx.lockNow(),
    });
    await tx.record({
      kind: 'ArchiveDeleted',
      data: { vaultName: vault.vault_name, archiveId },
    });
  });
  return {};
};

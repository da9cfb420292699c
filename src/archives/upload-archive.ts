import type { Handler } from '../operation.ts';
import { requireVault } from '../vaults/require-vault.ts';
import { receiveContent } from './receive-content.ts';

/** Not idempotent: the same upload twice makes two archives (documented). */
export const uploadArchive: Handler<'UploadArchive'> = async (input, call) => {
  const { accountId, vault } = call;
  const vaultName = vault.vault_name;
  const archiveId = call.ids.next('archive');
  const description = input.description ?? '';
  const treeHash = await receiveContent(call, input, async (tx, blob) => {
    await requireVault(tx, call);
    await tx.record({
      kind: 'ArchiveStored',
      data: { vaultName, archiveId, description, blob },
    });
    return blob.treeHash;
  });
  return {
    archiveId,
    treeHash,
    location: `/${accountId}/vaults/${vaultName}/archives/${archiveId}`,
  };
};

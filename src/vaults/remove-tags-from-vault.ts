import { missingParameter } from '../api/errors.ts';
import type { Handler } from '../operation.ts';
import { requireVault } from './require-vault.ts';
import { checkTagKeys } from './tag.ts';

/** Idempotent: keys that are not there are ignored (documented). */
export const removeTagsFromVault: Handler<'RemoveTagsFromVault'> = async ({ parameters }, call) => {
  const tagKeys = parameters?.TagKeys;
  if (!tagKeys) throw missingParameter('TagKeys');
  checkTagKeys(tagKeys);
  await call.metadata.write(call, async (tx) => {
    const { vault_name: vaultName } = await requireVault(tx, call);
    await tx.record({ kind: 'TagsRemoved', data: { vaultName, tagKeys } });
  });
  return {};
};

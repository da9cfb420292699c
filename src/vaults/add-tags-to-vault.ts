import { GlacierError, missingParameter } from '../api/errors.ts';
import { limits } from '../api/limits.ts';
import type { Handler } from '../operation.ts';
import { listTags } from '../storage/metadata/queries/tags.ts';
import { requireVault } from './require-vault.ts';
import { checkTags } from './tag.ts';

/** All or nothing. A tag that exists gets the new value, which adds none to the number. */
export const addTagsToVault: Handler<'AddTagsToVault'> = async ({ parameters }, call) => {
  const tags = parameters?.Tags;
  if (!tags) throw missingParameter('Tags');
  checkTags(tags);
  await call.metadata.write(call, async (tx) => {
    const vault = await requireVault(tx, call);
    const present = await tx.all(listTags, { vaultSequence: vault.sequence });
    const keys = new Set([...present.map((tag) => tag.tag_key), ...Object.keys(tags)]);
    if (keys.size > limits.tagsPerVault) {
      throw new GlacierError(
        'LimitExceededException',
        `The maximum number of ${limits.tagsPerVault} tags for this vault would be exceeded.`,
      );
    }
    await tx.record({ kind: 'TagsAdded', data: { vaultName: vault.vault_name, tags } });
  });
  return {};
};

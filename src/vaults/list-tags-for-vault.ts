import type { Handler } from '../operation.ts';
import { listTags } from '../storage/metadata/queries/tags.ts';

export const listTagsForVault: Handler<'ListTagsForVault'> = async (_input, call) => {
  const vaultSequence = call.vault.sequence;
  const tags = await call.metadata.read((tx) => tx.all(listTags, { vaultSequence }));
  return { body: { Tags: Object.fromEntries(tags.map((tag) => [tag.tag_key, tag.tag_value])) } };
};

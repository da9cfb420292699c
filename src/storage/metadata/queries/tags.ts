/** Tags of vaults. */
import { query } from '../query.ts';
import type { TagRow } from '../schema.ts';

export const listTags = query<{ vaultSequence: number }, TagRow>((schema, p) =>
  schema
    .selectFrom('tags')
    .selectAll()
    .where('vault_sequence', '=', p.vaultSequence)
    .orderBy('tag_key'),
);

/** A tag with the same key gets the new value. */
export const putTag = query<TagRow, never>((schema, p) =>
  schema
    .insertInto('tags')
    .values({ vault_sequence: p.vault_sequence, tag_key: p.tag_key, tag_value: p.tag_value })
    .onConflict((conflict) =>
      conflict.columns(['vault_sequence', 'tag_key']).doUpdateSet({ tag_value: p.tag_value }),
    ),
);

export const deleteTag = query<{ vaultSequence: number; tagKey: string }, never>((schema, p) =>
  schema
    .deleteFrom('tags')
    .where('vault_sequence', '=', p.vaultSequence)
    .where('tag_key', '=', p.tagKey),
);

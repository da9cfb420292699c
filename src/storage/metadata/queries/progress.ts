/** How far into the journal the view has come. */
import { query } from '../query.ts';
import type { ProgressRow } from '../schema.ts';

export const getProgress = query<Record<never, never>, ProgressRow>((schema) =>
  schema.selectFrom('progress').selectAll(),
);

export const putProgress = query<Omit<ProgressRow, 'id'>, never>((schema, p) => {
  const row = {
    sequence: p.sequence,
    lock_time: p.lock_time,
    file_number: p.file_number,
    line_start_byte: p.line_start_byte,
    line_end_byte: p.line_end_byte,
    hash: p.hash,
    vault_digest: p.vault_digest,
    seal: p.seal,
  };
  return schema
    .insertInto('progress')
    .values({ id: 1, ...row })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row));
});

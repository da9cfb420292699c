/** Accounts and their access keys. */
import { query } from '../query.ts';
import type { AccessKeyRow, AccountRow } from '../schema.ts';

export const listAccounts = query<Record<never, never>, AccountRow>((schema) =>
  schema.selectFrom('accounts').selectAll().orderBy('account_id'),
);

export const findAccessKey = query<{ accessKeyId: string }, AccessKeyRow>((schema, p) =>
  schema.selectFrom('access_keys').selectAll().where('access_key_id', '=', p.accessKeyId),
);

export const listAccessKeys = query<{ accountId: string }, AccessKeyRow>((schema, p) =>
  schema
    .selectFrom('access_keys')
    .selectAll()
    .where('account_id', '=', p.accountId)
    .orderBy('created_at'),
);

export const insertAccount = query<AccountRow, never>((schema, p) =>
  schema.insertInto('accounts').values({ account_id: p.account_id }),
);

/** A key that exists gets its new secret. */
export const putAccessKey = query<AccessKeyRow, never>((schema, p) =>
  schema
    .insertInto('access_keys')
    .values({
      access_key_id: p.access_key_id,
      account_id: p.account_id,
      principal_arn: p.principal_arn,
      sealed_secret: p.sealed_secret,
      created_at: p.created_at,
    })
    .onConflict((conflict) =>
      conflict.column('access_key_id').doUpdateSet({ sealed_secret: p.sealed_secret }),
    ),
);

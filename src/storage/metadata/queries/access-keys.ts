/** Access keys of roots and users, temporary ones among them. */
import type { AccessKeyStatus } from '../entries.ts';
import { query } from '../query.ts';
import type { AccessKeyRow, UserRow } from '../schema.ts';
import type { UserPlace } from './accounts.ts';

/** A key, and of a user's its user_id; null for the root's. */
export type OwnedAccessKeyRow = AccessKeyRow & { user_id: UserRow['user_id'] | null };

export const findAccessKey = query<{ accessKeyId: string }, OwnedAccessKeyRow>((schema, p) =>
  schema
    .selectFrom('access_keys')
    .leftJoin('users', (join) =>
      join
        .onRef('users.account_id', '=', 'access_keys.account_id')
        .onRef('users.user_name', '=', 'access_keys.user_name'),
    )
    .selectAll('access_keys')
    .select('users.user_id')
    .where('access_keys.access_key_id', '=', p.accessKeyId),
);

/** The oldest first. */
export const listAccessKeys = query<{ accountId: string }, AccessKeyRow>((schema, p) =>
  schema
    .selectFrom('access_keys')
    .selectAll()
    .where('account_id', '=', p.accountId)
    .orderBy('created_at')
    .orderBy('access_key_id'),
);

/** Temporary keys that ended before a moment. */
export const listEndedSessions = query<{ endedBefore: number; limit: number }, AccessKeyRow>(
  (schema, p) =>
    schema
      .selectFrom('access_keys')
      .selectAll()
      .where('expires_at', '<=', p.endedBefore)
      .limit(p.limit),
);

/** A key that exists is replaced. */
export const putAccessKey = query<AccessKeyRow, never>((schema, p) => {
  const row = {
    account_id: p.account_id,
    user_name: p.user_name,
    sealed_secret: p.sealed_secret,
    status: p.status,
    created_at: p.created_at,
    token_hash: p.token_hash,
    expires_at: p.expires_at,
  };
  return schema
    .insertInto('access_keys')
    .values({ access_key_id: p.access_key_id, ...row })
    .onConflict((conflict) => conflict.column('access_key_id').doUpdateSet(row));
});

export const setAccessKeyStatus = query<{ accessKeyId: string; status: AccessKeyStatus }, never>(
  (schema, p) =>
    schema
      .updateTable('access_keys')
      .set({ status: p.status })
      .where('access_key_id', '=', p.accessKeyId),
);

export const deleteAccessKey = query<{ accessKeyId: string }, never>((schema, p) =>
  schema.deleteFrom('access_keys').where('access_key_id', '=', p.accessKeyId),
);

export const deleteAccessKeysOfUser = query<UserPlace, never>((schema, p) =>
  schema
    .deleteFrom('access_keys')
    .where('account_id', '=', p.accountId)
    .where('user_name', '=', p.userName),
);

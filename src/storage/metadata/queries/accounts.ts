/** Accounts, their users, and the identity policies of users. */
import { query } from '../query.ts';
import type { AccountRow, UserPolicyRow, UserRow } from '../schema.ts';

export const listAccounts = query<Record<never, never>, AccountRow>((schema) =>
  schema.selectFrom('accounts').selectAll().orderBy('account_id'),
);

export const findAccount = query<{ accountId: string }, AccountRow>((schema, p) =>
  schema.selectFrom('accounts').selectAll().where('account_id', '=', p.accountId),
);

export const insertAccount = query<AccountRow, never>((schema, p) =>
  schema.insertInto('accounts').values({ account_id: p.account_id, created_at: p.created_at }),
);

export const listUsers = query<{ accountId: string }, UserRow>((schema, p) =>
  schema.selectFrom('users').selectAll().where('account_id', '=', p.accountId).orderBy('user_name'),
);

export interface UserPlace {
  readonly accountId: string;
  readonly userName: string;
}

export const findUser = query<UserPlace, UserRow>((schema, p) =>
  schema
    .selectFrom('users')
    .selectAll()
    .where('account_id', '=', p.accountId)
    .where('user_name', '=', p.userName),
);

export const insertUser = query<UserRow, never>((schema, p) =>
  schema.insertInto('users').values({
    account_id: p.account_id,
    user_name: p.user_name,
    user_id: p.user_id,
    created_at: p.created_at,
  }),
);

export const deleteUser = query<UserPlace, never>((schema, p) =>
  schema
    .deleteFrom('users')
    .where('account_id', '=', p.accountId)
    .where('user_name', '=', p.userName),
);

export const listUserPolicies = query<UserPlace, UserPolicyRow>((schema, p) =>
  schema
    .selectFrom('user_policies')
    .selectAll()
    .where('account_id', '=', p.accountId)
    .where('user_name', '=', p.userName)
    .orderBy('policy_name'),
);

export const putUserPolicy = query<UserPolicyRow, never>((schema, p) =>
  schema
    .insertInto('user_policies')
    .values({
      account_id: p.account_id,
      user_name: p.user_name,
      policy_name: p.policy_name,
      policy: p.policy,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['account_id', 'user_name', 'policy_name'])
        .doUpdateSet({ policy: p.policy }),
    ),
);

export const deleteUserPolicy = query<UserPlace & { policyName: string }, never>((schema, p) =>
  schema
    .deleteFrom('user_policies')
    .where('account_id', '=', p.accountId)
    .where('user_name', '=', p.userName)
    .where('policy_name', '=', p.policyName),
);

export const deleteUserPolicies = query<UserPlace, never>((schema, p) =>
  schema
    .deleteFrom('user_policies')
    .where('account_id', '=', p.accountId)
    .where('user_name', '=', p.userName),
);

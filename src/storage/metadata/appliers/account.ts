/** What entries about the store and its accounts do to rows. */
import { userNameOf } from '../../../lib/arn.ts';
import * as accessKeys from '../queries/access-keys.ts';
import * as accounts from '../queries/accounts.ts';
import * as capacity from '../queries/capacity.ts';
import * as clock from '../queries/clock.ts';
import type { Appliers } from './applier.ts';

type Kind =
  | 'StoreCreated'
  | 'ClockSet'
  | 'Refused'
  | 'AccountCreated'
  | 'UserCreated'
  | 'UserDeleted'
  | 'UserPolicySet'
  | 'UserPolicyDeleted'
  | 'AccessKeyCreated'
  | 'AccessKeyStatusSet'
  | 'AccessKeyDeleted'
  | 'DataRetrievalPolicySet'
  | 'CapacityPurchased';

export const accountAppliers: Appliers<Kind> = {
  StoreCreated: async (rows, entry) => {
    if (entry.data.testClock) await rows.run(clock.putClock, { offset_ms: 0, frozen_at: null });
  },

  ClockSet: (rows, { data: { offsetMs, frozenAt } }) =>
    rows.run(clock.putClock, {
      offset_ms: offsetMs,
      frozen_at: frozenAt === undefined ? null : Date.parse(frozenAt),
    }),

  Refused: async () => {},

  AccountCreated: (rows, entry) =>
    rows.run(accounts.insertAccount, { account_id: entry.accountId, created_at: entry.time }),

  UserCreated: (rows, entry) =>
    rows.run(accounts.insertUser, {
      account_id: entry.accountId,
      user_name: entry.data.userName,
      user_id: entry.data.userId,
      created_at: entry.time,
    }),

  UserDeleted: async (rows, { accountId, data: { userName } }) => {
    const place = { accountId, userName };
    await rows.run(accessKeys.deleteAccessKeysOfUser, place);
    await rows.run(accounts.deleteUserPolicies, place);
    await rows.run(accounts.deleteUser, place);
  },

  UserPolicySet: (rows, entry) =>
    rows.run(accounts.putUserPolicy, {
      account_id: entry.accountId,
      user_name: entry.data.userName,
      policy_name: entry.data.policyName,
      policy: entry.data.policy,
    }),

  UserPolicyDeleted: (rows, { accountId, data: { userName, policyName } }) =>
    rows.run(accounts.deleteUserPolicy, { accountId, userName, policyName }),

  AccessKeyCreated: (rows, entry) => {
    const { accessKeyId, principalArn, sealedSecret, session } = entry.data;
    return rows.run(accessKeys.putAccessKey, {
      access_key_id: accessKeyId,
      account_id: entry.accountId,
      user_name: userNameOf(principalArn) ?? null,
      sealed_secret: sealedSecret,
      status: 'Active',
      created_at: entry.time,
      token_hash: session?.tokenHash ?? null,
      expires_at: session ? Date.parse(session.expiresAt) : null,
    });
  },

  AccessKeyStatusSet: (rows, entry) => rows.run(accessKeys.setAccessKeyStatus, entry.data),

  AccessKeyDeleted: (rows, entry) => rows.run(accessKeys.deleteAccessKey, entry.data),

  DataRetrievalPolicySet: (rows, entry) =>
    rows.run(capacity.putRetrievalPolicy, {
      account_id: entry.accountId,
      strategy: entry.data.strategy,
      bytes_per_hour: entry.data.bytesPerHour ?? null,
    }),

  CapacityPurchased: (rows, entry) =>
    rows.run(capacity.insertCapacity, {
      sequence: entry.sequence,
      capacity_id: entry.data.capacityId,
      account_id: entry.accountId,
      started_at: entry.time,
      expires_at: Date.parse(entry.data.expiresAt),
    }),
};

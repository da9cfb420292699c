/** What entries about the store and its accounts do to rows. */
import * as accounts from '../queries/accounts.ts';
import * as capacity from '../queries/capacity.ts';
import type { Appliers } from './applier.ts';

type Kind =
  | 'StoreCreated'
  | 'Refused'
  | 'AccountCreated'
  | 'AccessKeyCreated'
  | 'DataRetrievalPolicySet'
  | 'CapacityPurchased';

export const accountAppliers: Appliers<Kind> = {
  StoreCreated: async () => {},

  Refused: async () => {},

  AccountCreated: (rows, entry) =>
    rows.run(accounts.insertAccount, { account_id: entry.accountId }),

  AccessKeyCreated: (rows, entry) =>
    rows.run(accounts.putAccessKey, {
      access_key_id: entry.data.accessKeyId,
      account_id: entry.accountId,
      principal_arn: entry.data.principalArn,
      sealed_secret: entry.data.sealedSecret,
      created_at: entry.time,
    }),

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

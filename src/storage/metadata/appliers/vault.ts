/** What entries about vaults do to rows. */
import { StoreDamagedError } from '../../store-errors.ts';
import type { RecordedEntry } from '../entries.ts';
import * as tags from '../queries/tags.ts';
import * as vaults from '../queries/vaults.ts';
import { type Appliers, type RowWriter, tagsOf, vaultOf } from './applier.ts';

type Kind =
  | 'VaultCreated'
  | 'VaultDeleted'
  | 'InventoryTaken'
  | 'TagsAdded'
  | 'TagsRemoved'
  | 'NotificationsSet'
  | 'NotificationsDeleted'
  | 'AccessPolicySet'
  | 'AccessPolicyDeleted'
  | 'LockInitiated'
  | 'LockCompleted'
  | 'LockAborted';

const noLock = {
  lock_policy: null,
  lock_state: null,
  lock_id: null,
  lock_created_at: null,
  lock_created_lock_time: null,
};

export const vaultAppliers: Appliers<Kind> = {
  VaultCreated: async (rows, entry) => {
    const name = { account_id: entry.accountId, vault_name: entry.data.vaultName };
    if (rows.vaultSeals.has(name)) {
      throw new StoreDamagedError(
        `The vault ${name.vault_name} in account ${name.account_id} exists, and its record has gone: view.sqlite was changed`,
      );
    }
    await rows.run(vaults.insertVault, {
      sequence: entry.sequence,
      accountId: entry.accountId,
      vaultName: entry.data.vaultName,
      createdAt: entry.time,
    });
    await sealVault(rows, entry.sequence);
  },

  VaultDeleted: (rows, entry) =>
    changeSealed(rows, entry, (vaultSequence) =>
      rows.run(vaults.markVaultDeleted, { sequence: entry.sequence, vaultSequence }),
    ),

  InventoryTaken: async (rows, entry) => {
    const vault = await vaultOf(rows, entry);
    await rows.run(vaults.recordInventory, {
      vaultSequence: vault.sequence,
      time: entry.time,
      upToSequence: entry.data.upToSequence,
    });
  },

  TagsAdded: (rows, entry) =>
    changeSealed(rows, entry, async (vault_sequence) => {
      for (const [tag_key, tag_value] of Object.entries(entry.data.tags)) {
        await rows.run(tags.putTag, { vault_sequence, tag_key, tag_value });
      }
    }),

  TagsRemoved: (rows, entry) =>
    changeSealed(rows, entry, async (vaultSequence) => {
      for (const tagKey of entry.data.tagKeys) {
        await rows.run(tags.deleteTag, { vaultSequence, tagKey });
      }
    }),

  NotificationsSet: async (rows, entry) => {
    const { snsTopic, events } = entry.data;
    const vaultSequence = (await vaultOf(rows, entry)).sequence;
    const configuration = { topic: snsTopic, events: events.join(',') };
    await rows.run(vaults.setNotifications, { vaultSequence, ...configuration });
  },

  NotificationsDeleted: async (rows, entry) => {
    const vaultSequence = (await vaultOf(rows, entry)).sequence;
    await rows.run(vaults.setNotifications, { vaultSequence, topic: null, events: null });
  },

  AccessPolicySet: (rows, entry) =>
    changeSealed(rows, entry, (vaultSequence) =>
      rows.run(vaults.setAccessPolicy, { vaultSequence, policy: entry.data.policy }),
    ),

  AccessPolicyDeleted: (rows, entry) =>
    changeSealed(rows, entry, (vaultSequence) =>
      rows.run(vaults.setAccessPolicy, { vaultSequence, policy: null }),
    ),

  LockInitiated: (rows, entry) =>
    changeSealed(rows, entry, (vaultSequence) =>
      rows.run(vaults.setLock, {
        vaultSequence,
        lock_policy: entry.data.policy,
        lock_state: 'InProgress',
        lock_id: entry.data.lockId,
        lock_created_at: entry.time,
        lock_created_lock_time: entry.lockTime,
      }),
    ),

  LockCompleted: (rows, entry) =>
    changeSealed(rows, entry, (vaultSequence) => rows.run(vaults.completeLock, { vaultSequence })),

  LockAborted: (rows, entry) =>
    changeSealed(rows, entry, (vaultSequence) =>
      rows.run(vaults.setLock, { vaultSequence, ...noLock }),
    ),
};

/** Changes what the seal covers. */
async function changeSealed(
  rows: RowWriter,
  entry: RecordedEntry & { readonly data: { readonly vaultName: string } },
  change: (vaultSequence: number) => Promise<void>,
): Promise<void> {
  const { sequence } = await vaultOf(rows, entry);
  await change(sequence);
  await sealVault(rows, sequence);
}

async function sealVault(rows: RowWriter, sequence: number): Promise<void> {
  const vault = await rows.first(vaults.getVault, { sequence });
  if (!vault) return;
  const seal = rows.seal.ofVault(vault, await tagsOf(rows, vault));
  await rows.run(vaults.sealVault, { sequence, seal });
  rows.vaultSeals.set(vault, seal);
}

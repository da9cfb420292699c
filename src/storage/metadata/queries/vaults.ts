/** Vaults. A deleted vault's row stays, out of sight, so that its name is free and its past is known. */
import { query } from '../query.ts';
import type { VaultRow } from '../schema.ts';

export const findVault = query<{ accountId: string; vaultName: string }, VaultRow>((schema, p) =>
  schema
    .selectFrom('vaults')
    .selectAll()
    .where('account_id', '=', p.accountId)
    .where('vault_name', '=', p.vaultName)
    .where('deleted_sequence', 'is', null),
);

/** Deleted ones too. */
export const getVault = query<{ sequence: number }, VaultRow>((schema, p) =>
  schema.selectFrom('vaults').selectAll().where('sequence', '=', p.sequence),
);

/** In the order in which they were made, deleted ones too. */
export const listVaultsAfter = query<{ afterSequence: number; limit: number }, VaultRow>(
  (schema, p) =>
    schema
      .selectFrom('vaults')
      .selectAll()
      .where('sequence', '>', p.afterSequence)
      .orderBy('sequence')
      .limit(p.limit),
);

/** All vaults, deleted ones too. */
export const listAllVaults = query<Record<never, never>, VaultRow>((schema) =>
  schema.selectFrom('vaults').selectAll(),
);

export const sealVault = query<{ sequence: number; seal: Buffer }, never>((schema, p) =>
  schema.updateTable('vaults').set({ seal: p.seal }).where('sequence', '=', p.sequence),
);

/** In ASCII order of their names, from the one behind `afterName`. */
export const listVaults = query<{ accountId: string; afterName: string; limit: number }, VaultRow>(
  (schema, p) =>
    schema
      .selectFrom('vaults')
      .selectAll()
      .where('account_id', '=', p.accountId)
      .where('vault_name', '>', p.afterName)
      .where('deleted_sequence', 'is', null)
      .orderBy('vault_name')
      .limit(p.limit),
);

export const countVaults = query<{ accountId: string }, { count: number }>((schema, p) =>
  schema
    .selectFrom('vaults')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('account_id', '=', p.accountId)
    .where('deleted_sequence', 'is', null),
);

/** Vaults that were written to since their last inventory, which must be older than `takenBefore`. */
export const listVaultsWithoutInventory = query<{ takenBefore: number; limit: number }, VaultRow>(
  (schema, p) =>
    schema
      .selectFrom('vaults')
      .selectAll()
      .where('deleted_sequence', 'is', null)
      .where('written_sequence', 'is not', null)
      .where((eb) =>
        eb.or([
          eb.and([eb('inventory_at', 'is', null), eb('first_written_at', '<=', p.takenBefore)]),
          eb.and([
            eb('inventory_at', '<=', p.takenBefore),
            eb('written_sequence', '>', eb.ref('inventory_sequence')),
          ]),
        ]),
      )
      .limit(p.limit),
);

export const insertVault = query<
  { sequence: number; accountId: string; vaultName: string; createdAt: number },
  never
>((schema, p) =>
  schema.insertInto('vaults').values({
    sequence: p.sequence,
    account_id: p.accountId,
    vault_name: p.vaultName,
    created_at: p.createdAt,
    number_of_archives: 0,
    size_bytes: 0,
    inventory_number_of_archives: 0,
    inventory_size_bytes: 0,
  }),
);

export const markVaultDeleted = query<{ sequence: number; vaultSequence: number }, never>(
  (schema, p) =>
    schema
      .updateTable('vaults')
      .set({ deleted_sequence: p.sequence })
      .where('sequence', '=', p.vaultSequence),
);

/** Adds to the vault's counts (or takes away), and notes that it was written to. */
export const countArchiveWrite = query<
  { vaultSequence: number; archives: number; sizeBytes: number; sequence: number; time: number },
  never
>((schema, p) =>
  schema
    .updateTable('vaults')
    .set((eb) => ({
      number_of_archives: eb('number_of_archives', '+', p.archives),
      size_bytes: eb('size_bytes', '+', p.sizeBytes),
      first_written_at: eb.fn.coalesce('first_written_at', eb.val(p.time)),
      written_at: p.time,
      written_sequence: p.sequence,
    }))
    .where('sequence', '=', p.vaultSequence),
);

/** Without a topic there is no configuration. */
export const setNotifications = query<
  { vaultSequence: number; topic: string | null; events: string | null },
  never
>((schema, p) =>
  schema
    .updateTable('vaults')
    .set({ notification_topic: p.topic, notification_events: p.events })
    .where('sequence', '=', p.vaultSequence),
);

export const setAccessPolicy = query<{ vaultSequence: number; policy: string | null }, never>(
  (schema, p) =>
    schema
      .updateTable('vaults')
      .set({ access_policy: p.policy })
      .where('sequence', '=', p.vaultSequence),
);

/** All null: there is no lock. */
export const setLock = query<
  Pick<
    VaultRow,
    'lock_policy' | 'lock_state' | 'lock_id' | 'lock_created_at' | 'lock_created_lock_time'
  > & { vaultSequence: number },
  never
>((schema, p) =>
  schema
    .updateTable('vaults')
    .set({
      lock_policy: p.lock_policy,
      lock_state: p.lock_state,
      lock_id: p.lock_id,
      lock_created_at: p.lock_created_at,
      lock_created_lock_time: p.lock_created_lock_time,
    })
    .where('sequence', '=', p.vaultSequence),
);

export const completeLock = query<{ vaultSequence: number }, never>((schema, p) =>
  schema
    .updateTable('vaults')
    .set({ lock_state: 'Locked' })
    .where('sequence', '=', p.vaultSequence),
);

/** The counts as they are now become those of the last inventory. */
export const recordInventory = query<
  { vaultSequence: number; time: number; upToSequence: number },
  never
>((schema, p) =>
  schema
    .updateTable('vaults')
    .set((eb) => ({
      inventory_at: p.time,
      inventory_sequence: p.upToSequence,
      inventory_number_of_archives: eb.ref('number_of_archives'),
      inventory_size_bytes: eb.ref('size_bytes'),
    }))
    .where('sequence', '=', p.vaultSequence),
);

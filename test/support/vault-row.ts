/** A vault's row, for tests of what is decided by it. */
import type { VaultRow } from '../../src/storage/metadata/schema.ts';

/** An empty vault without policies, but for what is said otherwise. */
export function vaultRow(changes: Partial<VaultRow> = {}): VaultRow {
  return {
    sequence: 3,
    account_id: '111122223333',
    vault_name: 'examplevault',
    created_at: 0,
    number_of_archives: 0,
    size_bytes: 0,
    first_written_at: null,
    written_at: null,
    written_sequence: null,
    inventory_at: null,
    inventory_sequence: null,
    inventory_number_of_archives: 0,
    inventory_size_bytes: 0,
    notification_topic: null,
    notification_events: null,
    access_policy: null,
    lock_policy: null,
    lock_state: null,
    lock_id: null,
    lock_created_at: null,
    lock_created_lock_time: null,
    deleted_sequence: null,
    seal: null,
    ...changes,
  };
}

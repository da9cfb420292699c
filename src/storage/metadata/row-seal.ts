/**
 * Seals on rows: an HMAC over what a vault lock depends on, made with a key that is kept outside the
 * store. Whoever changes such a row by hand cannot seal it again.
 *
 * The journal has the truth, and the view can always be made anew from it; the seal is how a change
 * of the view alone is noticed before something is deleted because of it.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { ArchiveRow, VaultRow } from './schema.ts';

/** Everything but counts and what they are counted by. */
export type SealedVault = Pick<
  VaultRow,
  | 'sequence'
  | 'account_id'
  | 'vault_name'
  | 'created_at'
  | 'access_policy'
  | 'lock_policy'
  | 'lock_state'
  | 'lock_id'
  | 'lock_created_at'
  | 'lock_created_lock_time'
  | 'deleted_sequence'
>;

/** To which vault an archive belongs, since when, what its bytes are, and that it is not deleted. */
export type SealedArchive = Omit<ArchiveRow, 'description' | 'seal'>;

export class RowSeal {
  readonly #key: Buffer;

  /** @param sealingKey the key that is kept outside the store; this one is derived from it */
  constructor(sealingKey: Buffer) {
    this.#key = Buffer.from(hkdfSync('sha256', sealingKey, '', 'firn row seal', 32));
  }

  ofVault(row: SealedVault): Buffer {
    return this.#seal([
      'vault',
      row.sequence,
      row.account_id,
      row.vault_name,
      row.created_at,
      row.access_policy,
      row.lock_policy,
      row.lock_state,
      row.lock_id,
      row.lock_created_at,
      row.lock_created_lock_time,
      row.deleted_sequence,
    ]);
  }

  ofArchive(row: SealedArchive): Buffer {
    return this.#seal([
      'archive',
      row.sequence,
      row.archive_id,
      row.vault_sequence,
      row.created_at,
      row.created_lock_time,
      row.size_bytes,
      Buffer.isBuffer(row.tree_hash) ? row.tree_hash.toString('hex') : null,
      row.blob_id,
      row.upload_sequence,
      row.deleted_sequence,
    ]);
  }

  /** Something that only this key gives, to tell whether rows were sealed with it. */
  get fingerprint(): string {
    return this.#seal(['fingerprint']).toString('hex');
  }

  #seal(fields: readonly (string | number | null)[]): Buffer {
    return createHmac('sha256', this.#key).update(JSON.stringify(fields)).digest();
  }
}

/** Whether a row carries the seal that it should. */
export function isSealed(found: Buffer | null, expected: Buffer): boolean {
  // What somebody has put there by hand may be anything.
  return (
    Buffer.isBuffer(found) && found.length === expected.length && timingSafeEqual(found, expected)
  );
}

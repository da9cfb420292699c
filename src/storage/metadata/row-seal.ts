/**
 * Seals on rows: an HMAC over what a vault lock depends on, made with a key that is kept outside the
 * store. Whoever changes such a row by hand cannot seal it again.
 *
 * The journal has the truth, and the view can always be made anew from it; the seal is how a change
 * of the view alone is noticed before something is deleted because of it.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { ArchiveRow, ProgressRow, TagRow, VaultRow } from './schema.ts';

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

  /** @param tags of the vault, in the order of their keys: locks may ask for them */
  ofVault(row: SealedVault, tags: readonly TagRow[]): Buffer {
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
      ...tags.flatMap(({ tag_key: key, tag_value: value }) => [key, value]),
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

  /** How far the view has come, and that no vault has been put back to an older state. */
  ofProgress(row: Omit<ProgressRow, 'id' | 'seal'>): Buffer {
    return this.#seal([
      'progress',
      row.sequence,
      row.lock_time,
      row.file_number,
      row.line_start_byte,
      row.line_end_byte,
      row.hash,
      row.vault_digest,
    ]);
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

/** Whether a vault's row, with its tags, is as entries made it: its seal is good, and the last one. */
export function isVaultIntact(
  vault: VaultRow,
  tags: readonly TagRow[],
  { seal, vaultSeals }: { readonly seal: RowSeal; readonly vaultSeals: VaultSeals },
): boolean {
  const expected = seal.ofVault(vault, tags);
  const last = vaultSeals.get(vault.sequence) ?? null;
  return isSealed(vault.seal, expected) && isSealed(last, expected);
}

/** A vault as it was sealed last. */
interface SealedState {
  readonly seal: Buffer;
  /** Account and name, while it exists. */
  readonly name: string | undefined;
}

/** The seals of all vaults as they are now, kept in memory: a row that was put back does not match. */
export class VaultSeals {
  readonly #committed = new Map<number, SealedState>();
  /** Undefined: to be made anew. */
  #digest: string | undefined;
  #changed = new Map<number, SealedState>();

  get(sequence: number): Buffer | undefined {
    return this.#get(sequence)?.seal;
  }

  /** @param row whose seal is good */
  set(row: NamedVault, seal: Buffer): void {
    const name = row.deleted_sequence === null ? nameOf(row) : undefined;
    this.#changed.set(row.sequence, { seal, name });
    this.#digest = undefined;
  }

  /** Whether there is a vault of this name, whatever the rows say. */
  has(vault: Pick<NamedVault, 'account_id' | 'vault_name'>): boolean {
    const name = nameOf(vault);
    const sequences = new Set([...this.#committed.keys(), ...this.#changed.keys()]);
    return [...sequences].some((sequence) => this.#get(sequence)?.name === name);
  }

  /** What has changed since the last commit, to be undone to. */
  mark(): ReadonlyMap<number, SealedState> {
    return new Map(this.#changed);
  }

  undo(mark: ReadonlyMap<number, SealedState>): void {
    this.#changed = new Map(mark);
    this.#digest = undefined;
  }

  commit(): void {
    for (const [sequence, state] of this.#changed) this.#committed.set(sequence, state);
    this.#changed.clear();
  }

  clear(): void {
    this.#committed.clear();
    this.#changed.clear();
    this.#digest = undefined;
  }

  /** All of them in one: SHA-256 over them in the order of the vaults, in lower-case hex. */
  digest(): string {
    this.#digest ??= this.#makeDigest();
    return this.#digest;
  }

  #get(sequence: number): SealedState | undefined {
    return this.#changed.get(sequence) ?? this.#committed.get(sequence);
  }

  #makeDigest(): string {
    const sequences = new Set([...this.#committed.keys(), ...this.#changed.keys()]);
    const hash = createHash('sha256');
    for (const sequence of [...sequences].sort((a, b) => a - b)) {
      hash.update(`${sequence} `).update(this.get(sequence) ?? '');
    }
    return hash.digest('hex');
  }
}

type NamedVault = Pick<VaultRow, 'sequence' | 'account_id' | 'vault_name' | 'deleted_sequence'>;

function nameOf(vault: Pick<NamedVault, 'account_id' | 'vault_name'>): string {
  return `${vault.account_id}/${vault.vault_name}`;
}

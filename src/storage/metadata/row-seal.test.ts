import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSealed, RowSeal, type SealedArchive, type SealedVault, VaultSeals } from './row-seal.ts';

const seal = new RowSeal(Buffer.alloc(32, 1));
const otherSeal = new RowSeal(Buffer.alloc(32, 2));

const vault: SealedVault = {
  sequence: 3,
  account_id: '111122223333',
  vault_name: 'examplevault',
  created_at: 1_767_600_000_000,
  access_policy: '{"Statement":[]}',
  lock_policy: '{"Statement":[{}]}',
  lock_state: 'Locked',
  lock_id: 'AE863rKkWZU53SLW5be4DUcW',
  lock_created_at: 1_767_600_000_001,
  lock_created_lock_time: 1_767_600_000_002,
  deleted_sequence: 9,
};

const archive: SealedArchive = {
  sequence: 4,
  archive_id: 'archive-of-a-test',
  vault_sequence: 3,
  created_at: 1_767_600_000_003,
  created_lock_time: 1_767_600_000_004,
  size_bytes: 5,
  tree_hash: Buffer.alloc(32, 6),
  blob_id: '00000001-0000000512',
  upload_sequence: 7,
  deleted_sequence: 8,
};

type Value = string | number | Buffer | null | undefined;

/** What somebody might write in the place of a value: its neighbours, its text, and nothing. */
function changesOf(value: Value): Value[] {
  if (typeof value === 'number') return [value + 1, value - 1, -value, 0, String(value), null];
  if (typeof value === 'string')
    return [`${value} `, value.slice(1), value.toUpperCase(), '', null];
  if (value instanceof Buffer) return [Buffer.alloc(32), value.subarray(1)];
  return ['', 0];
}

function shown(value: Value): string {
  return value instanceof Buffer ? `${value.length} bytes` : JSON.stringify(value);
}

/** Every row that differs from this one in one field. */
function* changedRows<Row extends object>(row: Row): Generator<[string, Row]> {
  for (const [name, value] of Object.entries(row) as [string, Value][]) {
    for (const changed of changesOf(value)) {
      if (changed !== value) yield [`${name}: ${shown(changed)}`, { ...row, [name]: changed }];
    }
  }
}

/** The same row without what may be missing. */
const bareVault: SealedVault = {
  ...vault,
  access_policy: null,
  lock_policy: null,
  lock_state: null,
  lock_id: null,
  lock_created_at: null,
  lock_created_lock_time: null,
  deleted_sequence: null,
};
const bareArchive: SealedArchive = {
  ...archive,
  blob_id: null,
  upload_sequence: null,
  deleted_sequence: null,
};

describe.each([
  ['a locked vault', vault],
  ['a vault without a lock', bareVault],
])('the seal of %s', (_, row) => {
  it('fits as long as nothing is changed', () => {
    expect(isSealed(seal.ofVault(row, []), seal.ofVault({ ...row }, []))).toBe(true);
  });

  it.each([...changedRows(row)])('does not fit with another %s', (_change, changed) => {
    expect(isSealed(seal.ofVault(row, []), seal.ofVault(changed, []))).toBe(false);
  });
});

describe.each([
  ['an archive', archive],
  ['an archive of parts that is not deleted', bareArchive],
])('the seal of %s', (_, row) => {
  it('fits as long as nothing is changed', () => {
    const copy = { ...row, tree_hash: Buffer.from(row.tree_hash) };
    expect(isSealed(seal.ofArchive(row), seal.ofArchive(copy))).toBe(true);
  });

  it.each([...changedRows(row)])('does not fit with another %s', (_change, changed) => {
    expect(isSealed(seal.ofArchive(row), seal.ofArchive(changed))).toBe(false);
  });
});

describe('a seal', () => {
  it('covers every column of an archive but its description, and all of a vault but counts', () => {
    expect(Object.keys(vault).sort()).toEqual([
      'access_policy',
      'account_id',
      'created_at',
      'deleted_sequence',
      'lock_created_at',
      'lock_created_lock_time',
      'lock_id',
      'lock_policy',
      'lock_state',
      'sequence',
      'vault_name',
    ]);
    expect(Object.keys(archive)).toHaveLength(10);
  });

  it('does not care for what it does not cover', () => {
    const counted = { ...vault, number_of_archives: 5, size_bytes: 6, written_at: 7 };
    expect(isSealed(seal.ofVault(vault, []), seal.ofVault(counted, []))).toBe(true);
    const described = { ...archive, description: 'another', seal: Buffer.alloc(32) };
    expect(isSealed(seal.ofArchive(archive), seal.ofArchive(described))).toBe(true);
  });

  it('is not shifted from one field to the next', () => {
    const one = { ...vault, lock_id: 'a', lock_policy: 'b' };
    const other = { ...vault, lock_id: 'b', lock_policy: 'a' };
    expect(isSealed(seal.ofVault(one, []), seal.ofVault(other, []))).toBe(false);
    const quoted = { ...vault, access_policy: 'a","b', lock_policy: 'c' };
    const split = { ...vault, access_policy: 'a', lock_policy: 'b","c' };
    expect(isSealed(seal.ofVault(quoted, []), seal.ofVault(split, []))).toBe(false);
  });

  it('of a vault is none of an archive, whatever they hold', () => {
    expect(isSealed(seal.ofVault(vault, []), seal.ofArchive(archive))).toBe(false);
    // The same values in the same places, as far as one kind can hold those of the other.
    const alike = {
      sequence: 1,
      account_id: 'x',
      vault_name: 2,
      created_at: 3,
      access_policy: 4,
      lock_policy: 5,
      lock_state: '06',
      lock_id: null,
      lock_created_at: null,
      lock_created_lock_time: null,
      deleted_sequence: null,
    } as unknown as SealedVault;
    const archiveAlike: SealedArchive = {
      sequence: 1,
      archive_id: 'x',
      vault_sequence: 2,
      created_at: 3,
      created_lock_time: 4,
      size_bytes: 5,
      tree_hash: Buffer.from('06', 'hex'),
      blob_id: null,
      upload_sequence: null,
      deleted_sequence: null,
    };
    expect(isSealed(seal.ofVault(alike, []), seal.ofArchive(archiveAlike))).toBe(false);
  });

  it('of another row of the same kind does not fit', () => {
    const another = { ...vault, sequence: 5, vault_name: 'another' };
    expect(isSealed(seal.ofVault(another, []), seal.ofVault(vault, []))).toBe(false);
    const anotherArchive = { ...archive, sequence: 6, archive_id: 'another' };
    expect(isSealed(seal.ofArchive(anotherArchive), seal.ofArchive(archive))).toBe(false);
  });

  it('of another key does not fit', () => {
    expect(isSealed(otherSeal.ofVault(vault, []), seal.ofVault(vault, []))).toBe(false);
    expect(isSealed(otherSeal.ofArchive(archive), seal.ofArchive(archive))).toBe(false);
  });

  it('tells nothing of its key', () => {
    const key = randomBytes(32);
    const made = new RowSeal(key);
    expect(made.ofVault(vault, []).toString('hex')).not.toContain(key.toString('hex'));
    expect(JSON.stringify(made)).toBe('{}');
  });

  it.each([
    ['none', null],
    ['an empty one', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(32)],
    ['a shorter one', seal.ofVault(vault, []).subarray(0, 31)],
    ['a longer one', Buffer.concat([seal.ofVault(vault, []), Buffer.alloc(1)])],
    ['its hex digits', Buffer.from(seal.ofVault(vault, []).toString('hex'))],
  ])('is not %s', (_, found) => {
    expect(isSealed(found, seal.ofVault(vault, []))).toBe(false);
  });

  it.each([
    ['text', 'x'.repeat(32)],
    ['a number', 32],
  ])('that is %s in the place of bytes is none, and no error', (_, value) => {
    const found = value as unknown as Buffer;
    expect(isSealed(found, seal.ofVault(vault, []))).toBe(false);
  });

  it.each([
    ['a number', 5],
    ['text', 'x'.repeat(32)],
    ['nothing', null],
  ])('is made without an error where the tree hash is %s', (_, value) => {
    const changed = { ...archive, tree_hash: value as unknown as Buffer };
    expect(isSealed(seal.ofArchive(archive), seal.ofArchive(changed))).toBe(false);
  });
});

describe('the seal of a vault covers its tags', () => {
  const tag = { vault_sequence: vault.sequence, tag_key: 'hold', tag_value: 'true' };

  it.each([
    ['one that is gone', []],
    ['another value', [{ ...tag, tag_value: 'false' }]],
    ['another key', [{ ...tag, tag_key: 'Hold' }]],
    ['one more', [tag, { ...tag, tag_key: 'more' }]],
  ])('%s', (_, tags) => {
    expect(isSealed(seal.ofVault(vault, [tag]), seal.ofVault(vault, tags))).toBe(false);
  });
});

describe('the seals of all vaults', () => {
  const [a, b, c] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer, Buffer];

  const named = (sequence: number) => ({
    ...vault,
    sequence,
    vault_name: `v${sequence}`,
    deleted_sequence: null,
  });

  it('know the names of vaults that exist', () => {
    const seals = new VaultSeals();
    seals.set(named(1), a);
    seals.commit();
    seals.set(named(2), b);
    expect([1, 2, 3].map((sequence) => seals.has(named(sequence)))).toEqual([true, true, false]);
    expect(seals.has({ ...named(1), account_id: '999999999999' })).toBe(false);
    seals.set({ ...named(1), deleted_sequence: 9 }, a);
    expect(seals.has(named(1))).toBe(false);
  });

  it('are one digest, whatever their order and however they came to be', () => {
    const one = new VaultSeals();
    one.set(named(1), a);
    one.commit();
    one.set(named(2), c);
    one.set(named(2), b);
    const other = new VaultSeals();
    other.set(named(2), b);
    other.set(named(1), c);
    other.commit();
    other.set(named(1), a);
    expect(one.digest()).toBe(other.digest());
    one.commit();
    other.commit();
    expect(one.digest()).toBe(other.digest());
    expect(one.digest()).not.toBe(new VaultSeals().digest());
  });

  it('that a change has not kept are as before', () => {
    const seals = new VaultSeals();
    seals.set(named(1), a);
    seals.commit();
    const before = seals.digest();
    seals.set(named(1), b);
    const mark = seals.mark();
    seals.set(named(1), c);
    seals.set(named(2), c);
    seals.undo(mark);
    expect([seals.get(1), seals.get(2)]).toEqual([b, undefined]);
    seals.undo(new Map());
    expect(seals.get(1)).toEqual(a);
    expect(seals.digest()).toBe(before);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { vaultRow } from '../../test/support/vault-row.ts';
import type { VaultRow } from '../storage/metadata/schema.ts';
import {
  arnOfVault,
  describeVault,
  invalidVaultName,
  isDeletable,
  isVaultName,
  lastInventory,
  vaultNotFound,
} from './vault.ts';

const created = Date.parse('2026-01-05T08:15:30.123Z');
const hourMs = 60 * 60 * 1000;
const region = 'us-west-2';
const arn = 'arn:aws:glacier:us-west-2:111122223333:vaults/examplevault';

const vaultOf = (changes: Partial<VaultRow> = {}) => vaultRow({ created_at: created, ...changes });

const written: Partial<VaultRow> = {
  number_of_archives: 2,
  size_bytes: 1000,
  written_at: created + hourMs,
  written_sequence: 20,
};
const inventoried: Partial<VaultRow> = {
  inventory_at: created + 2 * hourMs,
  inventory_sequence: 20,
  inventory_number_of_archives: 2,
  inventory_size_bytes: 1000,
};
const emptied: Partial<VaultRow> = {
  number_of_archives: 0,
  size_bytes: 0,
  written_at: created + 3 * hourMs,
  written_sequence: 30,
};
const inventoriedEmpty: Partial<VaultRow> = {
  inventory_at: created + 4 * hourMs,
  inventory_sequence: 30,
  inventory_number_of_archives: 0,
  inventory_size_bytes: 0,
};

describe('a vault name', () => {
  it.each(['a', 'Z', '0', '-', '_', '...', '.a', 'a.', '-vault', 'My_Vault-1.0', 'v'.repeat(255)])(
    'may be %j',
    (name) => {
      expect(isVaultName(name)).toBe(true);
    },
  );

  it.each([
    '',
    '.',
    '..',
    ' ',
    'a b',
    'a/b',
    'a%20b',
    'a:b',
    'a~b',
    'é',
    'a\n',
    '\u0000',
    'v'.repeat(256),
  ])('cannot be %j', (name) => {
    expect(isVaultName(name)).toBe(false);
  });

  it('is of the alphabet and nothing else', () => {
    const character = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
    fc.assert(
      fc.property(character, (text) => {
        expect(isVaultName(`v${text}`)).toBe(/^[A-Za-z0-9_.-]$/.test(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('that is wrong is answered with 400 or, like a missing vault, with 404', () => {
    const place = { region, accountId: '111122223333' };
    expect(invalidVaultName('a b')).toMatchObject({
      code: 'InvalidParameterValueException',
      message: 'Invalid vault name: a b',
    });
    expect(vaultNotFound({ ...place, vaultName: 'a b' })).toMatchObject({
      code: 'ResourceNotFoundException',
      message: 'Vault not found for ARN: a b',
    });
    expect(vaultNotFound({ ...place, vaultName: 'examplevault' })).toMatchObject({
      code: 'ResourceNotFoundException',
      message: `Vault not found for ARN: ${arn}`,
    });
  });
});

it('the ARN of a vault', () => {
  expect(arnOfVault(vaultOf(), region)).toBe(arn);
});

describe('the last inventory', () => {
  it.each([0, 86_400])('of a vault never written to is none (%i s)', (inventorySeconds) => {
    expect(lastInventory(vaultOf(), inventorySeconds)).toBeUndefined();
  });

  it('is the live state with 0 seconds, whatever was taken', () => {
    const live = { date: created + hourMs, upToSequence: 20, numberOfArchives: 2, sizeBytes: 1000 };
    expect(lastInventory(vaultOf(written), 0)).toEqual(live);
    expect(lastInventory(vaultOf({ ...written, ...inventoriedEmpty }), 0)).toEqual(live);
  });

  it('is what was taken otherwise, whatever was written since', () => {
    expect(lastInventory(vaultOf(written), 1)).toBeUndefined();
    expect(lastInventory(vaultOf({ ...written, ...inventoried, ...emptied }), 1)).toEqual({
      date: created + 2 * hourMs,
      upToSequence: 20,
      numberOfArchives: 2,
      sizeBytes: 1000,
    });
  });
});

describe('whether a vault may be deleted', () => {
  it.each<[what: string, vault: VaultRow, live: boolean, daily: boolean]>([
    ['never written to', vaultOf(), true, true],
    ['with archives, no inventory yet', vaultOf(written), false, false],
    ['with archives', vaultOf({ ...written, ...inventoried }), false, false],
    ['emptied, no inventory yet', vaultOf({ ...written, ...emptied }), true, false],
    [
      'emptied since the inventory that shows archives',
      vaultOf({ ...written, ...inventoried, ...emptied }),
      true,
      false,
    ],
    [
      'emptied, and the inventory shows it',
      vaultOf({ ...written, ...emptied, ...inventoriedEmpty }),
      true,
      true,
    ],
    [
      'written to and emptied again since the empty inventory',
      vaultOf({ ...emptied, written_sequence: 40, ...inventoriedEmpty }),
      true,
      false,
    ],
    [
      'written to since the empty inventory',
      vaultOf({ ...written, written_sequence: 40, ...inventoriedEmpty }),
      false,
      false,
    ],
    [
      'whose empty inventory is of a later entry than its last write',
      vaultOf({ ...emptied, ...inventoriedEmpty, inventory_sequence: 99 }),
      true,
      true,
    ],
  ])('%s: %s, %s', (_what, vault, live, daily) => {
    expect(isDeletable(vault, 0)).toBe(live);
    expect(isDeletable(vault, 86_400)).toBe(daily);
  });
});

describe('what a vault shows', () => {
  it('before its first inventory: no date, and counts of 0', () => {
    const expected = {
      CreationDate: '2026-01-05T08:15:30.123Z',
      LastInventoryDate: null,
      NumberOfArchives: 0,
      SizeInBytes: 0,
      VaultARN: arn,
      VaultName: 'examplevault',
    };
    expect(describeVault(vaultOf(), { region, inventorySeconds: 0 })).toEqual(expected);
    const writtenTo = vaultOf(written);
    expect(describeVault(writtenTo, { region, inventorySeconds: 86_400 })).toEqual(expected);
  });

  it('is its last inventory, with 32 KiB more for each archive', () => {
    const vault = vaultOf({ ...written, ...inventoried, ...emptied });
    expect(describeVault(vault, { region, inventorySeconds: 86_400 })).toEqual({
      CreationDate: '2026-01-05T08:15:30.123Z',
      LastInventoryDate: '2026-01-05T10:15:30.123Z',
      NumberOfArchives: 2,
      SizeInBytes: 1000 + 2 * 32_768,
      VaultARN: arn,
      VaultName: 'examplevault',
    });
    expect(describeVault(vault, { region, inventorySeconds: 0 })).toMatchObject({
      LastInventoryDate: '2026-01-05T11:15:30.123Z',
      NumberOfArchives: 0,
      SizeInBytes: 0,
    });
  });
});

import { describe, expect, it } from 'vitest';
import type { InventoryItem } from '../inventory/document.ts';
import {
  checkArchive,
  checkInventoryDate,
  checkVaultArn,
  includesItem,
  isNarrowing,
  type Narrowing,
} from './narrowing.ts';

const item: InventoryItem = {
  ArchiveId: `-a${'A'.repeat(136)}`,
  ArchiveDescription: 'disk image, "old"',
  CreationDate: '2026-01-05T08:15:30Z',
  Size: 7_340_155,
  SHA256TreeHash: 'c7d749cd55cefa8ed8fbc208202e18d019b7701f29886f7c5d662d77b3903833',
};
const nameless: InventoryItem = { ...item, ArchiveDescription: '' };
const otherId = 'B'.repeat(138);
const vaultArn = 'arn:aws:glacier:us-west-2:111122223333:vaults/examplevault';

const equal: Narrowing[] = [
  {},
  { archiveId: item.ArchiveId },
  { archiveDescription: item.ArchiveDescription },
  { creationDate: '2026-01-05T08:15:30Z' },
  { creationDate: '2026-01-05T08:15:30.000Z' },
  { creationDate: '2026-01-05T08:15:30.999Z' },
  { size: '7340155' },
  { sha256TreeHash: item.SHA256TreeHash },
  { sha256TreeHash: item.SHA256TreeHash.toUpperCase() },
  { archiveList: item.ArchiveId },
  { archiveList: `${otherId},${item.ArchiveId}` },
  { archiveList: `${item.ArchiveId},${otherId},${otherId}` },
  { archiveId: item.ArchiveId, size: '7340155', creationDate: '2026-01-05T08:15:30Z' },
  { inventoryDate: 'of the inventory, not of the entry' },
  { vaultArn: 'of the inventory, not of the entry' },
];

const different: [name: string, value: string, narrowing: Narrowing][] = [
  ['ArchiveId', otherId, { archiveId: otherId }],
  ['ArchiveId', 'a', { archiveId: 'a' }],
  ['ArchiveDescription', 'disk', { archiveDescription: 'disk' }],
  ['ArchiveDescription', 'DISK IMAGE, "OLD"', { archiveDescription: 'DISK IMAGE, "OLD"' }],
  ['CreationDate', '2026-01-05', { creationDate: '2026-01-05' }],
  ['CreationDate', '2026-01-05T08:15:31Z', { creationDate: '2026-01-05T08:15:31Z' }],
  ['CreationDate', '2026-01-05T08:15:30.12Z', { creationDate: '2026-01-05T08:15:30.12Z' }],
  ['Size', '7340154', { size: '7340154' }],
  ['Size', '07340155', { size: '07340155' }],
  ['Size', '7340155.0', { size: '7340155.0' }],
  ['SHA256TreeHash', 'c7d749cd', { sha256TreeHash: 'c7d749cd' }],
  ['ArchiveList', otherId, { archiveList: otherId }],
  ['ArchiveList', `${item.ArchiveId}x`, { archiveList: `${item.ArchiveId}x` }],
  ['ArchiveList', `${otherId},a`, { archiveList: `${otherId},a` }],
  ['Size', '1', { archiveId: item.ArchiveId, size: '1' }],
];

describe('an entry', () => {
  it.each(equal)('stays with %j', (narrowing) => {
    expect(includesItem(narrowing, item)).toBe(true);
  });

  it.each(different)('goes with a different %s: %s', (_name, _value, narrowing) => {
    expect(includesItem(narrowing, item)).toBe(false);
  });

  it('without a description does not equal one', () => {
    expect(includesItem({ archiveDescription: 'disk image' }, nameless)).toBe(false);
    expect(includesItem({ archiveDescription: '' }, nameless)).toBe(true);
  });

  it('must equal every value', () => {
    const all: Narrowing = {
      archiveId: item.ArchiveId,
      archiveDescription: item.ArchiveDescription,
      archiveList: item.ArchiveId,
      creationDate: item.CreationDate,
      sha256TreeHash: item.SHA256TreeHash,
      size: String(item.Size),
    };
    expect(includesItem(all, item)).toBe(true);
    for (const [, , narrowing] of different) {
      expect(includesItem({ ...all, ...narrowing }, item)).toBe(false);
    }
  });
});

describe('an archive', () => {
  it.each(equal)('is the one of %j', (narrowing) => {
    expect(() => checkArchive(narrowing, item)).not.toThrow();
  });

  it.each(different)('is refused for a different %s: %s', (name, value, narrowing) => {
    expect(() => checkArchive(narrowing, item)).toThrow(
      expect.objectContaining({
        code: 'InvalidParameterValueException',
        message: expect.stringContaining(`Invalid ${name}: ${value}`),
      }),
    );
  });
});

describe('an inventory', () => {
  it('must be of the vault that is named', () => {
    expect(() => checkVaultArn({}, vaultArn)).not.toThrow();
    expect(() => checkVaultArn({ vaultArn }, vaultArn)).not.toThrow();
    for (const other of ['examplevault', `${vaultArn}2`, vaultArn.toUpperCase()]) {
      expect(() => checkVaultArn({ vaultArn: other }, vaultArn)).toThrow(
        `Invalid VaultARN: ${other}`,
      );
    }
  });

  it.each([undefined, '2026-01-05T08:15:30Z', '2026-01-05T08:15:30.123Z'])(
    'is that of the date %s',
    (inventoryDate) => {
      expect(() => checkInventoryDate({ inventoryDate }, item.CreationDate)).not.toThrow();
    },
  );

  it.each(['2026-01-05T08:15:31Z', '2026-01-05', 'today'])('is not that of %s', (inventoryDate) => {
    expect(() => checkInventoryDate({ inventoryDate }, item.CreationDate)).toThrow(
      expect.objectContaining({
        code: 'InvalidParameterValueException',
        message: expect.stringContaining(`Invalid InventoryDate: ${inventoryDate}`),
      }),
    );
  });

  it.each<[narrowing: Narrowing, narrows: boolean]>([
    [{}, false],
    [{ archiveId: undefined, size: undefined }, false],
    [{ vaultArn }, false],
    [{ inventoryDate: '2026-01-05T08:15:30Z' }, false],
    [{ archiveId: 'a' }, true],
    [{ archiveDescription: 'a' }, true],
    [{ archiveList: 'a' }, true],
    [{ creationDate: 'a' }, true],
    [{ sha256TreeHash: 'a' }, true],
    [{ size: 'a' }, true],
    [{ vaultArn, size: '1' }, true],
  ])('with %j is narrowed: %s', (narrowing, narrows) => {
    expect(isNarrowing(narrowing)).toBe(narrows);
  });
});

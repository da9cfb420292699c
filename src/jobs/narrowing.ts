/**
 * The eight query parameters that our contract adds to Get Job Output, and that Amazon ignores.
 *
 * For an inventory they narrow the list to the entries that equal every value given; for an archive
 * every value given must be the archive's own. `VaultARN` and `InventoryDate` are of the inventory
 * itself and must equal its own. `ArchiveList` is ids with commas between them.
 */
import { invalidParameter } from '../api/errors.ts';
import type { InventoryItem } from '../inventory/document.ts';

export interface Narrowing {
  readonly archiveDescription?: string | undefined;
  readonly archiveId?: string | undefined;
  readonly archiveList?: string | undefined;
  readonly creationDate?: string | undefined;
  readonly inventoryDate?: string | undefined;
  readonly sha256TreeHash?: string | undefined;
  readonly size?: string | undefined;
  readonly vaultArn?: string | undefined;
}

/** Whether an entry stays. */
export function includesItem(narrowing: Narrowing, item: InventoryItem): boolean {
  return differences(narrowing, item).length === 0;
}

/** Whether the list would be narrowed at all. */
export function isNarrowing(narrowing: Narrowing): boolean {
  const { archiveDescription, archiveId, archiveList, creationDate, sha256TreeHash, size } =
    narrowing;
  return [archiveDescription, archiveId, archiveList, creationDate, sha256TreeHash, size].some(
    (value) => value !== undefined,
  );
}

/** @throws GlacierError when a value is not the archive's own */
export function checkArchive(narrowing: Narrowing, archive: InventoryItem): void {
  const [different] = differences(narrowing, archive);
  if (different) throw notItsOwn(different.name, different.value);
}

/** @throws GlacierError when the ARN is not the vault's */
export function checkVaultArn(narrowing: Narrowing, vaultArn: string): void {
  checkEqual('VaultARN', narrowing.vaultArn, vaultArn);
}

/** @throws GlacierError when the date is not the inventory's. Milliseconds are not compared. */
export function checkInventoryDate(narrowing: Narrowing, inventoryDate: string): void {
  checkEqual('InventoryDate', withoutMilliseconds(narrowing.inventoryDate), inventoryDate);
}

interface Difference {
  readonly name: string;
  readonly value: string;
}

function differences(narrowing: Narrowing, item: InventoryItem): Difference[] {
  const { archiveList } = narrowing;
  const compared: [name: string, given: string | undefined, isEqual: (given: string) => boolean][] =
    [
      [
        'ArchiveDescription',
        narrowing.archiveDescription,
        (given) => given === item.ArchiveDescription,
      ],
      ['ArchiveId', narrowing.archiveId, (given) => given === item.ArchiveId],
      ['ArchiveList', archiveList, (given) => given.split(',').includes(item.ArchiveId)],
      [
        'CreationDate',
        narrowing.creationDate,
        (given) => withoutMilliseconds(given) === item.CreationDate,
      ],
      [
        'SHA256TreeHash',
        narrowing.sha256TreeHash,
        (given) => given.toLowerCase() === item.SHA256TreeHash,
      ],
      ['Size', narrowing.size, (given) => given === String(item.Size)],
    ];
  return compared.flatMap(([name, value, isEqual]) =>
    value === undefined || isEqual(value) ? [] : [{ name, value }],
  );
}

function checkEqual(name: string, given: string | undefined, own: string): void {
  if (given !== undefined && given !== own) throw notItsOwn(name, given);
}

function notItsOwn(name: string, value: string) {
  return invalidParameter(`Invalid ${name}: ${value} is not that of the job's output`);
}

/** Other answers show dates with milliseconds, inventories without: both are understood. */
function withoutMilliseconds<Text extends string | undefined>(date: Text): string | Text {
  return date === undefined ? date : date.replace(/\.[0-9]{3}Z$/, 'Z');
}

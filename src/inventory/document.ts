/**
 * What an inventory looks like, to the byte.
 *
 * JSON: one line, no spaces, no line end, keys in this order and not the alphabet's (observed: three
 * real inventories were recomputed to their reported sizes). CSV: a header line, the description
 * always quoted and nothing else, a quote inside written `\"`, a backslash as it is, lines ended by
 * LF (observed; CRLF breaks Amazon's own migration tool). Dates are without milliseconds in both.
 */
import { type Milliseconds, toInventoryDate } from '../lib/clock.ts';
import type { ArchiveRow } from '../storage/metadata/schema.ts';

export interface InventoryHead {
  readonly vaultArn: string;
  readonly inventoryDate: Milliseconds;
}

/** What an inventory says of an archive. */
export interface InventoryItem {
  readonly ArchiveId: string;
  readonly ArchiveDescription: string;
  readonly CreationDate: string;
  readonly Size: number;
  readonly SHA256TreeHash: string;
}

export function toInventoryItem(archive: ArchiveRow): InventoryItem {
  return {
    ArchiveId: archive.archive_id,
    ArchiveDescription: archive.description,
    CreationDate: toInventoryDate(archive.created_at),
    Size: archive.size_bytes,
    SHA256TreeHash: archive.tree_hash.toString('hex'),
  };
}

/** A document is its head, its items with separators between them, and its tail. */
export interface InventoryWriter {
  readonly contentType: string;
  head(head: InventoryHead): string;
  item(item: InventoryItem): string;
  readonly separator: string;
  readonly tail: string;
}

const json: InventoryWriter = {
  contentType: 'application/json',
  head: ({ vaultArn, inventoryDate }) =>
    `{"VaultARN":${JSON.stringify(vaultArn)},"InventoryDate":"${toInventoryDate(inventoryDate)}","ArchiveList":[`,
  item: (item) => JSON.stringify(item),
  separator: ',',
  tail: ']}',
};

const csv: InventoryWriter = {
  contentType: 'text/csv',
  head: () => 'ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash\n',
  item: (item) => {
    const description = item.ArchiveDescription.replaceAll('"', '\\"');
    return `${item.ArchiveId},"${description}",${item.CreationDate},${item.Size},${item.SHA256TreeHash}\n`;
  },
  separator: '',
  tail: '',
};

/** The writer of a format, `JSON` or `CSV`. */
export function inventoryWriter(format: string | null): InventoryWriter {
  return format === 'CSV' ? csv : json;
}

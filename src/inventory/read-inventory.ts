/** An inventory's document, read from the rows page by page: memory does not grow with its length. */
import type { Milliseconds } from '../lib/clock.ts';
import type { MetadataStore } from '../storage/metadata/metadata-store.ts';
import { listArchivesAsOf } from '../storage/metadata/queries/archives.ts';
import type { JobRow } from '../storage/metadata/schema.ts';
import { type InventoryItem, inventoryWriter, toInventoryItem } from './document.ts';

const archivesPerPage = 500;

/** What a job's document consists of. */
export interface InventoryDocument {
  readonly job: JobRow;
  readonly vaultArn: string;
  /** Items that it does not hold are left out; they count towards the job's limit all the same. */
  readonly isIncluded: (item: InventoryItem) => boolean;
  /** Called at the end of the last page: the last item, and whether more remain behind the limit. */
  readonly onEnd?: (end: { readonly lastSequence: number; readonly hasMore: boolean }) => void;
}

/** The document's text in pieces. */
export async function* renderInventory(
  metadata: MetadataStore,
  document: InventoryDocument,
): AsyncGenerator<Buffer, void, undefined> {
  const { job, vaultArn } = document;
  const writer = inventoryWriter(job.format);
  let text = writer.head({ vaultArn, inventoryDate: job.inventory_date ?? 0 });
  let isFirst = true;
  for await (const items of pagesOfItems(metadata, document)) {
    for (const item of items) {
      if (!document.isIncluded(item)) continue;
      text += (isFirst ? '' : writer.separator) + writer.item(item);
      isFirst = false;
    }
    if (text !== '') yield Buffer.from(text);
    text = '';
  }
  if (text + writer.tail !== '') yield Buffer.from(text + writer.tail);
}

async function* pagesOfItems(
  metadata: MetadataStore,
  { job, onEnd }: InventoryDocument,
): AsyncGenerator<InventoryItem[], void, undefined> {
  let remaining = job.item_limit === null ? Number.POSITIVE_INFINITY : Number(job.item_limit);
  let afterSequence = job.after_sequence ?? 0;
  for (;;) {
    const wanted = Math.min(remaining, archivesPerPage);
    const found = await metadata.read((tx) =>
      tx.all(listArchivesAsOf, {
        vaultSequence: job.vault_sequence,
        upToSequence: job.up_to_sequence ?? 0,
        afterSequence,
        createdFrom: parseDate(job.start_date) ?? 0,
        createdBefore: parseDate(job.end_date) ?? Number.MAX_SAFE_INTEGER,
        // One more than wanted shows whether more remain.
        limit: wanted + 1,
      }),
    );
    const archives = found.slice(0, wanted);
    remaining -= archives.length;
    afterSequence = archives.at(-1)?.sequence ?? afterSequence;
    if (archives.length > 0) yield archives.map(toInventoryItem);
    const hasMore = found.length > wanted;
    if (!hasMore || remaining === 0) {
      onEnd?.({ lastSequence: afterSequence, hasMore });
      return;
    }
    // Other requests go first: a page is the longest stretch that they wait.
    await new Promise(setImmediate);
  }
}

function parseDate(date: string | null): Milliseconds | undefined {
  return date === null ? undefined : Date.parse(date);
}

/**
 * The eight query parameters of GetJobOutput that the original contract lists. Amazon ignores them;
 * what they mean here is Firn's own choice (docs: compatibility).
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { checkError } from '../support/check.ts';
import type { Inventory, InventoryEntry } from '../support/client.ts';
import { content, SEVEN_MIB_123 } from '../support/content.ts';
import type { Reply } from '../support/http.ts';
import { MIB } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

type Query = Record<string, string>;

const ALL = [
  'ArchiveDescription',
  'ArchiveId',
  'ArchiveList',
  'CreationDate',
  'InventoryDate',
  'SHA256TreeHash',
  'Size',
  'VaultARN',
];
const emptyQuery: Query = Object.fromEntries(ALL.map((name) => [name, '']));

describe('GetJobOutput of an inventory, narrowed', () => {
  let vault = '';
  let jobId = '';
  let csvJobId = '';
  let text = '';
  let inventory: Inventory = { VaultARN: '', InventoryDate: '', ArchiveList: [] };

  beforeAll(async () => {
    const { client } = firn;
    vault = await client.freshVault();
    const bodies: [string, string][] = [
      ['hello', 'alpha'],
      ['hello', 'beta, gamma'],
      ['hello again', 'alpha'],
      ['x', ''],
    ];
    for (const [body, description] of bodies) {
      await client.uploadArchive(vault, body, { description });
    }
    jobId = await client.retrievedInventory(vault);
    csvJobId = await client.retrievedInventory(vault, { Format: 'CSV' });
    const reply = await client.getJobOutput(vault, jobId);
    text = reply.text;
    inventory = reply.json() as Inventory;
  });

  async function narrowed(query: Query, range?: string): Promise<Reply> {
    const options = range === undefined ? { query } : { query, range };
    return firn.client.getJobOutput(vault, jobId, options);
  }

  /** The document as it must be: the whole one with fewer entries. */
  function documentOf(keep: (entry: InventoryEntry) => boolean): string {
    return JSON.stringify({ ...inventory, ArchiveList: inventory.ArchiveList.filter(keep) });
  }

  function entry(index: number): InventoryEntry {
    return inventory.ArchiveList[index] as InventoryEntry;
  }

  async function checkNarrowed(query: Query, keep: (entry: InventoryEntry) => boolean) {
    const reply = await narrowed(query);
    expect({ status: reply.status, text: reply.text }).toEqual({
      status: 200,
      text: documentOf(keep),
    });
    expect(reply.header('Content-Type')).toBe('application/json');
    expect(reply.header('Content-Length')).toBe(String(reply.body.length));
  }

  it('keeps everything when all values are empty', async () => {
    expect((await narrowed(emptyQuery)).text).toBe(text);
  });

  it.each(['ArchiveId', 'ArchiveDescription', 'CreationDate', 'Size', 'SHA256TreeHash'] as const)(
    'to the entries that equal %s',
    async (name) => {
      for (const wanted of inventory.ArchiveList.filter((one) => one[name] !== '')) {
        await checkNarrowed({ [name]: String(wanted[name]) }, (one) => one[name] === wanted[name]);
      }
    },
  );

  it('to the entries that equal every value', async () => {
    await checkNarrowed(
      { ArchiveDescription: 'alpha', Size: '5' },
      (one) => one.ArchiveDescription === 'alpha' && one.Size === 5,
    );
    await checkNarrowed({ ArchiveId: entry(0).ArchiveId, Size: '1' }, () => false);
  });

  it('to nothing when nothing equals', async () => {
    for (const query of [
      { ArchiveId: 'A'.repeat(138) },
      { ArchiveDescription: 'alph' },
      { ArchiveDescription: 'ALPHA' },
      { CreationDate: '2001-01-01T00:00:00Z' },
      { Size: '4' },
      { SHA256TreeHash: '0'.repeat(64) },
      { ArchiveList: 'A'.repeat(138) },
    ]) {
      await checkNarrowed(query, () => false);
    }
  });

  it('to a list of ids, in the order of the inventory', async () => {
    const ids = [entry(2).ArchiveId, entry(0).ArchiveId, 'A'.repeat(138)];
    await checkNarrowed({ ArchiveList: ids.join(',') }, (one) => ids.includes(one.ArchiveId));
    await checkNarrowed({ ArchiveList: entry(1).ArchiveId }, (one) => one === entry(1));
    await checkNarrowed(
      { ArchiveList: ids.join(','), Size: '5' },
      (one) => ids.includes(one.ArchiveId) && one.Size === 5,
    );
  });

  it('by nothing when VaultARN and InventoryDate are its own', async () => {
    const query = { VaultARN: inventory.VaultARN, InventoryDate: inventory.InventoryDate };
    expect((await narrowed(query)).text).toBe(text);
  });

  it('is refused when VaultARN or InventoryDate is another', async () => {
    for (const query of [
      { VaultARN: `${inventory.VaultARN}x` },
      { VaultARN: 'nonsense' },
      { InventoryDate: '2001-01-01T00:00:00Z' },
      { InventoryDate: 'nonsense' },
    ]) {
      checkError(await narrowed(query as Query), 'InvalidParameterValueException');
    }
  });

  it('in ranges of the narrowed document', async () => {
    const query = { Size: '5' };
    const whole = documentOf((one) => one.Size === 5);
    const part = await narrowed(query, 'bytes=20-79');
    expect(part.status).toBe(206);
    expect(part.text).toBe(whole.slice(20, 80));
    expect(part.header('Content-Range')).toBe(`bytes 20-79/${whole.length}`);
    const after = await narrowed(query, `bytes=${whole.length}-`);
    checkError(after, 'InvalidParameterValueException', `Invalid range: bytes=${whole.length}-`);
  });

  it('in CSV likewise', async () => {
    const { client } = firn;
    const all = (await client.getJobOutput(vault, csvJobId)).text.split('\n');
    const keep = (line: string): boolean => line.split(',').at(-2) === '5';
    const expected = [all[0], ...all.slice(1).filter(keep), ''].join('\n');
    const reply = await client.getJobOutput(vault, csvJobId, { query: { Size: '5' } });
    expect(reply.text).toBe(expected);
    expect(reply.header('Content-Type')).toBe('text/csv');
    const none = await client.getJobOutput(vault, csvJobId, { query: { Size: '4' } });
    expect(none.text).toBe(`${all[0]}\n`);
    const other = await client.getJobOutput(vault, csvJobId, { query: { VaultARN: 'x' } });
    checkError(other, 'InvalidParameterValueException');
  });

  it('ignores names in another case', async () => {
    expect((await narrowed({ size: '5', archiveid: 'x' })).text).toBe(text);
  });
});

describe('GetJobOutput of an archive, with conditions', () => {
  const bytes = content(SEVEN_MIB_123.sizeBytes);
  const range = '4194304-7340154';
  const rangeHash = 'e3c069b4101f901385faf941c7718143190438b4452facf1b1c2865ab437d805';
  let vault = '';
  let jobId = '';
  let rangeJobId = '';
  let own: Query = {};

  beforeAll(async () => {
    const { client } = firn;
    vault = await client.freshVault();
    const description = 'disk, image';
    const archiveId = await client.uploadArchive(vault, bytes, { description });
    jobId = await client.retrievedArchive(vault, archiveId);
    rangeJobId = await client.retrievedArchive(vault, archiveId, { RetrievalByteRange: range });
    const { ArchiveList } = await client.inventory(vault);
    own = {
      ArchiveDescription: description,
      ArchiveId: archiveId,
      ArchiveList: `${'A'.repeat(138)},${archiveId}`,
      CreationDate: ArchiveList[0]?.CreationDate ?? '',
      SHA256TreeHash: SEVEN_MIB_123.treeHash,
      Size: String(SEVEN_MIB_123.sizeBytes),
      VaultARN: client.arn(vault),
    };
  });

  it('gives the bytes when all are true, one by one and together', async () => {
    const { client } = firn;
    const queries = Object.entries(own).map(([name, value]) => ({ [name]: value }));
    for (const query of [...queries, own, emptyQuery]) {
      const reply = await client.getJobOutput(vault, jobId, { query });
      expect({ query, status: reply.status }).toEqual({ query, status: 200 });
      expect(reply.body.equals(bytes)).toBe(true);
    }
  });

  it('ignores InventoryDate', async () => {
    const query = { InventoryDate: '2001-01-01T00:00:00Z' };
    expect((await firn.client.getJobOutput(vault, jobId, { query })).status).toBe(200);
  });

  it.each([
    { ArchiveDescription: 'disk' },
    { ArchiveId: 'A'.repeat(138) },
    { ArchiveList: 'A'.repeat(138) },
    { CreationDate: '2001-01-01T00:00:00Z' },
    { SHA256TreeHash: '0'.repeat(64) },
    { Size: '7340154' },
    { VaultARN: 'arn:aws:glacier:us-west-2:111122223333:vaults/another' },
  ])('is refused when one is not: %j', async (query) => {
    const wrong = { ...own, ...(query as unknown as Query) };
    for (const range of [undefined, 'bytes=0-9']) {
      const options = range === undefined ? { query: wrong } : { query: wrong, range };
      const reply = await firn.client.getJobOutput(vault, jobId, options);
      checkError(reply, 'InvalidParameterValueException');
    }
  });

  it('means the size and hash of the output, not of the archive', async () => {
    const { client } = firn;
    const right = { Size: String(bytes.length - 4 * MIB), SHA256TreeHash: rangeHash };
    const reply = await client.getJobOutput(vault, rangeJobId, { query: right });
    expect(reply.status).toBe(200);
    expect(reply.body.equals(bytes.subarray(4 * MIB))).toBe(true);
    for (const query of [{ Size: own.Size ?? '' }, { SHA256TreeHash: SEVEN_MIB_123.treeHash }]) {
      const refused = await client.getJobOutput(vault, rangeJobId, { query: query as Query });
      checkError(refused, 'InvalidParameterValueException');
    }
  });

  it('goes with a range', async () => {
    const reply = await firn.client.getJobOutput(vault, jobId, { query: own, range: 'bytes=0-9' });
    expect(reply.status).toBe(206);
    expect(reply.body.equals(bytes.subarray(0, 10))).toBe(true);
  });
});

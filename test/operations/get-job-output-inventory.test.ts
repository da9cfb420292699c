/** GetJobOutput of inventory jobs: the two formats, filters, pages (wire page, section 3.5.5). */
import { describe, expect, it } from 'vitest';
import { checkCommon, checkError, INVENTORY_DATE } from '../support/check.ts';
import type { Client, Inventory, InventoryEntry, JsonObject } from '../support/client.ts';
import { content } from '../support/content.ts';
import type { Reply } from '../support/http.ts';
import { isRemote } from '../support/server.ts';
import { MIB } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const MARKER = /^[A-Za-z0-9_-]{135}$/;
const helloHash = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
const HEADER = 'ArchiveId,ArchiveDescription,CreationDate,Size,SHA256TreeHash';

async function outputOf(
  client: Client,
  vault: string,
  job: JsonObject = {},
  options: { readonly range?: string } = {},
): Promise<Reply> {
  return client.getJobOutput(vault, await client.retrievedInventory(vault, job), options);
}

function checkInventory(reply: Reply, type: 'application/json' | 'text/csv'): void {
  expect(reply.status).toBe(200);
  expect(reply.header('Content-Type')).toBe(type);
  expect(reply.header('Content-Length')).toBe(String(reply.body.length));
  expect(reply.header('Accept-Ranges')).toBe('bytes');
  expect(reply.header('Content-Range')).toBeUndefined();
  expect(reply.header('x-amz-sha256-tree-hash')).toBeUndefined();
  expect(reply.header('x-amz-archive-description')).toBeUndefined();
  checkCommon(reply);
}

function idsOf({ ArchiveList }: Inventory): string[] {
  return ArchiveList.map(({ ArchiveId }) => ArchiveId);
}

/** A vault with archives of one byte, stored one after the other. */
async function vaultWith(client: Client, count: number): Promise<{ vault: string; ids: string[] }> {
  const vault = await client.freshVault();
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await client.uploadArchive(vault, Buffer.of(i)));
  return { vault, ids };
}

interface Page {
  readonly inventory: Inventory;
  readonly marker: string | null;
}

async function page(client: Client, vault: string, parameters: JsonObject): Promise<Page> {
  const jobId = await client.retrieveInventory(vault, {
    InventoryRetrievalParameters: parameters,
  });
  const job = await client.waitForJob(vault, jobId);
  const { Marker } = job.InventoryRetrievalParameters as { Marker: string | null };
  const reply = await client.getJobOutput(vault, jobId);
  return { inventory: reply.json() as Inventory, marker: Marker };
}

describe('GetJobOutput of an inventory in JSON', () => {
  it('is one line, compact, keys in their own order', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const first = await client.uploadArchive(vault, 'hello');
    const second = await client.uploadArchive(vault, content(MIB), {
      description: 'my, "odd" \\ one',
    });
    const reply = await outputOf(client, vault);
    checkInventory(reply, 'application/json');
    const { ArchiveList, InventoryDate } = reply.json() as Inventory;
    const dates = ArchiveList.map(({ CreationDate }) => CreationDate);
    const expected: Inventory = {
      VaultARN: client.arn(vault),
      InventoryDate,
      ArchiveList: [
        {
          ArchiveId: first,
          ArchiveDescription: '',
          CreationDate: dates[0] as string,
          Size: 5,
          SHA256TreeHash: helloHash,
        },
        {
          ArchiveId: second,
          ArchiveDescription: 'my, "odd" \\ one',
          CreationDate: dates[1] as string,
          Size: MIB,
          SHA256TreeHash: '631b84027d6b9e52b539c4e8373622d23032dfadc64d60af87339c9037e4f769',
        },
      ],
    };
    expect(reply.text).toBe(JSON.stringify(expected));
    for (const date of [...dates, InventoryDate]) expect(date).toMatch(INVENTORY_DATE);
  });

  it('has the date of the vault, truncated to seconds', async () => {
    const { client } = firn;
    const { vault } = await vaultWith(client, 1);
    const { LastInventoryDate } = await client.describeVault(vault);
    const { InventoryDate } = await client.inventory(vault);
    expect(InventoryDate).toBe(LastInventoryDate?.replace(/\.\d{3}Z$/, 'Z'));
  });

  it('is empty for a vault whose archives are all deleted', async () => {
    const { client } = firn;
    const { vault, ids } = await vaultWith(client, 1);
    await client.deleteArchive(vault, ids[0] as string);
    const reply = await outputOf(client, vault);
    checkInventory(reply, 'application/json');
    const { InventoryDate } = reply.json() as Inventory;
    expect(reply.text).toBe(
      `{"VaultARN":"${client.arn(vault)}","InventoryDate":"${InventoryDate}","ArchiveList":[]}`,
    );
  });

  it('lists archives in the order of their creation', async () => {
    const { client } = firn;
    const { vault, ids } = await vaultWith(client, 12);
    const inventory = await client.inventory(vault);
    const dates = inventory.ArchiveList.map(({ CreationDate }) => CreationDate);
    expect(dates).toEqual([...dates].sort());
    expect(idsOf(inventory).sort()).toEqual([...ids].sort());
  });

  it('is given in ranges, always with 206 and never with a tree hash', async () => {
    const { client } = firn;
    const { vault } = await vaultWith(client, 3);
    const jobId = await client.retrievedInventory(vault);
    const whole = await client.getJobOutput(vault, jobId);
    const size = whole.body.length;
    const cases: [string, number, number][] = [
      ['bytes=0-', 0, size - 1],
      [`bytes=0-${size - 1}`, 0, size - 1],
      ['bytes=0-1048575', 0, size - 1],
      ['bytes=10-19', 10, 19],
      ['bytes=-7', size - 7, size - 1],
    ];
    for (const [range, start, end] of cases) {
      const reply = await client.getJobOutput(vault, jobId, { range });
      expect(reply.status).toBe(206);
      expect(reply.text).toBe(whole.text.slice(start, end + 1));
      expect(reply.header('Content-Type')).toBe('application/json');
      expect(reply.header('Content-Range')).toBe(`bytes ${start}-${end}/${size}`);
      expect(reply.header('Content-Length')).toBe(String(end - start + 1));
      expect(reply.header('Accept-Ranges')).toBe('bytes');
      expect(reply.header('x-amz-sha256-tree-hash')).toBeUndefined();
    }
    const after = await client.getJobOutput(vault, jobId, { range: `bytes=${size}-` });
    checkError(after, 'InvalidParameterValueException', `Invalid range: bytes=${size}-`);
  });

  it('stays as it was when archives come and go after the job', async () => {
    const { client } = firn;
    const { vault, ids } = await vaultWith(client, 2);
    const jobId = await client.retrievedInventory(vault);
    const before = await client.getJobOutput(vault, jobId);
    await client.uploadArchive(vault, 'later');
    await client.deleteArchive(vault, ids[0] as string);
    expect((await client.getJobOutput(vault, jobId)).text).toBe(before.text);
  });
});

describe.skipIf(isRemote)('GetJobOutput of the inventory whose size is known from Amazon', () => {
  const tokyo = useServer({
    environment: { FIRN_REGION: 'ap-northeast-1', FIRN_ACCOUNT_ID: '123456789012' },
  });

  it('is exactly 443 bytes for one archive of 5 bytes without description', async () => {
    const { client } = tokyo;
    await client.createVault('examplevault');
    await client.uploadArchive('examplevault', 'hello');
    const jobId = await client.retrievedInventory('examplevault');
    const reply = await client.getJobOutput('examplevault', jobId);
    expect(reply.body).toHaveLength(443);
    const job = await client.describeJob('examplevault', jobId);
    expect(job.InventorySizeInBytes).toBe(443);
  });
});

describe('GetJobOutput of an inventory in CSV', () => {
  it('has a header, quotes descriptions only, and ends every line with LF', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const descriptions = ['', 'my, "odd" one', 'a\\b', 'a,1"2', 'plain', 'ends with "', '=1+1'];
    const ids: string[] = [];
    for (const description of descriptions) {
      ids.push(await client.uploadArchive(vault, 'hello', { description }));
    }
    const reply = await outputOf(client, vault, { Format: 'CSV' });
    checkInventory(reply, 'text/csv');
    const { ArchiveList } = await client.inventory(vault);
    const quoted = [
      '""',
      '"my, \\"odd\\" one"',
      '"a\\b"',
      '"a,1\\"2"',
      '"plain"',
      '"ends with \\""',
      '"=1+1"',
    ];
    const line = ({ ArchiveId, CreationDate }: InventoryEntry): string =>
      `${ArchiveId},${quoted[ids.indexOf(ArchiveId)]},${CreationDate},5,${helloHash}\n`;
    expect(reply.text).toBe(`${HEADER}\n${ArchiveList.map(line).join('')}`);
  });

  it('is the header alone for an empty vault', async () => {
    const { client } = firn;
    const { vault, ids } = await vaultWith(client, 1);
    await client.deleteArchive(vault, ids[0] as string);
    const reply = await outputOf(client, vault, { Format: 'CSV' });
    checkInventory(reply, 'text/csv');
    expect(reply.text).toBe(`${HEADER}\n`);
  });

  it('is given in ranges', async () => {
    const { client } = firn;
    const { vault } = await vaultWith(client, 3);
    const jobId = await client.retrievedInventory(vault, { Format: 'CSV' });
    const whole = await client.getJobOutput(vault, jobId);
    expect((await client.describeJob(vault, jobId)).InventorySizeInBytes).toBe(whole.body.length);
    const parts: string[] = [];
    for (let start = 0; start < whole.body.length; start += 100) {
      const reply = await client.getJobOutput(vault, jobId, {
        range: `bytes=${start}-${start + 99}`,
      });
      expect(reply.status).toBe(206);
      expect(reply.header('Content-Type')).toBe('text/csv');
      parts.push(reply.text);
    }
    expect(parts.join('')).toBe(whole.text);
  });
});

describe('GetJobOutput of an inventory between two dates', () => {
  function secondsAfter(date: string, seconds: number): string {
    return new Date(Date.parse(date) + seconds * 1000).toISOString().replace('.000Z', 'Z');
  }

  it('takes archives created on or after StartDate and before EndDate', async () => {
    const { client } = firn;
    const { vault, ids } = await vaultWith(client, 1);
    const created = (await client.inventory(vault)).ArchiveList[0]?.CreationDate ?? '';
    const next = secondsAfter(created, 1);
    const earlier = secondsAfter(created, -1);
    const cases: [JsonObject, string[]][] = [
      [{ StartDate: created }, ids],
      [{ StartDate: next }, []],
      [{ EndDate: next }, ids],
      [{ EndDate: created }, []],
      [{ StartDate: created, EndDate: next }, ids],
      [{ StartDate: earlier, EndDate: created }, []],
      [{ StartDate: created, EndDate: created }, []],
    ];
    for (const [parameters, expected] of cases) {
      const inventory = await client.inventory(vault, { InventoryRetrievalParameters: parameters });
      expect({ parameters, ids: idsOf(inventory) }).toEqual({ parameters, ids: expected });
    }
  });
});

describe('GetJobOutput of an inventory in pages', () => {
  it('goes on after the marker until it is null', async () => {
    const { client } = firn;
    const { vault } = await vaultWith(client, 5);
    const all = idsOf(await client.inventory(vault));
    const first = await page(client, vault, { Limit: 2 });
    expect(first.marker).toMatch(MARKER);
    const second = await page(client, vault, { Limit: '2', Marker: first.marker });
    expect(second.marker).toMatch(MARKER);
    const third = await page(client, vault, { Limit: '2', Marker: second.marker });
    expect(third.marker).toBeNull();
    const pages = [first, second, third].map(({ inventory }) => idsOf(inventory));
    expect(pages).toEqual([all.slice(0, 2), all.slice(2, 4), all.slice(4)]);
    const rest = await page(client, vault, { Marker: first.marker });
    expect(idsOf(rest.inventory)).toEqual(all.slice(2));
  });

  it('has a null marker when exactly as many are left as were asked for', async () => {
    const { client } = firn;
    const { vault } = await vaultWith(client, 4);
    for (const limit of [4, 5, 1_000_000]) {
      const only = await page(client, vault, { Limit: limit });
      expect(only.inventory.ArchiveList).toHaveLength(4);
      expect(only.marker).toBeNull();
    }
    const first = await page(client, vault, { Limit: 2 });
    expect((await page(client, vault, { Limit: 2, Marker: first.marker })).marker).toBeNull();
  });

  it('shows one inventory, though archives come and go between the pages', async () => {
    const { client } = firn;
    const { vault, ids } = await vaultWith(client, 5);
    const whole = await client.inventory(vault);
    const first = await page(client, vault, { Limit: 2 });
    await client.uploadArchive(vault, 'later');
    await client.deleteArchive(vault, ids[4] as string);
    const second = await page(client, vault, { Limit: 2, Marker: first.marker });
    const third = await page(client, vault, { Limit: 2, Marker: second.marker });
    const pages = [first, second, third];
    expect(pages.flatMap(({ inventory }) => idsOf(inventory))).toEqual(idsOf(whole));
    expect(new Set(pages.map(({ inventory }) => inventory.InventoryDate)).size).toBe(1);
    expect(third.marker).toBeNull();
  });

  it('works in CSV, with the header on every page', async () => {
    const { client } = firn;
    const { vault } = await vaultWith(client, 3);
    const all = idsOf(await client.inventory(vault));
    const jobId = await client.retrieveInventory(vault, {
      Format: 'CSV',
      InventoryRetrievalParameters: { Limit: 2 },
    });
    const job = await client.waitForJob(vault, jobId);
    const { Marker } = job.InventoryRetrievalParameters as { Marker: string };
    const first = await client.getJobOutput(vault, jobId);
    const second = await outputOf(client, vault, {
      Format: 'CSV',
      InventoryRetrievalParameters: { Limit: 2, Marker },
    });
    const idsIn = (reply: Reply): string[] => {
      const [header, ...lines] = reply.text.trimEnd().split('\n');
      expect(header).toBe(HEADER);
      return lines.map((line) => line.slice(0, 138));
    };
    expect([...idsIn(first), ...idsIn(second)]).toEqual(all);
  });
});

describe('GetJobOutput of an inventory of 1,001 archives', () => {
  it('lists each once, whole and in pages of any size, in JSON and CSV', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const bodies = Array.from({ length: 1001 }, (_, i) => Buffer.from(`archive ${i}`));
    const ids = await Promise.all(bodies.map((body) => client.uploadArchive(vault, body)));
    const whole = await client.inventory(vault);
    const listed = idsOf(whole);
    expect([...listed].sort()).toEqual([...ids].sort());
    expect(whole.ArchiveList[700]?.Size).toBe(
      bodies[ids.indexOf(listed[700] as string)]?.length as number,
    );
    const csv = await outputOf(client, vault, { Format: 'CSV' });
    const lines = csv.text.trimEnd().split('\n').slice(1);
    expect(lines.map((line) => line.slice(0, 138))).toEqual(listed);
    for (const limit of [499, 500, 501, 1000, 1001]) {
      const found: string[] = [];
      let marker: string | null = null;
      do {
        const parameters: JsonObject = { Limit: limit, Marker: marker };
        const next: Page = await page(client, vault, parameters);
        found.push(...idsOf(next.inventory));
        marker = next.marker;
      } while (marker !== null);
      expect({ limit, found }).toEqual({ limit, found: listed });
    }
  });
});

describe.skipIf(isRemote)('GetJobOutput of an inventory that takes its time', () => {
  const slow = useServer({ arguments: ['--retrieval-seconds', 'expedited=1,standard=1,bulk=1'] });

  it('shows the vault as it was when the job was asked for', async () => {
    const { client } = slow;
    const { vault, ids } = await vaultWith(client, 2);
    const jobId = await client.retrieveInventory(vault);
    await client.uploadArchive(vault, 'later');
    await client.deleteArchive(vault, ids[0] as string);
    await client.waitForJob(vault, jobId);
    const output = await client.getJobOutput(vault, jobId);
    expect(idsOf(output.json() as Inventory).sort()).toEqual([...ids].sort());
  });

  it('keeps an archive retrieval going when its archive is deleted, or fails it whole', async () => {
    const { client } = slow;
    const { vault, ids } = await vaultWith(client, 1);
    const jobId = await client.retrieveArchive(vault, ids[0] as string);
    await client.deleteArchive(vault, ids[0] as string);
    const job = await client.waitForJob(vault, jobId);
    const output = await client.getJobOutput(vault, jobId);
    if (job.StatusCode === 'Succeeded') expect(output.body).toEqual(Buffer.of(0));
    else {
      const message = `The job is not currently available for download: ${jobId}`;
      checkError(output, 'InvalidParameterValueException', message);
    }
  });
});

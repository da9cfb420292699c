import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoVault } from '../support/check.ts';
import { type Client, type JsonObject, uniqueName } from '../support/client.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

interface JobPage {
  readonly JobList: readonly JsonObject[];
  readonly Marker: string | null;
}

async function page(client: Client, vault: string, query = ''): Promise<JobPage> {
  const reply = await client.expect(200, 'GET', `/-/vaults/${vault}/jobs${query}`);
  return reply.json() as JobPage;
}

function idsOf(...pages: readonly JobPage[]): string[] {
  return pages.flatMap((one) => one.JobList.map((job) => String(job.JobId)));
}

function datesOf(...pages: readonly JobPage[]): string[] {
  return pages.flatMap((one) => one.JobList.map((job) => String(job.CreationDate)));
}

async function freshArchive(client: Client): Promise<{ vault: string; archiveId: string }> {
  const vault = await client.freshVault();
  return { vault, archiveId: await client.uploadArchive(vault, 'hello') };
}

describe('ListJobs', () => {
  describe('malformed', () => {
    it.each(['0', '-1', 'abc', '1.5', '1e1'])('refuses the limit %s', async (limit) => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request('GET', `/-/vaults/${vault}/jobs?limit=${limit}`);
      checkError(reply, 'InvalidParameterValueException', `Invalid limit: ${limit}`);
    });

    it.each(['nonsense', '€'])('refuses the marker %s', async (marker) => {
      const vault = await firn.client.freshVault();
      const target = `/-/vaults/${vault}/jobs?marker=${encodeURIComponent(marker)}`;
      const reply = await firn.client.request('GET', target);
      checkError(reply, 'InvalidParameterValueException', `Invalid marker: ${marker}`);
    });

    it.each(['Done', 'succeeded', 'INPROGRESS', 'In Progress'])(
      'refuses the status code %s',
      async (code) => {
        const vault = await firn.client.freshVault();
        const target = `/-/vaults/${vault}/jobs?statuscode=${encodeURIComponent(code)}`;
        const reply = await firn.client.request('GET', target);
        const message = `The job status code is not valid: ${code}`;
        checkError(reply, 'InvalidParameterValueException', message);
      },
    );

    it.each(['maybe', '1', 'yes'])('refuses completed=%s', async (completed) => {
      const vault = await firn.client.freshVault();
      const target = `/-/vaults/${vault}/jobs?completed=${completed}`;
      const reply = await firn.client.request('GET', target);
      checkError(reply, 'InvalidParameterValueException', `Invalid completed: ${completed}`);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist, also with a bad status code', async () => {
      const vault = uniqueName();
      for (const query of ['', '?statuscode=Done', '?limit=0']) {
        const reply = await firn.client.request('GET', `/-/vaults/${vault}/jobs${query}`);
        checkNoVault(reply, firn.client, vault);
      }
    });

    it('for another account', async () => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request('GET', `/999999999999/vaults/${vault}/jobs`);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });
  });

  describe('works', () => {
    it('when there are none', async () => {
      const vault = await firn.client.freshVault();
      const queries = [
        '',
        '?limit=&marker=&completed=&statuscode=',
        '?completed=true',
        '?completed=false',
        '?statuscode=Failed',
        '?colour=red',
      ];
      for (const query of queries) {
        const reply = await firn.client.request('GET', `/-/vaults/${vault}/jobs${query}`);
        checkJson(reply, { JobList: [], Marker: null });
      }
    });

    it('with the descriptions that DescribeJob gives', async () => {
      const { client } = firn;
      const { vault, archiveId } = await freshArchive(client);
      const ids = [
        await client.retrievedArchive(vault, archiveId, { Description: 'one', Tier: 'Bulk' }),
        await client.retrievedInventory(vault, { Format: 'CSV' }),
      ];
      const reply = await client.request('GET', `/-/vaults/${vault}/jobs`);
      const listed = reply.json() as JobPage;
      expect(new Set(idsOf(listed))).toEqual(new Set(ids));
      const descriptions: JsonObject[] = [];
      for (const jobId of idsOf(listed)) {
        descriptions.push(await client.describeJob(vault, jobId));
      }
      checkJson(reply, { JobList: descriptions, Marker: null });
    });

    it('newest first, page by page, a null marker when exactly as many are left', async () => {
      const { client } = firn;
      const { vault, archiveId } = await freshArchive(client);
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) ids.push(await client.retrievedArchive(vault, archiveId));
      const first = await page(client, vault, '?limit=2');
      const second = await page(client, vault, `?limit=2&marker=${first.Marker}`);
      const third = await page(client, vault, `?limit=2&marker=${second.Marker}`);
      const pages = [first, second, third];
      expect(pages.map((one) => one.JobList.length)).toEqual([2, 2, 2]);
      expect(third.Marker).toBeNull();
      expect(new Set(idsOf(...pages))).toEqual(new Set(ids));
      const dates = datesOf(...pages);
      expect(dates).toEqual([...dates].sort().reverse());
      expect((await page(client, vault, '?limit=6')).Marker).toBeNull();
      expect(idsOf(await page(client, vault))).toEqual(idsOf(...pages));
    });

    it('with 50 jobs as default and as maximum', async () => {
      const { client } = firn;
      const { vault, archiveId } = await freshArchive(client);
      const asked = Array.from({ length: 51 }, () => client.retrieveArchive(vault, archiveId));
      for (const jobId of await Promise.all(asked)) await client.waitForJob(vault, jobId);
      const whole = await page(client, vault);
      expect(whole.JobList).toHaveLength(50);
      for (const query of ['?limit=50', '?limit=51', '?limit=1000', '?limit=', '?Limit=1']) {
        expect(await page(client, vault, query)).toEqual(whole);
      }
      const last = await page(client, vault, `?marker=${whole.Marker}`);
      expect(last.JobList).toHaveLength(1);
      expect(last.Marker).toBeNull();
      expect(new Set(idsOf(whole, last)).size).toBe(51);
    });

    it('while jobs are added between two pages: none twice, none lost', async () => {
      const { client } = firn;
      const { vault, archiveId } = await freshArchive(client);
      for (let i = 0; i < 4; i++) await client.retrievedArchive(vault, archiveId);
      const before = await page(client, vault);
      const first = await page(client, vault, '?limit=2');
      await client.retrievedArchive(vault, archiveId);
      const rest = await page(client, vault, `?marker=${first.Marker}`);
      expect(idsOf(first, rest)).toEqual(idsOf(before));
    });

    it('without jobs of another vault', async () => {
      const { client } = firn;
      const { vault, archiveId } = await freshArchive(client);
      await client.retrieveArchive(vault, archiveId);
      const other = await client.freshVault();
      expect(await page(client, other)).toEqual({ JobList: [], Marker: null });
    });
  });
});

describe.skipIf(isRemote)('ListJobs with filters', () => {
  const slow = useServer({
    arguments: ['--retrieval-seconds', 'expedited=0,standard=3600,bulk=3600'],
  });

  it('combines completed and statuscode', async () => {
    const { client } = slow;
    const { vault, archiveId } = await freshArchive(client);
    const done = await client.retrievedArchive(vault, archiveId, { Tier: 'Expedited' });
    const waiting = await client.retrieveArchive(vault, archiveId, { Tier: 'Bulk' });
    const cases: [string, string[]][] = [
      ['', [waiting, done]],
      ['?completed=true', [done]],
      ['?completed=TRUE', [done]],
      ['?completed=false', [waiting]],
      ['?completed=False', [waiting]],
      ['?statuscode=InProgress', [waiting]],
      ['?statuscode=Succeeded', [done]],
      ['?statuscode=Failed', []],
      ['?completed=true&statuscode=Succeeded', [done]],
      ['?completed=true&statuscode=InProgress', []],
      ['?completed=false&statuscode=Succeeded', []],
      ['?completed=false&statuscode=InProgress&limit=1', [waiting]],
      ['?completed=&statuscode=Succeeded', [done]],
      ['?completed=true&statuscode=', [done]],
    ];
    for (const [query, expected] of cases) {
      const listed = await page(client, vault, query);
      expect({ query, ids: idsOf(listed).sort() }).toEqual({ query, ids: [...expected].sort() });
      expect(listed.Marker).toBeNull();
    }
  });

  it('pages through what the filter leaves', async () => {
    const { client } = slow;
    const { vault, archiveId } = await freshArchive(client);
    const done: string[] = [];
    for (let i = 0; i < 3; i++) {
      await client.retrieveArchive(vault, archiveId);
      done.push(await client.retrievedArchive(vault, archiveId, { Tier: 'Expedited' }));
    }
    await client.retrieveArchive(vault, archiveId);
    const pages = [await page(client, vault, '?completed=true&limit=2')];
    while (pages.at(-1)?.Marker) {
      const query = `?completed=true&limit=2&marker=${pages.at(-1)?.Marker}`;
      pages.push(await page(client, vault, query));
    }
    expect(idsOf(...pages)).toHaveLength(3);
    expect(new Set(idsOf(...pages))).toEqual(new Set(done));
    const dates = datesOf(...pages);
    expect(dates).toEqual([...dates].sort().reverse());
  });
});

import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoVault, DATE } from '../support/check.ts';
import { type Client, uniqueName } from '../support/client.ts';
import { MIB } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

interface UploadPage {
  readonly Marker: string | null;
  readonly UploadsList: readonly {
    readonly CreationDate: string;
    readonly MultipartUploadId: string;
  }[];
}

async function page(client: Client, vault: string, query = ''): Promise<UploadPage> {
  const reply = await client.expect(200, 'GET', `/-/vaults/${vault}/multipart-uploads${query}`);
  return reply.json() as UploadPage;
}

async function allPages(client: Client, vault: string, limit: number): Promise<UploadPage[]> {
  const pages = [await page(client, vault, `?limit=${limit}`)];
  for (let last = pages[0]; last?.Marker; last = pages.at(-1)) {
    const marker = encodeURIComponent(last.Marker);
    pages.push(await page(client, vault, `?limit=${limit}&marker=${marker}`));
  }
  return pages;
}

function idsOf(...pages: readonly UploadPage[]): string[] {
  return pages.flatMap((one) => one.UploadsList.map((upload) => upload.MultipartUploadId));
}

/** Initiates uploads one after the other, so that their order is known. */
async function uploads(client: Client, vault: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await client.initiateUpload(vault, MIB));
  return ids;
}

describe('ListMultipartUploads', () => {
  describe('malformed', () => {
    it.each(['0', '-1', 'abc', '1.5', '1e1'])('refuses the limit %s', async (limit) => {
      const { client } = firn;
      const vault = await client.freshVault();
      const target = `/-/vaults/${vault}/multipart-uploads?limit=${limit}`;
      const reply = await client.request('GET', target);
      checkError(reply, 'InvalidParameterValueException', `Invalid limit: ${limit}`);
    });

    it.each(['nonsense', '€', '*'])('refuses the marker %s', async (marker) => {
      const { client } = firn;
      const vault = await client.freshVault();
      const target = `/-/vaults/${vault}/multipart-uploads?marker=${encodeURIComponent(marker)}`;
      const reply = await client.request('GET', target);
      checkError(reply, 'InvalidParameterValueException', `Invalid marker: ${marker}`);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist, also with a bad limit', async () => {
      const { client } = firn;
      const vault = uniqueName();
      for (const query of ['', '?limit=0']) {
        const target = `/-/vaults/${vault}/multipart-uploads${query}`;
        checkNoVault(await client.request('GET', target), client, vault);
      }
    });

    it('for another account', async () => {
      const vault = await firn.client.freshVault();
      const target = `/999999999999/vaults/${vault}/multipart-uploads`;
      const reply = await firn.client.request('GET', target);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });
  });

  describe('works', () => {
    it('when there are none', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      for (const query of ['', '?limit=', '?marker=', '?limit=&marker=', '?colour=red']) {
        const reply = await client.request('GET', `/-/vaults/${vault}/multipart-uploads${query}`);
        checkJson(reply, { Marker: null, UploadsList: [] });
      }
    });

    it('with all five fields, null for no description', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const first = await client.initiateUpload(vault, 4 * MIB, 'disk   image');
      const second = await client.initiateUpload(vault, MIB);
      const reply = await client.request('GET', `/-/vaults/${vault}/multipart-uploads`);
      const dates = (reply.json() as UploadPage).UploadsList.map((one) => one.CreationDate);
      checkJson(reply, {
        Marker: null,
        UploadsList: [
          {
            ArchiveDescription: 'disk   image',
            CreationDate: dates[0],
            MultipartUploadId: first,
            PartSizeInBytes: 4 * MIB,
            VaultARN: client.arn(vault),
          },
          {
            ArchiveDescription: null,
            CreationDate: dates[1],
            MultipartUploadId: second,
            PartSizeInBytes: MIB,
            VaultARN: client.arn(vault),
          },
        ],
      });
      for (const date of dates) expect(date).toMatch(DATE);
    });

    it('in the order of initiation, page by page', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const ids = await uploads(client, vault, 5);
      const pages = await allPages(client, vault, 2);
      expect(pages.map((one) => one.UploadsList.length)).toEqual([2, 2, 1]);
      expect(new Set(idsOf(...pages))).toEqual(new Set(ids));
      const dates = pages.flatMap((one) => one.UploadsList.map((upload) => upload.CreationDate));
      expect(dates).toEqual([...dates].sort());
      expect(pages.at(-1)?.Marker).toBeNull();
    });

    it('with a null marker when exactly as many are left as were asked for', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      await uploads(client, vault, 4);
      const pages = await allPages(client, vault, 2);
      expect(pages.map((one) => one.UploadsList.length)).toEqual([2, 2]);
      expect((await page(client, vault, '?limit=4')).Marker).toBeNull();
    });

    it('with 50 uploads as default and as maximum', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      await Promise.all(Array.from({ length: 51 }, () => client.initiateUpload(vault, MIB)));
      const whole = await page(client, vault);
      expect(whole.UploadsList).toHaveLength(50);
      for (const query of ['?limit=50', '?limit=51', '?limit=1000', '?limit=', '?Limit=1']) {
        expect(await page(client, vault, query)).toEqual(whole);
      }
      const last = await page(client, vault, `?marker=${encodeURIComponent(whole.Marker ?? '')}`);
      expect(last.UploadsList).toHaveLength(1);
      expect(last.Marker).toBeNull();
      expect(new Set(idsOf(whole, last)).size).toBe(51);
    });

    it('after a marker whose upload is gone', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      await uploads(client, vault, 5);
      const first = await page(client, vault, '?limit=2');
      for (const uploadId of idsOf(first)) await client.abortUpload(vault, uploadId);
      const marker = encodeURIComponent(first.Marker ?? '');
      const next = await page(client, vault, `?marker=${marker}`);
      expect(next.UploadsList).toHaveLength(3);
      expect(idsOf(next)).toEqual(idsOf(await page(client, vault)));
    });

    it('without what is completed or aborted, or in another vault', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const [open = '', aborted = '', completed = ''] = await uploads(client, vault, 3);
      await uploads(client, await client.freshVault(), 1);
      await client.abortUpload(vault, aborted);
      await client.uploadPart(vault, completed, 0, Buffer.from('hello'));
      const hash = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
      await client.completeUpload(vault, completed, 5, hash);
      expect(idsOf(await page(client, vault))).toEqual([open]);
    });
  });
});

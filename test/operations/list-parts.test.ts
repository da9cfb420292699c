import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoVault, DATE } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { content } from '../support/content.ts';
import { sha256 } from '../support/sign.ts';
import { MIB } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const MARKER = /^[A-Za-z0-9_-]{50}$/;
const hello = Buffer.from('hello');
const helloHash = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

interface PartPage {
  readonly Marker: string | null;
  readonly Parts: readonly { readonly RangeInBytes: string; readonly SHA256TreeHash: string }[];
}

interface Upload {
  readonly vault: string;
  readonly uploadId: string;
}

async function freshUpload(description?: string): Promise<Upload> {
  const vault = await firn.client.freshVault();
  return { vault, uploadId: await firn.client.initiateUpload(vault, MIB, description) };
}

function list({ vault, uploadId }: Upload, query = '') {
  return firn.client.request('GET', `/-/vaults/${vault}/multipart-uploads/${uploadId}${query}`);
}

async function page(upload: Upload, query = ''): Promise<PartPage> {
  return (await list(upload, query)).json() as PartPage;
}

/** Parts of one byte, at part numbers counted from 0. */
async function putParts({ vault, uploadId }: Upload, indexes: readonly number[]): Promise<void> {
  await Promise.all(
    indexes.map((index) =>
      firn.client.uploadPart(vault, uploadId, index * MIB, Buffer.of(index % 256)),
    ),
  );
}

function rangesOf(...pages: readonly PartPage[]): string[] {
  return pages.flatMap((one) => one.Parts.map((part) => part.RangeInBytes));
}

function rangesAt(indexes: readonly number[]): string[] {
  return indexes.map((index) => `${index * MIB}-${index * MIB}`);
}

function unknown(uploadId: string): string {
  return `The upload ID was not found: ${uploadId}`;
}

describe('ListParts', () => {
  describe('malformed', () => {
    it.each(['0', '-1', 'abc', '1.5', '1e1'])('refuses the limit %s', async (limit) => {
      const reply = await list(await freshUpload(), `?limit=${limit}`);
      checkError(reply, 'InvalidParameterValueException', `Invalid limit: ${limit}`);
    });

    it.each(['nonsense', '€'])('refuses the marker %s', async (marker) => {
      const reply = await list(await freshUpload(), `?marker=${encodeURIComponent(marker)}`);
      checkError(reply, 'InvalidParameterValueException', `Invalid marker: ${marker}`);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const { uploadId } = await freshUpload();
      const vault = uniqueName();
      checkNoVault(await list({ vault, uploadId }), firn.client, vault);
    });

    it('for an upload that never existed', async () => {
      const vault = await firn.client.freshVault();
      for (const uploadId of ['abc', 'u'.repeat(92)]) {
        const reply = await list({ vault, uploadId });
        checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
      }
    });

    it('for an upload of another vault', async () => {
      const { uploadId } = await freshUpload();
      const reply = await list({ vault: await firn.client.freshVault(), uploadId });
      checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
    });

    it('after Abort and after Complete', async () => {
      const { client } = firn;
      const aborted = await freshUpload();
      await client.abortUpload(aborted.vault, aborted.uploadId);
      const refused = await list(aborted);
      checkError(refused, 'ResourceNotFoundException', unknown(aborted.uploadId));
      const completed = await freshUpload();
      await client.uploadPart(completed.vault, completed.uploadId, 0, hello);
      await client.completeUpload(completed.vault, completed.uploadId, 5, helloHash);
      const gone = await list(completed);
      checkError(gone, 'ResourceNotFoundException', unknown(completed.uploadId));
    });

    it('by a bad limit before an unknown upload', async () => {
      const vault = await firn.client.freshVault();
      const reply = await list({ vault, uploadId: 'abc' }, '?limit=0');
      checkError(reply, 'InvalidParameterValueException', 'Invalid limit: 0');
    });
  });

  describe('works', () => {
    it('when there are none', async () => {
      const upload = await freshUpload();
      for (const query of ['', '?limit=', '?marker=', '?limit=&marker=', '?colour=red']) {
        const reply = await list(upload, query);
        const { CreationDate } = reply.json() as { CreationDate: string };
        checkJson(reply, {
          ArchiveDescription: null,
          CreationDate,
          Marker: null,
          MultipartUploadId: upload.uploadId,
          PartSizeInBytes: MIB,
          Parts: [],
          VaultARN: firn.client.arn(upload.vault),
        });
        expect(CreationDate).toMatch(DATE);
      }
    });

    it('with all fields on every page', async () => {
      const { client } = firn;
      const upload = await freshUpload('disk   image');
      await client.uploadPart(upload.vault, upload.uploadId, 0, content(MIB));
      await client.uploadPart(upload.vault, upload.uploadId, MIB, hello);
      const first = await list(upload, '?limit=1');
      const { CreationDate, Marker } = first.json() as { CreationDate: string; Marker: string };
      const common = {
        MultipartUploadId: upload.uploadId,
        PartSizeInBytes: MIB,
      };
      expect(Marker).toMatch(MARKER);
      checkJson(first, {
        ArchiveDescription: 'disk   image',
        CreationDate,
        Marker,
        ...common,
        Parts: [
          {
            RangeInBytes: '0-1048575',
            SHA256TreeHash: '631b84027d6b9e52b539c4e8373622d23032dfadc64d60af87339c9037e4f769',
          },
        ],
        VaultARN: client.arn(upload.vault),
      });
      checkJson(await list(upload, `?limit=1&marker=${encodeURIComponent(Marker)}`), {
        ArchiveDescription: 'disk   image',
        CreationDate,
        Marker: null,
        ...common,
        Parts: [{ RangeInBytes: '1048576-1048580', SHA256TreeHash: helloHash }],
        VaultARN: client.arn(upload.vault),
      });
    });

    it('sorted by range as numbers, whatever the order of upload', async () => {
      const upload = await freshUpload();
      for (const indexes of [[9999], [2, 100], [10, 0, 1]]) await putParts(upload, indexes);
      const sorted = [0, 1, 2, 10, 100, 9999];
      expect(rangesOf(await page(upload))).toEqual(rangesAt(sorted));
      const { Parts } = await page(upload);
      expect(Parts.map((part) => part.SHA256TreeHash)).toEqual(
        sorted.map((index) => sha256(Buffer.of(index % 256))),
      );
    });

    it('page by page, a null marker when exactly as many are left', async () => {
      const upload = await freshUpload();
      await putParts(upload, [0, 1, 2, 3, 4, 5]);
      const first = await page(upload, '?limit=2');
      const second = await page(upload, `?limit=2&marker=${first.Marker}`);
      const third = await page(upload, `?limit=2&marker=${second.Marker}`);
      expect([first, second, third].map((one) => one.Parts.length)).toEqual([2, 2, 2]);
      expect(rangesOf(first, second, third)).toEqual(rangesAt([0, 1, 2, 3, 4, 5]));
      expect(third.Marker).toBeNull();
      expect((await page(upload, '?limit=6')).Marker).toBeNull();
    });

    it('with 50 parts as default and as maximum', async () => {
      const upload = await freshUpload();
      const indexes = Array.from({ length: 51 }, (_, index) => index);
      await putParts(upload, indexes);
      const whole = await page(upload);
      expect(rangesOf(whole)).toEqual(rangesAt(indexes.slice(0, 50)));
      expect(whole.Marker).toMatch(MARKER);
      for (const query of ['?limit=50', '?limit=51', '?limit=1000', '?limit=', '?Limit=1']) {
        expect(await page(upload, query)).toEqual(whole);
      }
      const last = await page(upload, `?marker=${whole.Marker}`);
      expect(rangesOf(last)).toEqual(rangesAt([50]));
      expect(last.Marker).toBeNull();
    });

    it('while parts are added and replaced between two pages', async () => {
      const upload = await freshUpload();
      await putParts(upload, [0, 2, 4]);
      const first = await page(upload, '?limit=2');
      await putParts(upload, [0, 1, 2, 3]);
      const next = await page(upload, `?marker=${first.Marker}`);
      expect(rangesOf(next)).toEqual(rangesAt([3, 4]));
    });

    it('without a part that was refused', async () => {
      const { client } = firn;
      const upload = await freshUpload();
      await client.putPart(upload.vault, upload.uploadId, 0, hello, {
        headers: { 'x-amz-sha256-tree-hash': sha256('another') },
      });
      expect(rangesOf(await page(upload))).toEqual([]);
    });
  });
});

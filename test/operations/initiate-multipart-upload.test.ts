import { describe, expect, it } from 'vitest';
import { checkEmpty, checkError, checkNoVault, UPLOAD_ID } from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { EMPTY_HASH } from '../support/content.ts';
import { MIB } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

async function initiate(headers: Record<string, string | undefined>, vault?: string) {
  const name = vault ?? (await firn.client.freshVault());
  return firn.client.request('POST', `/-/vaults/${name}/multipart-uploads`, { headers });
}

function badSize(value: string): string {
  return (
    `Invalid part size: ${value}. Part size must not be null, must be a power of two and be ` +
    'between 1048576 and 4294967296 bytes.'
  );
}

describe('InitiateMultipartUpload', () => {
  describe('malformed', () => {
    it('refuses a missing part size', async () => {
      checkError(await initiate({}), 'InvalidParameterValueException', badSize('null'));
    });

    it.each([
      '0',
      '1',
      '-1048576',
      '524288',
      '1048575',
      '1048577',
      '3145728',
      '4294967295',
      '8589934592',
      '18446744073709551616',
      'abc',
      '1MiB',
      '1048576.0',
      '1e6',
      '0x100000',
    ])('refuses the part size %s', async (size) => {
      const reply = await initiate({ 'x-amz-part-size': size });
      checkError(reply, 'InvalidParameterValueException', badSize(size));
    });

    it('refuses a description of 1,025 characters', async () => {
      const description = 'd'.repeat(1025);
      const reply = await initiate({
        'x-amz-part-size': '1048576',
        'x-amz-archive-description': description,
      });
      const message = `Invalid x-amz-archive-description: ${description}`;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it('refuses a description with a tab', async () => {
      const reply = await initiate({
        'x-amz-part-size': '1048576',
        'x-amz-archive-description': 'a\tb',
      });
      const message = /^Invalid x-amz-archive-description: /;
      checkError(reply, 'InvalidParameterValueException', message);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist, whatever the headers', async () => {
      const vault = uniqueName();
      checkNoVault(await initiate({ 'x-amz-part-size': '1048576' }, vault), firn.client, vault);
      checkNoVault(await initiate({}, vault), firn.client, vault);
    });

    it('for a vault name with forbidden characters', async () => {
      const reply = await initiate({ 'x-amz-part-size': '1048576' }, 'my%20vault');
      checkError(reply, 'ResourceNotFoundException', 'Vault not found for ARN: my vault');
    });
  });

  describe('works', () => {
    it('and answers with id and Location', async () => {
      const { client, server } = firn;
      const vault = await client.freshVault();
      const reply = await initiate({ 'x-amz-part-size': '4194304' }, vault);
      checkEmpty(reply, 201);
      const uploadId = reply.header('x-amz-multipart-upload-id');
      expect(uploadId).toMatch(UPLOAD_ID);
      expect(reply.header('Location')).toBe(
        `/${server.accountId}/vaults/${vault}/multipart-uploads/${uploadId}`,
      );
    });

    it.each(Array.from({ length: 13 }, (_, n) => MIB * 2 ** n))(
      'with parts of %d bytes',
      async (partSizeBytes) => {
        const { client } = firn;
        const vault = await client.freshVault();
        const uploadId = await client.initiateUpload(vault, partSizeBytes);
        const list = await client.request('GET', `/-/vaults/${vault}/multipart-uploads`);
        expect(list.json()).toMatchObject({
          UploadsList: [{ MultipartUploadId: uploadId, PartSizeInBytes: partSizeBytes }],
        });
      },
    );

    it.each([
      ['a   b', 'a   b'],
      [' a, "odd" \\ one ', 'a, "odd" \\ one'],
      ['d'.repeat(1024), 'd'.repeat(1024)],
      ['', null],
      [undefined, null],
    ])('with the description %j', async (description, kept) => {
      const { client } = firn;
      const vault = await client.freshVault();
      const uploadId = await client.initiateUpload(vault, MIB, description);
      const parts = await client.request('GET', `/-/vaults/${vault}/multipart-uploads/${uploadId}`);
      expect(parts.json()).toMatchObject({ ArchiveDescription: kept });
    });

    it('twice: two uploads', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const ids = [
        await client.initiateUpload(vault, MIB),
        await client.initiateUpload(vault, MIB),
      ];
      expect(new Set(ids).size).toBe(2);
    });

    it('with the headers of the Go SDK, an empty tree hash among them', async () => {
      const reply = await initiate({
        'x-amz-part-size': '1048576',
        'X-Amz-Content-Sha256': EMPTY_HASH,
        'X-Amz-Sha256-Tree-Hash': '',
      });
      checkEmpty(reply, 201);
    });
  });
});

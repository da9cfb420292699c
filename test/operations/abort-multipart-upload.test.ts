import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoContent, checkNoVault } from '../support/check.ts';
import { pollUntil, uniqueName } from '../support/client.ts';
import { content } from '../support/content.ts';
import { isRemote } from '../support/server.ts';
import { MIB } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const hello = Buffer.from('hello');
const helloHash = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

async function freshUpload(): Promise<{ vault: string; uploadId: string }> {
  const vault = await firn.client.freshVault();
  return { vault, uploadId: await firn.client.initiateUpload(vault, MIB) };
}

function unknown(uploadId: string): string {
  return `The upload ID was not found: ${uploadId}`;
}

describe('AbortMultipartUpload', () => {
  describe('malformed', () => {
    it.each([
      ['abc', 'abc'],
      ['u'.repeat(92), 'u'.repeat(92)],
      ['%E2%82%AC%20%22', '€ "'],
    ])('answers 404 for the upload id %s', async (encoded, uploadId) => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.abortUpload(vault, encoded);
      checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const { uploadId } = await freshUpload();
      const vault = uniqueName();
      checkNoVault(await firn.client.abortUpload(vault, uploadId), firn.client, vault);
    });

    it('for an upload of another vault, which stays', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      const reply = await client.abortUpload(await client.freshVault(), uploadId);
      checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
      await client.uploadPart(vault, uploadId, 0, hello);
    });

    it('for a completed upload, whose archive stays', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      await client.uploadPart(vault, uploadId, 0, hello);
      const done = await client.completeUpload(vault, uploadId, 5, helloHash);
      const reply = await client.abortUpload(vault, uploadId);
      checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
      const jobId = await client.retrievedArchive(vault, done.header('x-amz-archive-id') ?? '');
      expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
    });

    it('for another account', async () => {
      const { vault, uploadId } = await freshUpload();
      const target = `/999999999999/vaults/${vault}/multipart-uploads/${uploadId}`;
      const reply = await firn.client.request('DELETE', target);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });
  });

  describe('works', () => {
    it('without any part, and again', async () => {
      const { vault, uploadId } = await freshUpload();
      checkNoContent(await firn.client.abortUpload(vault, uploadId));
      checkNoContent(await firn.client.abortUpload(vault, uploadId));
    });

    it('with parts, and the id answers 404 to everything else', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      await client.uploadPart(vault, uploadId, 0, content(MIB));
      await client.uploadPart(vault, uploadId, MIB, hello);
      checkNoContent(await client.abortUpload(vault, uploadId));
      const replies = [
        await client.putPart(vault, uploadId, 0, hello),
        await client.request('GET', `/-/vaults/${vault}/multipart-uploads/${uploadId}`),
        await client.completeUpload(vault, uploadId, 5, helloHash),
      ];
      for (const reply of replies) {
        checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
      }
      const list = await client.request('GET', `/-/vaults/${vault}/multipart-uploads`);
      checkJson(list, { Marker: null, UploadsList: [] });
    });

    it('and leaves other uploads alone', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      const other = await client.initiateUpload(vault, MIB);
      await client.uploadPart(vault, other, 0, hello);
      await client.uploadPart(vault, uploadId, 0, hello);
      checkNoContent(await client.abortUpload(vault, uploadId));
      const done = await client.completeUpload(vault, other, 5, helloHash);
      expect(done.status).toBe(201);
    });

    it('while a part is on its way, which then changes nothing', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      const [part, aborted] = await Promise.all([
        client.putPart(vault, uploadId, 0, content(MIB)),
        client.abortUpload(vault, uploadId),
      ]);
      checkNoContent(aborted);
      expect([204, 404]).toContain(part.status);
      const list = await client.request('GET', `/-/vaults/${vault}/multipart-uploads/${uploadId}`);
      checkError(list, 'ResourceNotFoundException', unknown(uploadId));
    });
  });
});

describe.skipIf(isRemote)('an upload without activity', () => {
  const forgetful = useServer({ arguments: ['--multipart-idle-seconds', '1'] });

  it('expires and answers 404 on everything', async () => {
    const { client } = forgetful;
    const vault = await client.freshVault();
    const uploadId = await client.initiateUpload(vault, MIB);
    await client.uploadPart(vault, uploadId, 0, hello);
    const target = `/-/vaults/${vault}/multipart-uploads/${uploadId}`;
    const gone = await pollUntil(
      () => client.request('GET', target),
      ({ status }) => status !== 200,
    );
    const replies = [
      gone,
      await client.putPart(vault, uploadId, 0, hello),
      await client.completeUpload(vault, uploadId, 5, helloHash),
      await client.abortUpload(vault, uploadId),
    ];
    for (const reply of replies) {
      checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
    }
    const list = await client.request('GET', `/-/vaults/${vault}/multipart-uploads`);
    checkJson(list, { Marker: null, UploadsList: [] });
  });
});

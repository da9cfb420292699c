import { describe, expect, it } from 'vitest';
import {
  ARCHIVE_ID,
  checkEmpty,
  checkError,
  checkNoContent,
  checkNoVault,
} from '../support/check.ts';
import { uniqueName } from '../support/client.ts';
import { content, contentVectors, partVectors, SEVEN_MIB_123 } from '../support/content.ts';
import type { Reply } from '../support/http.ts';
import { isRemote } from '../support/server.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const hello = Buffer.from('hello');
const helloHash = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

interface Upload {
  readonly vault: string;
  readonly uploadId: string;
}

/** A fresh upload with these parts: first byte to content. */
async function uploadWith(
  parts: Readonly<Record<number, Buffer>>,
  partSizeBytes = MIB,
): Promise<Upload> {
  const { client } = firn;
  const vault = await client.freshVault();
  const uploadId = await client.initiateUpload(vault, partSizeBytes);
  for (const [startByte, bytes] of Object.entries(parts)) {
    await client.uploadPart(vault, uploadId, Number(startByte), bytes);
  }
  return { vault, uploadId };
}

function complete(
  { vault, uploadId }: Upload,
  headers: Readonly<Record<string, string | undefined>>,
): Promise<Reply> {
  const target = `/-/vaults/${vault}/multipart-uploads/${uploadId}`;
  return firn.client.request('POST', target, { headers });
}

function headersOf(sizeBytes: number, hash: string): Record<string, string> {
  return { 'x-amz-archive-size': String(sizeBytes), 'x-amz-sha256-tree-hash': hash };
}

function missing(what: string): string {
  return `Required parameter missing: ${what}`;
}

function unknown(uploadId: string): string {
  return `The upload ID was not found: ${uploadId}`;
}

describe('CompleteMultipartUpload', () => {
  describe('malformed', () => {
    it.each(['x-amz-archive-size', 'x-amz-sha256-tree-hash'])(
      'refuses a missing %s',
      async (name) => {
        const upload = await uploadWith({ 0: hello });
        const reply = await complete(upload, { ...headersOf(5, helloHash), [name]: undefined });
        checkError(reply, 'MissingParameterValueException', missing(name));
      },
    );

    it('names the size first when both are missing', async () => {
      const reply = await complete(await uploadWith({ 0: hello }), {});
      checkError(reply, 'MissingParameterValueException', missing('x-amz-archive-size'));
    });

    it.each(['abc', '-5', '5.0', '5e0', '0x5', '99999999999999999999'])(
      'refuses the size %s',
      async (size) => {
        const upload = await uploadWith({ 0: hello });
        const reply = await complete(upload, {
          ...headersOf(5, helloHash),
          'x-amz-archive-size': size,
        });
        checkError(reply, 'InvalidParameterValueException', `Invalid x-amz-archive-size: ${size}`);
      },
    );

    it.each(['000', 'g'.repeat(64), `${helloHash}0`])('refuses the hash %s', async (hash) => {
      const reply = await complete(await uploadWith({ 0: hello }), headersOf(5, hash));
      const message = `Invalid x-amz-sha256-tree-hash: ${hash}`;
      checkError(reply, 'InvalidParameterValueException', message);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const { uploadId } = await uploadWith({ 0: hello });
      const vault = uniqueName();
      const reply = await complete({ vault, uploadId }, headersOf(5, helloHash));
      checkNoVault(reply, firn.client, vault);
    });

    it('for an upload that never existed', async () => {
      const vault = await firn.client.freshVault();
      for (const uploadId of ['abc', 'u'.repeat(92)]) {
        const reply = await complete({ vault, uploadId }, headersOf(5, helloHash));
        checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
      }
    });

    it('for an upload of another vault', async () => {
      const { uploadId } = await uploadWith({ 0: hello });
      const vault = await firn.client.freshVault();
      const reply = await complete({ vault, uploadId }, headersOf(5, helloHash));
      checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
    });

    it('for an aborted upload', async () => {
      const upload = await uploadWith({ 0: hello });
      await firn.client.abortUpload(upload.vault, upload.uploadId);
      const reply = await complete(upload, headersOf(5, helloHash));
      checkError(reply, 'ResourceNotFoundException', unknown(upload.uploadId));
    });

    it('without any part', async () => {
      const reply = await complete(await uploadWith({}), headersOf(5, helloHash));
      const message = /^(Invalid x-amz-archive-size: 5|Missing content range: bytes 0-4)$/;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it.each([
      ['the first part is missing', { [MIB]: hello }, MIB + 5, '0-1048575'],
      [
        'a part in the middle is missing',
        { 0: content(MIB), [2 * MIB]: content(MIB) },
        3 * MIB,
        '1048576-2097151',
      ],
      [
        'a part in the middle is missing and the last is short',
        { 0: content(MIB), [2 * MIB]: hello },
        2 * MIB + 5,
        '1048576-2097151',
      ],
      [
        'a part that is not the last is short',
        { 0: hello, [MIB]: content(MIB) },
        2 * MIB,
        '5-1048575',
      ],
    ])('when %s', async (_, parts, sizeBytes, range) => {
      const upload = await uploadWith(parts);
      const reply = await complete(upload, headersOf(sizeBytes, helloHash));
      const message = `Missing content range: bytes ${range}`;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it.each([4, 6, 0, MIB])('with the size %d for 5 bytes', async (sizeBytes) => {
      const upload = await uploadWith({ 0: hello });
      const reply = await complete(upload, headersOf(sizeBytes, helloHash));
      const message = `Invalid x-amz-archive-size: ${sizeBytes}`;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it('with another tree hash', async () => {
      const bytes = content(2 * MIB);
      const upload = await uploadWith({ 0: bytes.subarray(0, MIB), [MIB]: bytes.subarray(MIB) });
      const { linearHash } = contentVectors.find(({ sizeBytes }) => sizeBytes === 2 * MIB) ?? {
        linearHash: '',
      };
      const reply = await complete(upload, headersOf(2 * MIB, linearHash));
      const message = `Invalid x-amz-sha256-tree-hash: ${linearHash}`;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it('by a missing range before a wrong size, by the size before a wrong hash', async () => {
      const gap = await uploadWith({ [MIB]: hello });
      const first = await complete(gap, headersOf(7, '0'.repeat(64)));
      checkError(first, 'InvalidParameterValueException', 'Missing content range: bytes 0-1048575');
      const whole = await uploadWith({ 0: hello });
      const second = await complete(whole, headersOf(7, '0'.repeat(64)));
      checkError(second, 'InvalidParameterValueException', 'Invalid x-amz-archive-size: 7');
    });

    it('by what is missing before an unknown upload', async () => {
      const vault = await firn.client.freshVault();
      const reply = await complete({ vault, uploadId: 'u'.repeat(92) }, {});
      checkError(reply, 'MissingParameterValueException', missing('x-amz-archive-size'));
    });

    it('and the upload stays, can be mended and completed', async () => {
      const { client } = firn;
      const bytes = content(2 * MIB + 9);
      const upload = await uploadWith({
        0: bytes.subarray(0, 1000),
        [2 * MIB]: bytes.subarray(2 * MIB),
      });
      const headers = headersOf(bytes.length, treeHash(bytes));
      const refused = await complete(upload, headers);
      checkError(refused, 'InvalidParameterValueException', /^Missing content range: bytes 1000-/);
      await client.uploadPart(upload.vault, upload.uploadId, 0, bytes.subarray(0, MIB));
      await client.uploadPart(upload.vault, upload.uploadId, MIB, bytes.subarray(MIB, 2 * MIB));
      checkEmpty(await complete(upload, headers), 201);
      expect((await client.inventory(upload.vault)).ArchiveList).toHaveLength(1);
    });
  });

  describe('works', () => {
    it('and answers with id, tree hash and Location', async () => {
      const upload = await uploadWith({ 0: hello });
      const reply = await complete(upload, headersOf(5, helloHash));
      checkEmpty(reply, 201);
      const archiveId = reply.header('x-amz-archive-id');
      expect(archiveId).toMatch(ARCHIVE_ID);
      expect(reply.header('x-amz-sha256-tree-hash')).toBe(helloHash);
      expect(reply.header('Location')).toBe(
        `/${firn.server.accountId}/vaults/${upload.vault}/archives/${archiveId}`,
      );
    });

    it.each([
      ...[...partVectors.keys()].map((size) => [SEVEN_MIB_123.sizeBytes, size] as const),
      [5 * MIB, 2 * MIB] as const,
      [5 * MIB, 4 * MIB] as const,
      [8 * MIB, 4 * MIB] as const,
      [3.5 * MIB, 4 * MIB] as const,
      [MIB + 1, MIB] as const,
      [1, MIB] as const,
      [17_825_793, 8 * MIB] as const,
    ])('with %d bytes in parts of %d bytes', async (sizeBytes, partSizeBytes) => {
      const { client } = firn;
      const bytes = content(sizeBytes);
      const hash = contentVectors.find((vector) => vector.sizeBytes === sizeBytes)?.treeHash ?? '';
      const upload = await uploadWith({}, partSizeBytes);
      await client.uploadParts(upload.vault, upload.uploadId, partSizeBytes, bytes);
      const reply = await complete(upload, headersOf(sizeBytes, hash));
      checkEmpty(reply, 201);
      expect(reply.header('x-amz-sha256-tree-hash')).toBe(hash);
      const archiveId = reply.header('x-amz-archive-id') ?? '';
      const jobId = await client.retrievedArchive(upload.vault, archiveId);
      const output = await client.getJobOutput(upload.vault, jobId);
      expect(output.body.equals(bytes)).toBe(true);
      expect(output.header('x-amz-sha256-tree-hash')).toBe(hash);
    });

    it('with a tree hash in upper case', async () => {
      const upload = await uploadWith({ 0: hello });
      const reply = await complete(upload, headersOf(5, helloHash.toUpperCase()));
      checkEmpty(reply, 201);
      expect(reply.header('x-amz-sha256-tree-hash')).toBe(helloHash);
    });

    it('and the upload is gone from both lists', async () => {
      const { client } = firn;
      const upload = await uploadWith({ 0: hello });
      await complete(upload, headersOf(5, helloHash));
      const uploads = `/-/vaults/${upload.vault}/multipart-uploads`;
      const list = await client.request('GET', uploads);
      expect(list.json()).toEqual({ Marker: null, UploadsList: [] });
      const parts = await client.request('GET', `${uploads}/${upload.uploadId}`);
      checkError(parts, 'ResourceNotFoundException', unknown(upload.uploadId));
    });

    it('and the archive has the description of the upload', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadInParts(vault, content(2 * MIB), MIB, {
        description: 'disk   image',
      });
      expect((await client.inventory(vault)).ArchiveList).toMatchObject([
        { ArchiveId: archiveId, ArchiveDescription: 'disk   image', Size: 2 * MIB },
      ]);
    });

    it('again: the same archive', async () => {
      const { client } = firn;
      const upload = await uploadWith({ 0: hello });
      const replies: Reply[] = [];
      for (let i = 0; i < 3; i++) replies.push(await complete(upload, headersOf(5, helloHash)));
      for (const reply of replies) checkEmpty(reply, 201);
      const ids = replies.map((reply) => reply.header('x-amz-archive-id'));
      expect(new Set(ids).size).toBe(1);
      expect(replies[2]?.header('Location')).toBe(replies[0]?.header('Location'));
      expect(replies[2]?.header('x-amz-sha256-tree-hash')).toBe(helloHash);
      expect((await client.inventory(upload.vault)).ArchiveList).toHaveLength(1);
    });

    it('again, but not with another size or hash', async () => {
      const upload = await uploadWith({ 0: hello });
      await complete(upload, headersOf(5, helloHash));
      const size = await complete(upload, headersOf(6, helloHash));
      checkError(size, 'InvalidParameterValueException', 'Invalid x-amz-archive-size: 6');
      const hash = 'ab'.repeat(32);
      const other = await complete(upload, headersOf(5, hash));
      const message = `Invalid x-amz-sha256-tree-hash: ${hash}`;
      checkError(other, 'InvalidParameterValueException', message);
    });

    it('once, when many ask at the same time', async () => {
      const { client } = firn;
      const bytes = content(3 * MIB);
      const vault = await client.freshVault();
      const uploadId = await client.initiateUpload(vault, MIB);
      await client.uploadParts(vault, uploadId, MIB, bytes);
      const headers = headersOf(bytes.length, treeHash(bytes));
      const replies = await Promise.all(
        Array.from({ length: 10 }, () => complete({ vault, uploadId }, headers)),
      );
      for (const reply of replies) checkEmpty(reply, 201);
      expect(new Set(replies.map((reply) => reply.header('x-amz-archive-id'))).size).toBe(1);
      expect((await client.inventory(vault)).ArchiveList).toHaveLength(1);
    });

    it('or Abort does, when both are asked for at the same time', async () => {
      const { client } = firn;
      for (let round = 0; round < 10; round++) {
        const upload = await uploadWith({ 0: hello });
        const { vault, uploadId } = upload;
        const [completed, aborted] = await Promise.all([
          complete(upload, headersOf(5, helloHash)),
          client.abortUpload(vault, uploadId),
        ]);
        const stored = completed.status === 201;
        if (stored) checkError(aborted, 'ResourceNotFoundException', unknown(uploadId));
        else {
          checkNoContent(aborted);
          checkError(completed, 'ResourceNotFoundException', unknown(uploadId));
        }
        const jobs = await client.postJob(vault, { Type: 'inventory-retrieval' });
        expect(jobs.status).toBe(stored ? 202 : 404);
      }
    });
  });
});

describe.skipIf(isRemote)('CompleteMultipartUpload and a server that is killed', () => {
  const killed = useServer();

  it('gives the same archive again', async () => {
    const { client, server } = killed;
    const vault = await client.freshVault();
    const bytes = content(2 * MIB + 1);
    const uploadId = await client.initiateUpload(vault, MIB);
    await client.uploadParts(vault, uploadId, MIB, bytes);
    const hash = treeHash(bytes);
    const first = await client.completeUpload(vault, uploadId, bytes.length, hash);
    checkEmpty(first, 201);
    await server.kill();
    await server.restart();
    const again = await client.completeUpload(vault, uploadId, bytes.length, hash);
    checkEmpty(again, 201);
    const archiveId = first.header('x-amz-archive-id') ?? '';
    expect(again.header('x-amz-archive-id')).toBe(archiveId);
    const jobId = await client.retrievedArchive(vault, archiveId);
    expect((await client.getJobOutput(vault, jobId)).body.equals(bytes)).toBe(true);
  });
});

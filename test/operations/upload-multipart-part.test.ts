import { describe, expect, it } from 'vitest';
import { checkError, checkNoContent, checkNoVault } from '../support/check.ts';
import { type JsonObject, type RequestOptions, uniqueName } from '../support/client.ts';
import { content, partVectors, SEVEN_MIB_123 } from '../support/content.ts';
import { isRemote } from '../support/server.ts';
import { sha256 } from '../support/sign.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const hello = Buffer.from('hello');
const helloHash = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
const otherHash = sha256('another');

async function freshUpload(partSizeBytes = MIB): Promise<{ vault: string; uploadId: string }> {
  const vault = await firn.client.freshVault();
  return { vault, uploadId: await firn.client.initiateUpload(vault, partSizeBytes) };
}

/** Puts bytes (5 of them if nothing is said) into a fresh upload of 1 MiB parts. */
async function put(options: RequestOptions, bytes: Buffer = hello, partSizeBytes = MIB) {
  const { vault, uploadId } = await freshUpload(partSizeBytes);
  return firn.client.putPart(vault, uploadId, 0, bytes, options);
}

async function partsOf(vault: string, uploadId: string): Promise<JsonObject[]> {
  const target = `/-/vaults/${vault}/multipart-uploads/${uploadId}`;
  const reply = await firn.client.expect(200, 'GET', target);
  return (reply.json() as { Parts: JsonObject[] }).Parts;
}

function missing(what: string): string {
  return `Required parameter missing: ${what}`;
}

function unknown(uploadId: string): string {
  return `The upload ID was not found: ${uploadId}`;
}

describe('UploadMultipartPart', () => {
  describe('malformed', () => {
    it.each(['Content-Range', 'x-amz-sha256-tree-hash', 'x-amz-content-sha256'])(
      'refuses a missing %s',
      async (name) => {
        const reply = await put({ headers: { [name]: undefined } });
        checkError(reply, 'MissingParameterValueException', missing(name));
      },
    );

    it('refuses a body without Content-Length', async () => {
      const reply = await put({
        headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
      });
      checkError(reply, 'MissingParameterValueException', missing('Content-Length'));
    });

    it('names the missing header that stands first in the table', async () => {
      const reply = await put({
        headers: { 'Content-Range': undefined, 'x-amz-sha256-tree-hash': undefined },
      });
      checkError(reply, 'MissingParameterValueException', missing('Content-Range'));
    });

    it('names what is missing before what is invalid', async () => {
      const reply = await put({
        headers: { 'Content-Range': 'bytes=0-4/*', 'x-amz-sha256-tree-hash': undefined },
      });
      checkError(reply, 'MissingParameterValueException', missing('x-amz-sha256-tree-hash'));
    });

    it.each([
      'bytes=0-4/*',
      'bytes%200-4/*',
      '0-4/*',
      'bytes 0-4',
      'bytes 0-/*',
      'bytes -5/*',
      'bytes 4-0/*',
      'bytes */5',
      'bytes a-b/*',
      'bytes 0-4/x',
      'items 0-4/*',
      'bytes 0x0-4/*',
      'bytes -1-3/*',
      'bytes 0-4/*, bytes 5-9/*',
      'nonsense',
    ])('refuses the range %s', async (range) => {
      const reply = await put({ headers: { 'Content-Range': range } });
      const message = `Invalid Content-Range: ${range}`;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it.each(['000', 'g'.repeat(64), `${helloHash}0`])('refuses the tree hash %s', async (hash) => {
      const reply = await put({ headers: { 'x-amz-sha256-tree-hash': hash } });
      const message = `Invalid x-amz-sha256-tree-hash: ${hash}`;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it.each([
      ['bytes 0-5/*', hello],
      ['bytes 0-3/*', hello],
      ['bytes 0-1048575/*', hello],
      ['bytes 0-0/*', Buffer.alloc(0)],
    ])('refuses the range %s for another number of bytes', async (range, bytes) => {
      const reply = await put({ headers: { 'Content-Range': range } }, bytes);
      const message = `Content-Range: ${range} is incompatible with Content-Length: ${bytes.length}`;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it.each([
      ['not aligned', 'bytes 1-5/*', 5, MIB],
      ['not aligned to parts of 2 MiB', 'bytes 1048576-1048580/*', 5, 2 * MIB],
      ['one byte longer than a part', 'bytes 0-1048576/*', MIB + 1, MIB],
      ['two parts long', 'bytes 0-2097151/*', 2 * MIB, MIB],
    ])('refuses a range that is %s', async (_, range, sizeBytes, partSizeBytes) => {
      const options = { headers: { 'Content-Range': range } };
      const reply = await put(options, content(sizeBytes), partSizeBytes);
      const message = `Content-Range: ${range} is incompatible with part size: ${partSizeBytes}`;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it.each([10_001, 10_002, 1_000_000])('refuses part number %d', async (number) => {
      const { vault, uploadId } = await freshUpload();
      const reply = await firn.client.putPart(vault, uploadId, (number - 1) * MIB, hello);
      const message =
        `This is part number ${number} for the current multipart upload. ` +
        'It exceeds the limit of 10000 parts.';
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it('refuses a range beyond all whole numbers', async () => {
      const range = 'bytes 99999999999999999999-99999999999999999999/*';
      const reply = await put({ headers: { 'Content-Range': range } }, Buffer.from('x'));
      checkError(reply, 'InvalidParameterValueException');
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const { uploadId } = await freshUpload();
      const vault = uniqueName();
      const reply = await firn.client.putPart(vault, uploadId, 0, hello);
      checkNoVault(reply, firn.client, vault);
    });

    it('for an upload that never existed', async () => {
      const vault = await firn.client.freshVault();
      for (const uploadId of ['abc', 'u'.repeat(92)]) {
        const reply = await firn.client.putPart(vault, uploadId, 0, hello);
        checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
      }
    });

    it('for an upload of another vault', async () => {
      const { uploadId } = await freshUpload();
      const reply = await firn.client.putPart(await firn.client.freshVault(), uploadId, 0, hello);
      checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
    });

    it('for an aborted upload', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      await client.abortUpload(vault, uploadId);
      const reply = await client.putPart(vault, uploadId, 0, hello);
      checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
    });

    it('for a completed upload, whose archive stays as it is', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      await client.uploadPart(vault, uploadId, 0, hello);
      const done = await client.completeUpload(vault, uploadId, 5, helloHash);
      const reply = await client.putPart(vault, uploadId, 0, Buffer.from('other'));
      checkError(reply, 'ResourceNotFoundException', unknown(uploadId));
      const jobId = await client.retrievedArchive(vault, done.header('x-amz-archive-id') ?? '');
      expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
    });

    it('by a missing header before an unknown upload', async () => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.putPart(vault, 'u'.repeat(92), 0, hello, {
        headers: { 'Content-Range': undefined },
      });
      checkError(reply, 'MissingParameterValueException', missing('Content-Range'));
    });

    it('when the body is not what x-amz-content-sha256 says', async () => {
      const reply = await put({ headers: { 'x-amz-content-sha256': otherHash } });
      const message =
        'The value passed in as x-amz-content-sha256 does not match the computed payload hash. ' +
        `Computed digest: ${helloHash} expected hash: ${otherHash}`;
      checkError(reply, 'InvalidSignatureException', message);
    });

    it('when the body is not what the tree hash says, and an earlier part stays', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      await client.uploadPart(vault, uploadId, 0, hello);
      const bytes = content(700);
      const reply = await client.putPart(vault, uploadId, 0, bytes, {
        headers: { 'x-amz-sha256-tree-hash': otherHash },
      });
      const message = `Checksum mismatch: expected ${otherHash}, computed ${treeHash(bytes)}`;
      checkError(reply, 'InvalidParameterValueException', message);
      const kept = [{ RangeInBytes: '0-4', SHA256TreeHash: helloHash }];
      expect(await partsOf(vault, uploadId)).toEqual(kept);
    });

    it('when the connection breaks before the end, and an earlier part stays', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      await client.uploadPart(vault, uploadId, 0, hello);
      const broken = client.putPart(vault, uploadId, 0, content(MIB), {
        stopAfterBytes: MIB - 1,
        breakOff: true,
      });
      await expect(broken).rejects.toThrow();
      await client.uploadPart(vault, uploadId, MIB, hello);
      expect(await partsOf(vault, uploadId)).toEqual([
        { RangeInBytes: '0-4', SHA256TreeHash: helloHash },
        { RangeInBytes: '1048576-1048580', SHA256TreeHash: helloHash },
      ]);
    });

    it('before the body is sent, without 100 Continue', async () => {
      const { vault } = await freshUpload();
      const reply = await firn.client.putPart(vault, 'u'.repeat(92), 0, hello, {
        headers: { Expect: '100-continue' },
      });
      checkError(reply, 'ResourceNotFoundException', unknown('u'.repeat(92)));
      expect(reply.continued).toBe(false);
      expect(reply.header('Connection')).toBe('close');
    });
  });

  describe('works', () => {
    it.each([...partVectors])('with the parts of %d bytes of the example', async (size, parts) => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload(size);
      const bytes = content(SEVEN_MIB_123.sizeBytes);
      for (const { startByte, endByte, treeHash: hash } of parts) {
        const part = bytes.subarray(startByte, endByte + 1);
        const reply = await client.putPart(vault, uploadId, startByte, part);
        checkNoContent(reply);
        expect(reply.header('x-amz-sha256-tree-hash')).toBe(hash);
      }
      const listed = parts.map(({ startByte, endByte, treeHash: hash }) => ({
        RangeInBytes: `${startByte}-${endByte}`,
        SHA256TreeHash: hash,
      }));
      expect(await partsOf(vault, uploadId)).toEqual(listed);
    });

    it.each(['bytes 0-4/*', 'bytes 0-4/5', 'bytes 0-4/123456789'])(
      'with the range %s',
      async (range) => {
        checkNoContent(await put({ headers: { 'Content-Range': range } }));
      },
    );

    it.each(['application/octet-stream', 'binary/octet-stream'])(
      'with the content type %s',
      async (type) => {
        checkNoContent(await put({ headers: { 'Content-Type': type } }));
      },
    );

    it('with a tree hash in upper case, answered in lower case', async () => {
      const reply = await put({ headers: { 'x-amz-sha256-tree-hash': helloHash.toUpperCase() } });
      checkNoContent(reply);
      expect(reply.header('x-amz-sha256-tree-hash')).toBe(helloHash);
    });

    it('with Expect: 100-continue', async () => {
      const reply = await put({ headers: { Expect: '100-continue' } });
      checkNoContent(reply);
      expect(reply.continued).toBe(true);
    });

    it('with part number 10,000', async () => {
      const { vault, uploadId } = await freshUpload();
      checkNoContent(await firn.client.putPart(vault, uploadId, 9999 * MIB, hello));
      const range = `${9999 * MIB}-${9999 * MIB + 4}`;
      expect(await partsOf(vault, uploadId)).toMatchObject([{ RangeInBytes: range }]);
    });

    it('with a part of the largest size that is only begun', async () => {
      const { vault, uploadId } = await freshUpload(4096 * MIB);
      const start = 4096 * MIB * 9999;
      checkNoContent(await firn.client.putPart(vault, uploadId, start, hello));
    });

    it('again: the new part replaces the old one, also with another length', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      for (const bytes of [content(MIB), hello, hello, content(1000, 7)]) {
        checkNoContent(await client.putPart(vault, uploadId, 0, bytes));
        expect(await partsOf(vault, uploadId)).toEqual([
          { RangeInBytes: `0-${bytes.length - 1}`, SHA256TreeHash: treeHash(bytes) },
        ]);
      }
      await client.completeUpload(vault, uploadId, 1000, treeHash(content(1000, 7)));
      const { ArchiveList } = await client.inventory(vault);
      expect(ArchiveList).toMatchObject([{ Size: 1000 }]);
    });

    it('in any order and in parallel', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      const bytes = content(SEVEN_MIB_123.sizeBytes);
      const starts = [7, 2, 5, 0, 6, 1, 4, 3].map((index) => index * MIB);
      const replies = await Promise.all(
        starts.map((start) =>
          client.putPart(vault, uploadId, start, bytes.subarray(start, start + MIB)),
        ),
      );
      for (const reply of replies) checkNoContent(reply);
      const done = await client.completeUpload(
        vault,
        uploadId,
        bytes.length,
        SEVEN_MIB_123.treeHash,
      );
      expect(done.status).toBe(201);
    });

    it('in parallel at the same place: one of them wins whole', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      const bodies = Array.from({ length: 8 }, (_, i) => content(100_000 + i, i));
      const replies = await Promise.all(
        bodies.map((bytes) => client.putPart(vault, uploadId, 0, bytes)),
      );
      for (const reply of replies) checkNoContent(reply);
      const [part] = await partsOf(vault, uploadId);
      const winner = bodies.find((bytes) => part?.RangeInBytes === `0-${bytes.length - 1}`);
      expect(part?.SHA256TreeHash).toBe(treeHash(winner as Buffer));
      const size = (winner as Buffer).length;
      const hash = treeHash(winner as Buffer);
      const done = await client.completeUpload(vault, uploadId, size, hash);
      const jobId = await client.retrievedArchive(vault, done.header('x-amz-archive-id') ?? '');
      const output = await client.getJobOutput(vault, jobId);
      expect(output.body.equals(winner as Buffer)).toBe(true);
    });

    it('with a short part that is not the last', async () => {
      const { client } = firn;
      const { vault, uploadId } = await freshUpload();
      checkNoContent(await client.putPart(vault, uploadId, 0, hello));
      checkNoContent(await client.putPart(vault, uploadId, MIB, hello));
    });
  });
});

describe.skipIf(isRemote)('UploadMultipartPart with a body that stalls', () => {
  const impatient = useServer({ arguments: ['--body-idle-seconds', '1'] });

  it('is answered 408 and the connection closed', async () => {
    const { client } = impatient;
    const vault = await client.freshVault();
    const uploadId = await client.initiateUpload(vault, MIB);
    const reply = await client.putPart(vault, uploadId, 0, content(MIB), { stopAfterBytes: 1000 });
    checkError(reply, 'RequestTimeoutException', 'Request timed out.');
    expect(reply.header('Connection')).toBe('close');
    const list = await client.request('GET', `/-/vaults/${vault}/multipart-uploads/${uploadId}`);
    expect(list.json()).toMatchObject({ Parts: [] });
  });
});

describe.skipIf(isRemote)('UploadMultipartPart and a server that is killed', () => {
  const killed = useServer();

  it('has stored what it answered 204 for', async () => {
    const { client, server } = killed;
    const vault = await client.freshVault();
    const uploadId = await client.initiateUpload(vault, 2 * MIB, 'survivor');
    const bytes = content(SEVEN_MIB_123.sizeBytes);
    await client.uploadPart(vault, uploadId, 0, bytes.subarray(0, 2 * MIB));
    await client.uploadPart(vault, uploadId, 2 * MIB, bytes.subarray(2 * MIB, 4 * MIB));
    await server.kill();
    await server.restart();
    await client.uploadPart(vault, uploadId, 4 * MIB, bytes.subarray(4 * MIB, 6 * MIB));
    await client.uploadPart(vault, uploadId, 6 * MIB, bytes.subarray(6 * MIB));
    const hash = SEVEN_MIB_123.treeHash;
    const done = await client.completeUpload(vault, uploadId, bytes.length, hash);
    expect(done.status).toBe(201);
    const jobId = await client.retrievedArchive(vault, done.header('x-amz-archive-id') ?? '');
    const output = await client.getJobOutput(vault, jobId);
    expect(output.body.equals(bytes)).toBe(true);
    expect(output.header('x-amz-archive-description')).toBe('survivor');
  });
});

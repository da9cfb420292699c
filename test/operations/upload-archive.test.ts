import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ARCHIVE_ID, checkEmpty, checkError, checkNoVault } from '../support/check.ts';
import { hashHeaders, type RequestOptions, uniqueName } from '../support/client.ts';
import { content, contentVectors, SEVEN_MIB_123 } from '../support/content.ts';
import { isRemote } from '../support/server.ts';
import { sha256 } from '../support/sign.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

const GIB_4 = 4_294_967_296;
const hello = Buffer.from('hello');
const helloHash = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
const otherHash = sha256('another');

/** Posts `hello` with other headers to a fresh vault. */
async function post(options: RequestOptions = {}, body: Buffer = hello) {
  const vault = await firn.client.freshVault();
  return firn.client.postArchive(vault, body, options);
}

function missing(what: string): string {
  return `Required parameter missing: ${what}`;
}

function mismatch(computed: string, expected: string): string {
  return (
    'The value passed in as x-amz-content-sha256 does not match the computed payload hash. ' +
    `Computed digest: ${computed} expected hash: ${expected}`
  );
}

describe('UploadArchive', () => {
  describe('malformed', () => {
    it('refuses a body without Content-Length', async () => {
      const reply = await post({
        headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' },
      });
      checkError(reply, 'MissingParameterValueException', missing('Content-Length'));
    });

    it('refuses a missing tree hash', async () => {
      const reply = await post({ headers: { 'x-amz-sha256-tree-hash': undefined } });
      checkError(reply, 'MissingParameterValueException', missing('x-amz-sha256-tree-hash'));
    });

    it('refuses an empty tree hash as a missing one or as an invalid one', async () => {
      const reply = await post({ headers: { 'x-amz-sha256-tree-hash': '' } });
      expect(reply.status).toBe(400);
      expect(reply.text).toContain('x-amz-sha256-tree-hash');
    });

    it('refuses a missing x-amz-content-sha256', async () => {
      const reply = await post({ headers: { 'x-amz-content-sha256': undefined } });
      checkError(reply, 'MissingParameterValueException', missing('x-amz-content-sha256'));
    });

    it.each(['000', 'g'.repeat(64), `${helloHash}00`, helloHash.slice(1)])(
      'refuses the tree hash %s',
      async (hash) => {
        const reply = await post({ headers: { 'x-amz-sha256-tree-hash': hash } });
        const message = `Invalid x-amz-sha256-tree-hash: ${hash}`;
        checkError(reply, 'InvalidParameterValueException', message);
      },
    );

    it('refuses an empty archive', async () => {
      const reply = await post({}, Buffer.alloc(0));
      checkError(reply, 'InvalidParameterValueException', 'Invalid Content-Length: 0');
    });

    it('names what is missing before what is invalid: an empty archive without tree hash', async () => {
      const reply = await post(
        { headers: { 'x-amz-sha256-tree-hash': undefined } },
        Buffer.alloc(0),
      );
      checkError(reply, 'MissingParameterValueException', missing('x-amz-sha256-tree-hash'));
    });

    it('names what is missing before what is invalid: a bad description without hash', async () => {
      const description = 'd'.repeat(1025);
      const reply = await post({
        headers: {
          'x-amz-archive-description': description,
          'x-amz-sha256-tree-hash': undefined,
        },
      });
      checkError(reply, 'MissingParameterValueException', missing('x-amz-sha256-tree-hash'));
    });

    it('names the missing header that stands first in the table', async () => {
      const reply = await post({
        headers: { 'x-amz-content-sha256': undefined, 'x-amz-sha256-tree-hash': undefined },
      });
      checkError(reply, 'MissingParameterValueException', missing('x-amz-sha256-tree-hash'));
    });

    it.each([GIB_4 + 1, GIB_4 * 1024])('refuses %d bytes before the body comes', async (size) => {
      const reply = await post({ headers: { 'Content-Length': String(size) }, stopAfterBytes: 0 });
      checkError(reply, 'InvalidParameterValueException', `Invalid Content-Length: ${size}`);
      expect(reply.header('Connection')).toBe('close');
    });

    it('refuses a description of 1,025 characters', async () => {
      const description = 'd'.repeat(1025);
      const reply = await post({ headers: { 'x-amz-archive-description': description } });
      const message = `Invalid x-amz-archive-description: ${description}`;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    it('refuses a description with a tab', async () => {
      const reply = await post({ headers: { 'x-amz-archive-description': 'a\tb' } });
      const message = /^Invalid x-amz-archive-description: /;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    // How such bytes are signed differs between clients, so it may be the signature that is refused.
    it.each(['caf\u00c3\u00a9', 'caf\u00e9'])(
      'refuses a description with bytes outside ASCII',
      async (description) => {
        const { client } = firn;
        const vault = await client.freshVault();
        const reply = await client.postArchive(vault, hello, {
          headers: { 'x-amz-archive-description': description },
        });
        const isParameter = reply.status === 400;
        const code = isParameter ? 'InvalidParameterValueException' : 'InvalidSignatureException';
        checkError(reply, code);
        expect(await client.describeVault(vault)).toMatchObject({ NumberOfArchives: 0 });
      },
    );
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const vault = uniqueName();
      checkNoVault(await firn.client.postArchive(vault, hello), firn.client, vault);
    });

    it('for a vault that does not exist, before anything about the parameters', async () => {
      const vault = uniqueName();
      const reply = await firn.client.postArchive(vault, hello, {
        headers: { 'x-amz-sha256-tree-hash': undefined },
      });
      checkNoVault(reply, firn.client, vault);
    });

    it('for a vault name with forbidden characters', async () => {
      const reply = await firn.client.postArchive('my%20vault', hello);
      checkError(reply, 'ResourceNotFoundException', 'Vault not found for ARN: my vault');
    });

    it('when the body is not what x-amz-content-sha256 says', async () => {
      const reply = await post({ headers: { 'x-amz-content-sha256': otherHash } });
      checkError(reply, 'InvalidSignatureException', mismatch(helloHash, otherHash));
    });

    it.each(['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'])(
      'with %s instead of a hash',
      async (value) => {
        const reply = await post({ headers: { 'x-amz-content-sha256': value } });
        const message = /^The value passed in as x-amz-content-sha256 does not match the computed/;
        checkError(reply, 'InvalidSignatureException', message);
      },
    );

    it('when the body is not what the tree hash says', async () => {
      const reply = await post({ headers: { 'x-amz-sha256-tree-hash': otherHash } });
      const message = `Checksum mismatch: expected ${otherHash}, computed ${helloHash}`;
      checkError(reply, 'InvalidParameterValueException', message);
    });

    // A sentence behind Amazon's words names the mistake.
    it.each([
      ['the plain SHA-256', sha256(content(MIB + 1)), 'linear SHA-256'],
      ['the hash of nothing', sha256(''), 'SHA-256 of nothing'],
      ['an MD5', '0'.repeat(32), 'length of an MD5'],
    ])('with %s as tree hash of more than 1 MiB', async (_, given, mistake) => {
      const bytes = content(MIB + 1);
      const reply = await post({ headers: { 'x-amz-sha256-tree-hash': given } }, bytes);
      const message = `Checksum mismatch: expected ${given}, computed ${treeHash(bytes)}. The expected value `;
      checkError(reply, 'InvalidParameterValueException', new RegExp(`^${message}.*${mistake}`));
    });

    it('by the content hash first when both are wrong', async () => {
      const reply = await post({
        headers: { 'x-amz-content-sha256': otherHash, 'x-amz-sha256-tree-hash': otherHash },
      });
      checkError(reply, 'InvalidSignatureException', mismatch(helloHash, otherHash));
    });

    it('and nothing is stored', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const wrong = { 'x-amz-sha256-tree-hash': otherHash };
      const changed = { 'x-amz-content-sha256': otherHash };
      await client.postArchive(vault, content(2 * MIB), { headers: wrong });
      await client.postArchive(vault, hello, { headers: wrong });
      await client.postArchive(vault, hello, { headers: changed });
      const archiveId = await client.uploadArchive(vault, 'hello');
      const { ArchiveList } = await client.inventory(vault);
      expect(ArchiveList.map(({ ArchiveId }) => ArchiveId)).toEqual([archiveId]);
    });

    it('when the connection breaks before the end, and nothing is stored', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      for (const sizeBytes of [5, 3 * MIB]) {
        const broken = client.postArchive(vault, content(sizeBytes), {
          stopAfterBytes: sizeBytes - 1,
          breakOff: true,
        });
        await expect(broken).rejects.toThrow();
      }
      const archiveId = await client.uploadArchive(vault, 'hello');
      const { ArchiveList } = await client.inventory(vault);
      expect(ArchiveList.map(({ ArchiveId }) => ArchiveId)).toEqual([archiveId]);
    });
  });

  describe('works', () => {
    it('and answers with id, tree hash and Location', async () => {
      const { client, server } = firn;
      const vault = await client.freshVault();
      const reply = await client.postArchive(vault, hello);
      checkEmpty(reply, 201);
      const archiveId = reply.header('x-amz-archive-id');
      expect(archiveId).toMatch(ARCHIVE_ID);
      expect(reply.header('x-amz-sha256-tree-hash')).toBe(helloHash);
      expect(reply.header('Location')).toBe(
        `/${server.accountId}/vaults/${vault}/archives/${archiveId}`,
      );
    });

    it('with the account written out', async () => {
      const { client, server } = firn;
      const vault = await client.freshVault();
      const target = `/${server.accountId}/vaults/${vault}/archives`;
      const reply = await client.request('POST', target, {
        body: hello,
        headers: hashHeaders(hello),
      });
      checkEmpty(reply, 201);
    });

    it.each(contentVectors)('with $sizeBytes bytes', async (vector) => {
      const { client } = firn;
      const vault = await client.freshVault();
      const bytes = content(vector.sizeBytes);
      const reply = await client.postArchive(vault, bytes, {
        headers: {
          'x-amz-content-sha256': vector.linearHash,
          'x-amz-sha256-tree-hash': vector.treeHash,
        },
      });
      checkEmpty(reply, 201);
      expect(reply.header('x-amz-sha256-tree-hash')).toBe(vector.treeHash);
      const archiveId = reply.header('x-amz-archive-id') ?? '';
      const jobId = await client.retrievedArchive(vault, archiveId);
      const output = await client.getJobOutput(vault, jobId);
      expect(output.body.equals(bytes)).toBe(true);
    });

    it.each([
      [
        "5.5 MiB of the character '0'",
        Buffer.alloc(5.5 * MIB, '0'),
        '154e26c78fd74d0c2c9b3cc4644191619dc4f2cd539ae2a74d5fd07957a3ee6a',
      ],
      [
        "1,234,567 times 'abc', Amazon's own vector",
        Buffer.alloc(3 * 1_234_567, 'abc'),
        '5a245eddef1227623912286af0a6dd6f1a3cd67ad3d768c1490c2f8a0fafeca9',
      ],
      [
        '1 MiB of zero bytes',
        Buffer.alloc(MIB),
        '30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58',
      ],
    ])('with %s', async (_, bytes, hash) => {
      const reply = await post({ headers: { 'x-amz-sha256-tree-hash': hash } }, bytes);
      checkEmpty(reply, 201);
      expect(reply.header('x-amz-sha256-tree-hash')).toBe(hash);
    });

    it('with a tree hash in upper case, answered in lower case', async () => {
      const reply = await post({ headers: { 'x-amz-sha256-tree-hash': helloHash.toUpperCase() } });
      checkEmpty(reply, 201);
      expect(reply.header('x-amz-sha256-tree-hash')).toBe(helloHash);
    });

    it('twice with the same bytes: two archives', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const ids = [
        await client.uploadArchive(vault, 'hello'),
        await client.uploadArchive(vault, 'hello'),
      ];
      expect(new Set(ids).size).toBe(2);
      const { ArchiveList } = await client.inventory(vault);
      expect(ArchiveList.map(({ ArchiveId }) => ArchiveId).sort()).toEqual([...ids].sort());
    });

    it('many at the same time, each with its own bytes', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const bodies = Array.from({ length: 30 }, (_, i) => content(1 + i * 40_000, i));
      const ids = await Promise.all(bodies.map((body) => client.uploadArchive(vault, body)));
      expect(new Set(ids).size).toBe(bodies.length);
      for (const [i, archiveId] of ids.entries()) {
        const jobId = await client.retrievedArchive(vault, archiveId);
        const output = await client.getJobOutput(vault, jobId);
        expect(output.body.equals(bodies[i] as Buffer)).toBe(true);
      }
    });

    it.each([
      ['inner spaces, also several', 'a   b  c', 'a   b  c'],
      ['spaces around it, which are no part of it', '   a b   ', 'a b'],
      ['1,024 characters', 'd'.repeat(1024), 'd'.repeat(1024)],
      ['all printable characters', printable(), printable().trim()],
      ['percent escapes, which are kept', 'caf%C3%A9', 'caf%C3%A9'],
      ['nothing in it', '', ''],
      ['only spaces', '   ', ''],
    ])('with a description of %s', async (_, description, kept) => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello', { description });
      const { ArchiveList } = await client.inventory(vault);
      expect(ArchiveList).toMatchObject([{ ArchiveId: archiveId, ArchiveDescription: kept }]);
      const jobId = await client.retrievedArchive(vault, archiveId);
      const output = await client.getJobOutput(vault, jobId);
      expect(output.header('x-amz-archive-description')).toBe(kept === '' ? undefined : kept);
    });

    it.each(['application/octet-stream', 'binary/octet-stream', 'text/plain; charset=utf-8'])(
      'with the content type %s',
      async (type) => {
        checkEmpty(await post({ headers: { 'Content-Type': type } }), 201);
      },
    );

    it('with Expect: 100-continue', async () => {
      const reply = await post({ headers: { Expect: '100-continue' } });
      checkEmpty(reply, 201);
      expect(reply.continued).toBe(true);
    });

    it('and the creation date is the moment of completion', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const before = Math.floor(Date.now() / 1000) * 1000;
      await client.uploadArchive(vault, 'hello');
      const { ArchiveList } = await client.inventory(vault);
      const created = Date.parse(ArchiveList[0]?.CreationDate ?? '');
      if (!isRemote) {
        expect(created).toBeGreaterThanOrEqual(before);
        expect(created).toBeLessThanOrEqual(Date.now());
      }
    });
  });
});

function printable(): string {
  return String.fromCharCode(...Array.from({ length: 0x7f - 0x20 }, (_, i) => 0x20 + i));
}

describe('UploadArchive, asked before the body is sent', () => {
  const expectContinue = { Expect: '100-continue' };

  it.each([
    ['a missing tree hash', { 'x-amz-sha256-tree-hash': undefined }],
    ['a malformed tree hash', { 'x-amz-sha256-tree-hash': '000' }],
    ['a bad description', { 'x-amz-archive-description': 'd'.repeat(1025) }],
    ['4 GiB + 1', { 'Content-Length': String(GIB_4 + 1) }],
  ])('refuses %s without 100 Continue, and closes', async (_, headers) => {
    const reply = await post({ headers: { ...expectContinue, ...headers } });
    expect(reply.status).toBe(400);
    expect(reply.continued).toBe(false);
    expect(reply.header('Connection')).toBe('close');
  });

  it('refuses a missing vault without 100 Continue', async () => {
    const vault = uniqueName();
    const reply = await firn.client.postArchive(vault, hello, { headers: expectContinue });
    checkNoVault(reply, firn.client, vault);
    expect(reply.continued).toBe(false);
  });

  it('takes exactly 4 GiB', async () => {
    const reply = post({
      headers: { ...expectContinue, 'Content-Length': String(GIB_4) },
      stopAfterBytes: 5,
      breakOff: true,
    });
    // The connection is broken off only after 100 Continue came; a refusal would resolve.
    await expect(reply).rejects.toThrow();
  });
});

describe.skipIf(isRemote)('UploadArchive with a body that stalls', () => {
  const impatient = useServer({ arguments: ['--body-idle-seconds', '1'] });

  it.each([0, 1000])('is answered 408 and the connection closed after %d bytes', async (sent) => {
    const { client } = impatient;
    const vault = await client.freshVault();
    const reply = await client.postArchive(vault, content(2 * MIB), { stopAfterBytes: sent });
    checkError(reply, 'RequestTimeoutException', 'Request timed out.');
    expect(reply.header('Connection')).toBe('close');
    await client.uploadArchive(vault, 'hello');
    expect((await client.inventory(vault)).ArchiveList).toHaveLength(1);
  });

  it('is not a body that is slow but moves', async () => {
    const { client } = impatient;
    const vault = await client.freshVault();
    async function* byteByByte(): AsyncGenerator<Uint8Array> {
      for (const byte of hello) {
        await delay(400);
        yield Buffer.of(byte);
      }
    }
    const reply = await client.postArchive(vault, hello, {
      body: byteByByte(),
      headers: { 'Content-Length': '5' },
    });
    checkEmpty(reply, 201);
  });
});

describe.skipIf(isRemote)('UploadArchive and a server that is killed', () => {
  const killed = useServer();

  it('has stored what it answered 201 for', async () => {
    const { client, server } = killed;
    const vault = await client.freshVault();
    const bodies = [hello, content(300_000), content(SEVEN_MIB_123.sizeBytes)];
    const ids: string[] = [];
    for (const body of bodies) ids.push(await client.uploadArchive(vault, body));
    await server.kill();
    await server.restart();
    for (const [i, archiveId] of ids.entries()) {
      const jobId = await client.retrievedArchive(vault, archiveId);
      const output = await client.getJobOutput(vault, jobId);
      expect(output.body.equals(bodies[i] as Buffer)).toBe(true);
    }
    expect((await client.inventory(vault)).ArchiveList).toHaveLength(3);
  });
});

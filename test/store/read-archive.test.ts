/** Archives can be taken out of a store without Firn: by the script that docs/ gives away. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { content } from '../support/content.ts';
import { isRemote } from '../support/server.ts';
import { MIB, treeHash } from '../support/tree-hash.ts';
import { useServer } from '../support/use-server.ts';

const script = fileURLToPath(new URL('../../docs/read_archive.py', import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) console.log('skipped: docs/read_archive.py, since there is no python3');

const readArchive = (store: string, archiveId: string) =>
  spawnSync('python3', [script, store, archiveId], { maxBuffer: 64 * MIB });

describe.skipIf(isRemote || !hasPython)('docs/read_archive.py', () => {
  const used = useServer();

  it('has about thirty lines', () => {
    expect(readFileSync(script, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(35);
  });

  it.each([1, 256 * 1024, 256 * 1024 + 1, MIB, 3 * MIB + 5])(
    'reads an archive of %i bytes beside the running server',
    async (sizeBytes) => {
      const vault = await used.client.freshVault();
      const bytes = content(sizeBytes);
      const archiveId = await used.client.uploadArchive(vault, bytes);
      const read = readArchive(used.server.dataDirectory, archiveId);
      expect(read.stderr.toString()).toBe('');
      expect(read.stdout.equals(bytes)).toBe(true);
    },
  );

  it('reads an archive made of parts, one of them replaced', async () => {
    const { client, server } = used;
    const vault = await client.freshVault();
    const bytes = content(2 * MIB + 77);
    const uploadId = await client.initiateUpload(vault, MIB);
    await client.uploadPart(vault, uploadId, MIB, Buffer.alloc(MIB, 'replaced'));
    await client.uploadParts(vault, uploadId, MIB, bytes);
    const archiveId = await client
      .completeUpload(vault, uploadId, bytes.length, treeHash(bytes))
      .then((reply) => reply.header('x-amz-archive-id') ?? '');
    expect(readArchive(server.dataDirectory, archiveId).stdout.equals(bytes)).toBe(true);
  });

  it('says so when there is no such archive', () => {
    const read = readArchive(used.server.dataDirectory, 'A'.repeat(138));
    expect(read.status).toBe(1);
    expect(read.stderr.toString()).toContain('is not in the journal');
  });
});

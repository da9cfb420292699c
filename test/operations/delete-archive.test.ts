import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkError, checkNoContent, checkNoVault } from '../support/check.ts';
import { pollUntil, uniqueName } from '../support/client.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

function unknown(archiveId: string): string {
  return `The archive ID was not found: ${archiveId}`;
}

/** As long as an archive id, and of the same characters; never issued. */
function neverIssued(): string {
  return randomBytes(103).toString('base64url');
}

describe('DeleteArchive', () => {
  describe('malformed', () => {
    it.each([
      ['too short', 'abc', 'abc'],
      ['too long', `${neverIssued()}A`, undefined],
      ['of 137 characters', neverIssued().slice(1), undefined],
      ['with other characters', '%E2%82%AC%20and%20%22more%22', '€ and "more"'],
    ])('answers 404 for an id that is %s', async (_, encoded, decoded = encoded) => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.deleteArchive(vault, encoded);
      checkError(reply, 'ResourceNotFoundException', unknown(decoded));
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const { client } = firn;
      const archiveId = await client.uploadArchive(await client.freshVault(), 'hello');
      const vault = uniqueName();
      checkNoVault(await client.deleteArchive(vault, archiveId), client, vault);
    });

    it('for an id that was never issued', async () => {
      const vault = await firn.client.freshVault();
      const archiveId = neverIssued();
      const reply = await firn.client.deleteArchive(vault, archiveId);
      checkError(reply, 'ResourceNotFoundException', unknown(archiveId));
    });

    it('for an id in another case', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello');
      const changed = archiveId.replace(/[a-z]/, (letter) => letter.toUpperCase());
      const reply = await client.deleteArchive(vault, changed);
      checkError(reply, 'ResourceNotFoundException', unknown(changed));
    });

    it('for the id of a job or an upload', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello');
      const others = [
        await client.retrieveArchive(vault, archiveId),
        await client.initiateUpload(vault, 1_048_576),
      ];
      for (const id of others) {
        const reply = await client.deleteArchive(vault, id);
        checkError(reply, 'ResourceNotFoundException', unknown(id));
      }
    });

    it('for an archive of another vault, which stays', async () => {
      const { client } = firn;
      const home = await client.freshVault();
      const other = await client.freshVault();
      const archiveId = await client.uploadArchive(home, 'hello');
      const reply = await client.deleteArchive(other, archiveId);
      const message = `Invalid vault name: ${client.arn(other)}`;
      checkError(reply, 'InvalidParameterValueException', message);
      const jobId = await client.retrievedArchive(home, archiveId);
      expect((await client.getJobOutput(home, jobId)).text).toBe('hello');
    });

    it('for another account', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello');
      const target = `/999999999999/vaults/${vault}/archives/${archiveId}`;
      const reply = await client.request('DELETE', target);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
      expect((await client.inventory(vault)).ArchiveList).toHaveLength(1);
    });
  });

  describe('works', () => {
    it('and again', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello');
      checkNoContent(await client.deleteArchive(vault, archiveId));
      checkNoContent(await client.deleteArchive(vault, archiveId));
    });

    it('with the account written out', async () => {
      const { client, server } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello');
      const target = `/${server.accountId}/vaults/${vault}/archives/${archiveId}`;
      checkNoContent(await client.request('DELETE', target));
    });

    it('when many ask at the same time', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello');
      const asked = Array.from({ length: 10 }, () => client.deleteArchive(vault, archiveId));
      for (const reply of await Promise.all(asked)) checkNoContent(reply);
    });

    it('at once for new retrievals', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello');
      checkNoContent(await client.deleteArchive(vault, archiveId));
      const job = { Type: 'archive-retrieval', ArchiveId: archiveId };
      checkError(await client.postJob(vault, job), 'ResourceNotFoundException', unknown(archiveId));
    });

    it('and leaves equal archives alone, one after the other', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const ids = await Promise.all(
        Array.from({ length: 4 }, () => client.uploadArchive(vault, 'the same')),
      );
      for (const [i, archiveId] of ids.entries()) {
        checkNoContent(await client.deleteArchive(vault, archiveId));
        for (const left of ids.slice(i + 1)) {
          const jobId = await client.retrievedArchive(vault, left);
          expect((await client.getJobOutput(vault, jobId)).text).toBe('the same');
        }
      }
    });

    it.each([
      ['a small archive', Buffer.from('hello')],
      ['an archive of 2 MiB', Buffer.alloc(2_097_152, 'x')],
    ])('and the output of a job that succeeded for %s stays', async (_, bytes) => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, bytes);
      const jobId = await client.retrievedArchive(vault, archiveId);
      checkNoContent(await client.deleteArchive(vault, archiveId));
      const output = await client.getJobOutput(vault, jobId);
      expect(output.status).toBe(200);
      expect(output.body.equals(bytes)).toBe(true);
      const description = await client.describeJob(vault, jobId);
      expect(description).toMatchObject({ ArchiveId: archiveId, StatusCode: 'Succeeded' });
    });

    it('for an archive that was made of parts', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadInParts(vault, Buffer.alloc(2_000_000), 1_048_576);
      checkNoContent(await client.deleteArchive(vault, archiveId));
      const job = { Type: 'archive-retrieval', ArchiveId: archiveId };
      checkError(await client.postJob(vault, job), 'ResourceNotFoundException', unknown(archiveId));
    });
  });
});

describe.skipIf(isRemote)('DeleteArchive in profile live', () => {
  it('takes the archive out of the next inventory', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const gone = await client.uploadArchive(vault, 'gone');
    const kept = await client.uploadArchive(vault, 'kept');
    checkNoContent(await client.deleteArchive(vault, gone));
    const { ArchiveList } = await client.inventory(vault);
    expect(ArchiveList.map(({ ArchiveId }) => ArchiveId)).toEqual([kept]);
  });

  it('leaves an inventory without archives when the last one goes', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    checkNoContent(await client.deleteArchive(vault, archiveId));
    const { ArchiveList } = await client.inventory(vault);
    expect(ArchiveList).toEqual([]);
  });
});

describe.skipIf(isRemote)('DeleteArchive in profile aws', () => {
  const seldom = useServer({
    arguments: '--profile aws --inventory-seconds 2 --retrieval-seconds standard=0'.split(' '),
  });

  it('leaves the last inventory as it is, until the next', async () => {
    const { client } = seldom;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const first = await pollUntil(
      () => client.describeVault(vault),
      ({ NumberOfArchives }) => NumberOfArchives === 1,
    );
    checkNoContent(await client.deleteArchive(vault, archiveId));
    expect(await client.describeVault(vault)).toEqual(first);
    const { ArchiveList } = await client.inventory(vault);
    expect(ArchiveList.map(({ ArchiveId }) => ArchiveId)).toEqual([archiveId]);
    await pollUntil(
      () => client.describeVault(vault),
      ({ NumberOfArchives }) => NumberOfArchives === 0,
    );
    expect((await client.inventory(vault)).ArchiveList).toEqual([]);
  });
});

describe.skipIf(isRemote)('DeleteArchive and a server that is killed', () => {
  const killed = useServer();

  it('is remembered', async () => {
    const { client, server } = killed;
    const vault = await client.freshVault();
    const gone = await client.uploadArchive(vault, 'gone');
    const kept = await client.uploadArchive(vault, 'kept');
    checkNoContent(await client.deleteArchive(vault, gone));
    await server.kill();
    await server.restart();
    checkNoContent(await client.deleteArchive(vault, gone));
    const { ArchiveList } = await client.inventory(vault);
    expect(ArchiveList.map(({ ArchiveId }) => ArchiveId)).toEqual([kept]);
  });
});

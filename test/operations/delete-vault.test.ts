import { describe, expect, it } from 'vitest';
import {
  checkEmpty,
  checkError,
  checkJson,
  checkNoContent,
  checkNoVault,
} from '../support/check.ts';
import { pollUntil, uniqueName } from '../support/client.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

function notEmpty(arn: string): string {
  return `Vault not empty or recently written to: ${arn}`;
}

describe('DeleteVault', () => {
  describe('malformed', () => {
    it('refuses an empty name', async () => {
      const reply = await firn.client.request('DELETE', '/-/vaults/');
      checkError(reply, 'MissingParameterValueException', /^Required parameter missing: /);
    });

    it('answers a name with forbidden characters by the name alone', async () => {
      const reply = await firn.client.request('DELETE', '/-/vaults/my%20vault');
      checkError(reply, 'ResourceNotFoundException', 'Vault not found for ARN: my vault');
    });
  });

  describe('refused', () => {
    it('for a vault with an archive, which stays', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const archiveId = await client.uploadArchive(vault, 'hello');
      const reply = await client.request('DELETE', `/-/vaults/${vault}`);
      checkError(reply, 'InvalidParameterValueException', notEmpty(client.arn(vault)));
      const jobId = await client.retrievedArchive(vault, archiveId);
      expect((await client.getJobOutput(vault, jobId)).text).toBe('hello');
    });

    it('for another account', async () => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request('DELETE', `/999999999999/vaults/${vault}`);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
      await firn.client.describeVault(vault);
    });
  });

  describe('works', () => {
    it('for a vault that was never written to', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
      checkNoVault(await client.request('GET', `/-/vaults/${vault}`), client, vault);
    });

    it('again, and for a vault that never was', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
      checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
      checkNoContent(await client.request('DELETE', `/-/vaults/${uniqueName()}`));
    });

    it('with an unfinished upload, which goes too', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const uploadId = await client.initiateUpload(vault, 1_048_576);
      await client.uploadPart(vault, uploadId, 0, Buffer.from('hello'));
      checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
      checkEmpty(await client.request('PUT', `/-/vaults/${vault}`), 201);
      const list = await client.request('GET', `/-/vaults/${vault}/multipart-uploads`);
      checkJson(list, { Marker: null, UploadsList: [] });
      const parts = await client.request('GET', `/-/vaults/${vault}/multipart-uploads/${uploadId}`);
      const text = `The upload ID was not found: ${uploadId}`;
      checkError(parts, 'ResourceNotFoundException', text);
    });

    it('and the name is free again for another vault', async () => {
      const { client } = firn;
      const vault = await client.freshVault();
      const old = await client.describeVault(vault);
      checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
      const renewed = await pollUntil(
        async () => {
          await client.request('DELETE', `/-/vaults/${vault}`);
          await client.createVault(vault);
          return client.describeVault(vault);
        },
        ({ CreationDate }) => CreationDate !== old.CreationDate,
      );
      expect(Date.parse(renewed.CreationDate)).toBeGreaterThan(Date.parse(old.CreationDate));
    });
  });
});

describe.skipIf(isRemote)('DeleteVault in profile live', () => {
  it('removes a vault as soon as its last archive is deleted, with its jobs', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const jobId = await client.retrievedArchive(vault, archiveId);
    await client.deleteArchive(vault, archiveId);
    checkNoContent(await client.request('DELETE', `/-/vaults/${vault}`));
    checkNoVault(await client.request('GET', `/-/vaults/${vault}/jobs/${jobId}`), client, vault);

    await client.createVault(vault);
    checkJson(await client.request('GET', `/-/vaults/${vault}/jobs`), {
      JobList: [],
      Marker: null,
    });
    const job = await client.request('GET', `/-/vaults/${vault}/jobs/${jobId}`);
    checkError(job, 'ResourceNotFoundException', `The job ID was not found: ${jobId}`);
    expect(await client.describeVault(vault)).toMatchObject({
      LastInventoryDate: null,
      NumberOfArchives: 0,
    });
  });
});

describe.skipIf(isRemote)('DeleteVault in profile aws', () => {
  const daily = useServer({ arguments: ['--profile', 'aws'] });

  it('removes a vault that was never written to', async () => {
    const vault = await daily.client.freshVault();
    checkNoContent(await daily.client.request('DELETE', `/-/vaults/${vault}`));
  });

  it('keeps a vault that was written to since its last inventory', async () => {
    const { client } = daily;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    await client.deleteArchive(vault, archiveId);
    const reply = await client.request('DELETE', `/-/vaults/${vault}`);
    checkError(reply, 'InvalidParameterValueException', notEmpty(client.arn(vault)));
  });
});

describe.skipIf(isRemote)('DeleteVault in profile aws with an inventory every second', () => {
  const often = useServer({ arguments: ['--profile', 'aws', '--inventory-seconds', '1'] });

  it('removes an emptied vault after the next inventory', async () => {
    const { client } = often;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    await pollUntil(
      () => client.describeVault(vault),
      ({ NumberOfArchives }) => NumberOfArchives === 1,
    );
    await client.deleteArchive(vault, archiveId);
    const refused = await client.request('DELETE', `/-/vaults/${vault}`);
    checkError(refused, 'InvalidParameterValueException', notEmpty(client.arn(vault)));
    const reply = await pollUntil(
      () => client.request('DELETE', `/-/vaults/${vault}`),
      ({ status }) => status !== 400,
    );
    checkNoContent(reply);
  });
});

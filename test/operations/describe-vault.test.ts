import { describe, expect, it } from 'vitest';
import { checkError, checkJson, checkNoVault, DATE } from '../support/check.ts';
import { pollUntil, uniqueName } from '../support/client.ts';
import { isRemote } from '../support/server.ts';
import { useServer } from '../support/use-server.ts';

const firn = useServer();

describe('DescribeVault', () => {
  describe('malformed', () => {
    it.each([
      ['a space', 'my%20vault', 'my vault'],
      ['a slash', 'my%2Fvault', 'my/vault'],
      ['256 characters', 'v'.repeat(256), 'v'.repeat(256)],
    ])('answers a name with %s by the name alone', async (_, encoded, name) => {
      const reply = await firn.client.request('GET', `/-/vaults/${encoded}`);
      checkError(reply, 'ResourceNotFoundException', `Vault not found for ARN: ${name}`);
    });

    it('refuses an empty name', async () => {
      const reply = await firn.client.request('GET', '/-/vaults/');
      checkError(reply, 'MissingParameterValueException', /^Required parameter missing: /);
    });
  });

  describe('refused', () => {
    it('for a vault that does not exist', async () => {
      const vault = uniqueName();
      checkNoVault(await firn.client.request('GET', `/-/vaults/${vault}`), firn.client, vault);
    });

    it('for a name in another case', async () => {
      const { client } = firn;
      const vault = (await client.freshVault()).toUpperCase();
      checkNoVault(await client.request('GET', `/-/vaults/${vault}`), client, vault);
    });

    it('for another account, even if the vault exists here', async () => {
      const vault = await firn.client.freshVault();
      const reply = await firn.client.request('GET', `/999999999999/vaults/${vault}`);
      checkError(reply, 'AccessDeniedException', 'Access denied for account ID: 999999999999');
    });
  });

  describe('works', () => {
    it('for a new vault: compact JSON, keys in alphabetical order, nulls present', async () => {
      const { client } = firn;
      const before = Date.now();
      const vault = await client.freshVault();
      const reply = await client.request('GET', `/-/vaults/${vault}`);
      const { CreationDate } = reply.json() as { CreationDate: string };
      checkJson(reply, {
        CreationDate,
        LastInventoryDate: null,
        NumberOfArchives: 0,
        SizeInBytes: 0,
        VaultARN: client.arn(vault),
        VaultName: vault,
      });
      expect(CreationDate).toMatch(DATE);
      if (!isRemote) {
        expect(Date.parse(CreationDate)).toBeGreaterThanOrEqual(before);
        expect(Date.parse(CreationDate)).toBeLessThanOrEqual(Date.now());
      }
    });

    it('with the account written out, and a percent-encoded name', async () => {
      const { client, server } = firn;
      const vault = await client.freshVault('vault');
      const target = `/${server.accountId}/vaults/%76${vault.slice(1)}`;
      const reply = await client.request('GET', target);
      expect(reply.json()).toMatchObject({ VaultName: vault });
    });
  });
});

describe.skipIf(isRemote)('DescribeVault in profile live', () => {
  it('counts archives at once, with 32,768 bytes of overhead each', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const one = await client.request('GET', `/-/vaults/${vault}`);
    const { CreationDate, LastInventoryDate } = one.json() as Record<string, string>;
    checkJson(one, {
      CreationDate,
      LastInventoryDate,
      NumberOfArchives: 1,
      SizeInBytes: 32_773,
      VaultARN: client.arn(vault),
      VaultName: vault,
    });
    expect(LastInventoryDate).toMatch(DATE);

    await client.uploadArchive(vault, Buffer.alloc(3_145_728));
    expect(await client.describeVault(vault)).toMatchObject({
      NumberOfArchives: 2,
      SizeInBytes: 32_773 + 3_178_496,
    });
    await client.deleteArchive(vault, archiveId);
    expect(await client.describeVault(vault)).toMatchObject({
      NumberOfArchives: 1,
      SizeInBytes: 3_178_496,
    });
  });

  it('counts an archive made of parts when it is completed, not before', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    const uploadId = await client.initiateUpload(vault, 1_048_576);
    await client.uploadPart(vault, uploadId, 0, Buffer.from('hello'));
    const before = await client.describeVault(vault);
    expect(before).toMatchObject({ NumberOfArchives: 0, SizeInBytes: 0, LastInventoryDate: null });
    const hash = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    expect((await client.completeUpload(vault, uploadId, 5, hash)).status).toBe(201);
    const after = await client.describeVault(vault);
    expect(after).toMatchObject({ NumberOfArchives: 1, SizeInBytes: 32_773 });
  });

  it('keeps the inventory date while nothing is written', async () => {
    const { client } = firn;
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'hello');
    const first = await client.describeVault(vault);
    await client.inventory(vault);
    expect(await client.describeVault(vault)).toEqual(first);
  });
});

describe.skipIf(isRemote)('DescribeVault in profile aws', () => {
  const daily = useServer({ arguments: ['--profile', 'aws'] });

  it('shows nothing of an upload before the first inventory', async () => {
    const { client } = daily;
    const vault = await client.freshVault();
    await client.uploadArchive(vault, 'hello');
    expect(await client.describeVault(vault)).toEqual({
      CreationDate: expect.stringMatching(DATE),
      LastInventoryDate: null,
      NumberOfArchives: 0,
      SizeInBytes: 0,
      VaultARN: client.arn(vault),
      VaultName: vault,
    });
  });
});

describe.skipIf(isRemote)('DescribeVault in profile aws with an inventory every second', () => {
  const often = useServer({ arguments: ['--profile', 'aws', '--inventory-seconds', '1'] });

  it('shows the archives of the last inventory', async () => {
    const { client } = often;
    const vault = await client.freshVault();
    const archiveId = await client.uploadArchive(vault, 'hello');
    const first = await pollUntil(
      () => client.describeVault(vault),
      (description) => description.LastInventoryDate !== null,
    );
    expect(first).toMatchObject({
      LastInventoryDate: expect.stringMatching(DATE),
      NumberOfArchives: 1,
      SizeInBytes: 32_773,
    });
    await client.deleteArchive(vault, archiveId);
    const second = await pollUntil(
      () => client.describeVault(vault),
      (description) => description.NumberOfArchives === 0,
    );
    expect(second.SizeInBytes).toBe(0);
    const dates = [first, second].map(({ LastInventoryDate }) =>
      Date.parse(LastInventoryDate ?? ''),
    );
    expect(dates[1]).toBeGreaterThan(dates[0] as number);
  });

  it('keeps the inventory date while nothing is written, though others get a new one', async () => {
    const { client } = often;
    const still = await client.freshVault();
    const busy = await client.freshVault();
    await client.uploadArchive(still, 'hello');
    await client.uploadArchive(busy, 'hello');
    const first = await pollUntil(
      () => client.describeVault(still),
      ({ NumberOfArchives }) => NumberOfArchives === 1,
    );
    for (const count of [2, 3]) {
      await client.uploadArchive(busy, 'hello');
      await pollUntil(
        () => client.describeVault(busy),
        ({ NumberOfArchives }) => NumberOfArchives === count,
      );
    }
    expect(await client.describeVault(still)).toEqual(first);
  });
});
